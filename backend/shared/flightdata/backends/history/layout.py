"""Where an hour lies: `recent/date=…/hour=…/<snapshot>-<source>-<digest>.parquet`,
`states/date=…/hour=…/states.parquet`, and beside that `last/date=…/hour=…/last.parquet`: of each aircraft and source
the last state of the hour, for pictures soon after it.

Hours are named by the moment they begin.
"""

from datetime import UTC, datetime
from hashlib import sha256

from flightdata.models.snapshot import SnapshotKey
from flightdata.models.units import EpochSeconds, Seconds

HOUR: Seconds = 3600
END_OF_TIME: EpochSeconds = 253_402_300_799
"""The last second that has a date of four digits in front."""

RECENT, STATES, LAST = "recent", "states", "last"
_DATE, _HOUR = "date=%Y-%m-%d", "hour=%H"


def hour_of(time: EpochSeconds) -> EpochSeconds:
    return time // HOUR * HOUR


def day(time: EpochSeconds) -> str:
    """`date=…`"""
    return f"{datetime.fromtimestamp(max(0, min(time, END_OF_TIME)), UTC):{_DATE}}"


def partition(hour: EpochSeconds) -> str:
    """`date=…/hour=…`"""
    return f"{datetime.fromtimestamp(hour, UTC):{_DATE}/{_HOUR}}"


def hour_in(partition: str) -> EpochSeconds | None:
    """Of `date=…/hour=…`; None for what somebody else put there."""
    try:
        return datetime.strptime(partition, f"{_DATE}/{_HOUR}").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def recent(hour: EpochSeconds, key: str, content: bytes) -> str:
    """The file of the snapshot `key`; its source is part of the name, for two may answer alike in one moment, and so is
    what it holds: what a snapshot writes when it comes again never takes the place of what it wrote before.
    """
    about, digest = SnapshotKey.parse(key), sha256(content).hexdigest()[:12]
    return f"{RECENT}/{partition(hour)}/{key.rsplit('/', 1)[1]}-{about.source}-{digest}.parquet"


def states(hour: EpochSeconds) -> str:
    return f"{STATES}/{partition(hour)}/states.parquet"


def last(hour: EpochSeconds) -> str:
    return f"{LAST}/{partition(hour)}/last.parquet"
