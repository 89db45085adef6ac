"""What happened, in the past tense. Events carry references, never payloads (claim check)."""

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from flightdata.errors import Poison
from flightdata.models.snapshot import RawSnapshot, SnapshotKey
from flightdata.models.units import EpochSeconds


class Event(BaseModel):
    """A frozen fact. `correlation_id` follows one snapshot through all stages and logs."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    correlation_id: str


class SnapshotArchived(Event):
    """The bytes of one answer are durable under `key`. `sha256`, or its beginning, and `size` are those of the bytes as
    the source sent them; a size of 0 tells nothing.

    Of one that is told anew from its key alone, `sha256` is the first 16 digits, and `size` 0.
    `traceparent` (W3C) names the span of its fetching, where that was traced; older events have none.
    """

    key: str
    sha256: str
    size: int
    source: str
    received_at: EpochSeconds
    traceparent: str | None = None

    @classmethod
    def of_key(cls, key: str, correlation_id: str, traceparent: str | None = None) -> "SnapshotArchived":
        """What the key tells. Raises ValueError if it is none."""
        about = SnapshotKey.parse(key)
        return cls(
            correlation_id=correlation_id,
            key=key,
            sha256=about.digest,
            size=0,
            source=about.source,
            received_at=about.received_at,
            traceparent=traceparent,
        )

    def tells_of(self, snapshot: RawSnapshot) -> bool:
        """Whether these are the bytes."""
        return snapshot.sha256.startswith(self.sha256) and self.size in (0, len(snapshot.body))


class StatesStored(Event):
    """The live picture has a new version, made of the snapshots `keys`."""

    version: int
    time: EpochSeconds
    aircraft: int
    keys: tuple[str, ...]


def event_of(message: str) -> SnapshotArchived:
    """The event that a queue's message is, with or without EventBridge's envelope. Raises Poison where it is none."""
    try:
        return SnapshotArchived.model_validate_json(unwrapped(message))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Poison(f"not an event: {where}{': ' if where else ''}{first['msg']}") from error


def unwrapped(message: str) -> str:
    """What is inside EventBridge's envelope, as JSON text, or the message itself."""
    try:
        envelope = orjson.loads(message)
    except orjson.JSONDecodeError:
        return message
    return orjson.dumps(envelope["detail"]).decode() if isinstance(envelope, dict) and "detail" in envelope else message
