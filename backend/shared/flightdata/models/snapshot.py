"""One answer of a source, as it came, and the account of what became of its rows."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from flightdata.models.units import EpochSeconds

_KEY = re.compile(
    r"source=(?P<source>[a-z0-9._-]{1,80})/date=\d{4}-\d\d-\d\d/hour=\d\d/"
    r"(?P<time>\d{8}T\d{6}\.\d{3})Z-(?P<digest>[0-9a-f]{16})"
)
_NAME = re.compile(r"[^a-z0-9._]+")
_TIME = "%Y%m%dT%H%M%S.%f"
_LAST: EpochSeconds = 253_402_300_799.0
"""The year 9999 ends."""


def source_name(text: str) -> str:
    """`text` as the name of a source: lower case, digits, `.`, `_` and `-` only, so that it fits in any key."""
    return _NAME.sub("-", text.lower())[:80].strip("-.") or "source"


def key_from(source: str, moment: EpochSeconds) -> str:
    """What the keys of `source` begin with that were received at `moment`, to the millisecond. Of a source the order of
    texts is that of time.
    """
    time = datetime.fromtimestamp(round(min(moment, _LAST), 3), UTC)
    return f"source={source}/date={time:%Y-%m-%d}/hour={time:%H}/{time.strftime(_TIME)[:-3]}Z"


@dataclass(frozen=True)
class RawSnapshot:
    """The bytes a source answered with.

    `source` is its name (see `source_name`), `received_at` the moment of the answer: for a recording that plays
    its own times, the moment it was recorded. `time` is the answer's own time, where the source has looked; it is
    in the bytes already and therefore not kept.
    """

    source: str
    received_at: EpochSeconds
    body: bytes = field(repr=False)
    time: EpochSeconds | None = field(default=None, compare=False)

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @cached_property
    def key(self) -> str:
        """Where the archive keeps it: the same bytes of the same moment have the same key, whoever delivers them."""
        return f"{key_from(self.source, self.received_at)}-{self.sha256[:16]}"


@dataclass(frozen=True)
class SnapshotKey:
    """What a key says about its snapshot."""

    source: str
    received_at: EpochSeconds
    digest: str

    @staticmethod
    def is_one(key: str) -> bool:
        return _KEY.fullmatch(key) is not None

    @classmethod
    def parse(cls, key: str) -> "SnapshotKey":
        """Raises ValueError if `key` is none."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise ValueError(f"no snapshot key: {key!r}")
        moment = datetime.strptime(match["time"], _TIME).replace(tzinfo=UTC)
        return cls(match["source"], round(moment.timestamp(), 3), match["digest"])


@dataclass(frozen=True)
class SnapshotAccount:
    """The conservation law of one snapshot: rows = stored + superseded + rejected.

    `stored`: rows that are now what their source says of their aircraft. `superseded`: rows for which the picture
    already held this very state or a fresher one of the source, or which are too old for the live picture. `rejected`:
    rows that are no state, by reason. `unreadable`: why the whole body was no snapshot (it then counts no rows).
    """

    key: str
    rows: int = 0
    stored: int = 0
    superseded: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    unreadable: str | None = None
    correlation_id: str = ""
    processed_at: EpochSeconds = 0.0

    @property
    def balanced(self) -> bool:
        """Whether the law holds."""
        return self.rows == self.stored + self.superseded + sum(self.rejected.values())
