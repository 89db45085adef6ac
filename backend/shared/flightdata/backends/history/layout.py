"""Where an hour lies: `recent/date=…/hour=…/<snapshot>.parquet`, `states/date=…/hour=…/states.parquet`, and beside that
`last/date=…/hour=…/last.parquet`: of each aircraft and source the last state of the hour, for pictures soon after it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from flightdata.models.snapshot import SnapshotKey
from flightdata.models.units import EpochSeconds, Seconds

HOUR: Seconds = 3600
END_OF_TIME: EpochSeconds = 253_402_300_799
"""The last second that has a date of four digits in front."""

_DATE, _HOUR = "date=%Y-%m-%d", "hour=%H"


class Layout:
    """The paths of a lake in `folder`. Hours are named by the moment they begin."""

    def __init__(self, folder: Path) -> None:
        self._recent = folder / "recent"
        self._states = folder / "states"
        self._last = folder / "last"

    def recent_folder(self, hour: EpochSeconds) -> Path:
        return self._recent / _partition(hour)

    def recent(self, hour: EpochSeconds, key: str) -> Path:
        """The file of the snapshot `key`; its source is part of the name, for two may answer alike in one moment."""
        about = SnapshotKey.parse(key)
        return self.recent_folder(hour) / f"{key.rsplit('/', 1)[1]}-{about.source}.parquet"

    def recents(self, hour: EpochSeconds) -> list[Path]:
        """The files there are, oldest first."""
        return sorted(self.recent_folder(hour).glob("*.parquet"))

    def states(self, hour: EpochSeconds) -> Path:
        return self._states / _partition(hour) / "states.parquet"

    def last(self, hour: EpochSeconds) -> Path:
        return self._last / _partition(hour) / "last.parquet"

    def recent_hours(self) -> list[EpochSeconds]:
        return sorted(_hours(self._recent, 0, END_OF_TIME))

    def hours(self, start: EpochSeconds, end: EpochSeconds) -> list[EpochSeconds]:
        """All that may hold something of start ≤ time ≤ end."""
        return sorted({*_hours(self._recent, start, end), *_hours(self._states, start, end)})

    def folders(self, hour: EpochSeconds) -> tuple[Path, ...]:
        return self.recent_folder(hour), self.states(hour).parent, self.last(hour).parent


def hour_of(time: EpochSeconds) -> EpochSeconds:
    return time // HOUR * HOUR


def _partition(hour: EpochSeconds) -> str:
    moment = datetime.fromtimestamp(hour, UTC)
    return f"{moment:{_DATE}}/{moment:{_HOUR}}"


def _hours(folder: Path, start: EpochSeconds, end: EpochSeconds) -> Iterator[EpochSeconds]:
    """Looks into the days in question only: a lake may hold years."""
    first, last = (f"{datetime.fromtimestamp(max(0, min(t, END_OF_TIME)), UTC):{_DATE}}" for t in (start, end))
    for day in folder.glob("date=????-??-??"):
        for path in day.glob("hour=??") if first <= day.name <= last else ():
            try:
                moment = datetime.strptime(f"{day.name}/{path.name}", f"{_DATE}/{_HOUR}").replace(tzinfo=UTC)
            except ValueError:  # somebody else's folder
                continue
            if hour_of(start) <= moment.timestamp() <= end:
                yield moment.timestamp()
