"""What happened, in the past tense. Events carry references, never payloads (claim check)."""

from pydantic import BaseModel, ConfigDict

from flightdata.models.units import EpochSeconds


class Event(BaseModel):
    """A frozen fact. `correlation_id` follows one snapshot through all stages and logs."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    correlation_id: str


class SnapshotArchived(Event):
    """The bytes of one answer are durable under `key`. `size` in bytes, uncompressed.

    `traceparent` (W3C) names the span of its fetching, where that was traced; older events have none.
    """

    key: str
    sha256: str
    size: int
    source: str
    received_at: EpochSeconds
    traceparent: str | None = None


class StatesStored(Event):
    """The live picture has a new version, made of the snapshots `keys`."""

    version: int
    time: EpochSeconds
    aircraft: int
    keys: tuple[str, ...]
