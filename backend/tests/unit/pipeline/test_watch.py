import pytest
from fakes import MemoryBudgets, MemoryHealth, MemoryLedger, MemoryPictures, SetClock
from samples import NOW

from flightdata.backends.metrics.prometheus import PrometheusMetrics
from flightdata.models.credits import AccountClass, Budget, Plan
from flightdata.models.figures import FIGURE
from flightdata.models.picture import Picture
from flightdata.models.snapshot import SnapshotAccount
from flightdata.pipeline.watch import Watch
from flightdata.ports import QueueDepth


class Deep:
    def depth(self):
        return QueueDepth(waiting=3, in_flight=2, dead=1)


class Broken:
    def __getattr__(self, name):
        raise OSError("the disk is gone")


def watch(**stores):
    usual = {
        "live": MemoryPictures(),
        "ledger": MemoryLedger(),
        "queue": Deep(),
        "health": MemoryHealth(),
        "budgets": MemoryBudgets(),
    }
    return Watch(PrometheusMetrics(), **usual | stores, clock=SetClock(NOW))


def readings(**stores):
    return {(one.name, *one.of): one.value for one in watch(**stores).readings()}


def test_rows_are_those_of_the_ledger_by_what_became_of_them():
    ledger = MemoryLedger()
    ledger.record([SnapshotAccount("a", 10, 5, 3, {"no_icao24": 2}), SnapshotAccount("b", unreadable="html")])
    found = readings(ledger=ledger)
    assert [found["Rows", result] for result in ("stored", "superseded", "rejected")] == [5, 3, 2]
    assert found["FlightsRejected", "no_icao24"] == 2
    assert (found["SnapshotsProcessed",], found["SnapshotsUnreadable",]) == (2, 1)


def test_a_source_that_fails_is_down_and_keeps_the_time_of_its_last_success():
    health = MemoryHealth()
    health.succeeded("roof", NOW - 60, data_time=NOW - 61)
    health.succeeded("opensky", NOW)
    health.failed("roof", "no answer", NOW)
    health.failed("new", "no answer", NOW)
    found = readings(health=health)
    assert [found["SourceUp", name] for name in ("roof", "opensky", "new")] == [0, 1, 0]
    assert (found["SourceSuccess", "roof"], found["SourceData", "roof"]) == (NOW - 60, NOW - 61)
    assert ("SourceSuccess", "new") not in found


def test_there_is_no_age_before_there_is_a_picture():
    assert ("PictureAge",) not in readings()
    assert readings(live=MemoryPictures(Picture(version=1, time=NOW - 5)))["PictureAge",] == 5


def test_the_queue_and_the_credits_are_as_they_are_now():
    budgets = MemoryBudgets()
    plan = Plan("the globe", 4, 30.0)
    budgets.update("anonymous", lambda _: Budget("anonymous", AccountClass.ANONYMOUS, plan, 123, NOW))
    found = readings(budgets=budgets)
    assert found["CreditsRemaining", "anonymous"] == 123
    assert [found["QueueMessages", state] for state in ("waiting", "in_flight", "dead")] == [3, 2, 1]


@pytest.mark.parametrize("store", ["live", "ledger", "queue", "health", "budgets"])
def test_a_store_that_cannot_be_read_does_not_silence_the_others(store):
    every = {name for name, *_ in readings()}
    left = {name for name, *_ in readings(**{store: Broken()})}
    assert left <= every
    assert left
    assert watch(**{store: Broken()}).text()


def test_every_reading_is_a_durable_figure_with_as_many_labels():
    ledger, health = MemoryLedger(), MemoryHealth()
    ledger.record([SnapshotAccount("a", 1, rejected={"no_icao24": 1})])
    health.succeeded("roof", NOW, data_time=NOW)
    for one in watch(ledger=ledger, health=health).readings():
        assert FIGURE[one.name].durable
        assert len(FIGURE[one.name].by) == len(one.of)
