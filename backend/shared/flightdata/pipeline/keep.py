"""ANALYSE, the housekeeping: the history is compacted, and what is too old is forgotten."""

from dataclasses import dataclass

from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import Clock, HistoryKeeper, RawArchive
from flightdata.utils.logs import logger
from flightdata.utils.tracing import span

log = logger(__name__)

_DAY: Seconds = 86_400


@dataclass(frozen=True)
class Retention:
    """After how many days something is forgotten; 0: never."""

    raw_days: int = 0
    history_days: int = 0


@dataclass(frozen=True)
class Kept:
    """What a round did: hours that were compacted, hours of history and raw snapshots that were forgotten."""

    compacted: int = 0
    forgotten_hours: int = 0
    forgotten_snapshots: int = 0


class Keep:
    """Runs beside the process stage, or after it; killed at any moment, the next round does what is left."""

    def __init__(self, history: HistoryKeeper, archive: RawArchive, clock: Clock, retention: Retention) -> None:
        self._history = history
        self._archive = archive
        self._clock = clock
        self._retention = retention

    def round(self) -> Kept:
        """All that is due now."""
        now = self._clock()
        compacted = self.compact(now)
        raw, history = self._retention.raw_days, self._retention.history_days
        hours = self._history.expire(now - history * _DAY) if history else 0
        snapshots = self._archive.expire(now - raw * _DAY) if raw else 0
        if hours or snapshots:
            log.info("forgotten", hours=hours, snapshots=snapshots)
        return Kept(compacted, hours, snapshots)

    def compact(self, now: EpochSeconds) -> int:
        """The hours that are due at `now`: with 0 the crowded ones only, with infinity all."""
        due = self._history.due(now)
        for hour in due:
            with span("keep.compact", hour=hour):
                self._history.compact(hour)
            log.debug("hour compacted", hour=hour)
        return len(due)
