import pytest
from fakes import MemoryLedger, SetClock
from samples import NOW

from flightdata.models.reports import PerformanceReport
from flightdata.models.snapshot import SnapshotAccount
from flightdata.pipeline.analyze import Analyze
from flightdata.ports import QueueDepth


class Deep:
    """Dead letters of which only the depth is asked."""

    def depth(self):
        return QueueDepth(waiting=3, in_flight=2, dead=1)


@pytest.fixture
def analyze():
    ledger = MemoryLedger()
    ledger.record(
        [
            SnapshotAccount("old", 100, 100, processed_at=NOW - 3600.001),
            SnapshotAccount("first", 9, 4, 2, {"icao24": 3}, processed_at=NOW - 3600),
            SnapshotAccount("last", 5, 1, 3, {"icao24": 1}, processed_at=NOW),
            SnapshotAccount("html", unreadable="HTML", processed_at=NOW),
        ]
    )
    return Analyze(ledger, Deep(), SetClock(NOW))


def test_it_sums_what_was_processed_in_the_last_hour_and_says_how_deep_the_queue_is(analyze):
    assert analyze.performance() == PerformanceReport(
        since=NOW - 3600,
        until=NOW,
        snapshots=3,
        unreadable=1,
        rows=14,
        stored=5,
        superseded=5,
        rejected={"icao24": 4},
        waiting=3,
        in_flight=2,
        dead=1,
    )


def test_the_window_may_be_another_one(analyze):
    assert analyze.performance(window=7200).snapshots == 4
    assert analyze.performance(window=1).snapshots == 2
