"""ANALYSE: what the pipeline itself did, from its ledger."""

from flightdata.models.reports import PerformanceReport
from flightdata.models.units import Seconds
from flightdata.ports import Clock, DeadLetters, Ledger
from flightdata.utils.tracing import span


class Analyze:
    """The fourth stage."""

    def __init__(self, ledger: Ledger, queue: DeadLetters, clock: Clock) -> None:
        self._ledger = ledger
        self._queue = queue
        self._clock = clock

    def performance(self, window: Seconds = 3600.0) -> PerformanceReport:
        """The last `window` seconds of processing."""
        now = self._clock()
        with span("analyze.performance", window=window):
            totals, depth = self._ledger.totals(since=now - window), self._queue.depth()
        return PerformanceReport(
            since=now - window,
            until=now,
            snapshots=totals.snapshots,
            unreadable=totals.unreadable,
            rows=totals.rows,
            stored=totals.stored,
            superseded=totals.superseded,
            rejected=totals.rejected,
            waiting=depth.waiting,
            in_flight=depth.in_flight,
            dead=depth.dead,
        )
