import pytest
from fakes import MemoryArchive, MemoryLedger, MemoryPictures, SetClock, process
from samples import NOW, archived, row, snapshot

from flightdata.errors import Transient
from flightdata.models.snapshot import RawSnapshot
from flightdata.pipeline.work import MOST, work
from flightdata.ports import Delivery

GOOD = snapshot(row("aaaaaa"))
LATER = snapshot(row("aaaaaa", seen=NOW + 1), time=NOW + 1)
HTML = RawSnapshot("test", NOW, b"<html>")
LOST = snapshot(row("cccccc"), time=NOW - 1)
FLAKY = snapshot(row("dddddd"), time=NOW - 2)


class Handing:
    """A queue that hands out these once and remembers what became of them, by their receipts."""

    def __init__(self, *snapshots, attempt=1):
        self.deliveries = [
            Delivery(str(number), archived(one, f"id-{number}"), attempt) for number, one in enumerate(snapshots)
        ]
        self.asked = []
        self.acknowledged = []
        self.given_back = {}

    def receive(self, most, wait=0.0):
        self.asked.append((most, wait))
        return self.deliveries

    def acknowledge(self, deliveries):
        self.acknowledged += [one.receipt for one in deliveries]

    def give_back(self, delivery, reason, *, delay=0.0, poison=False):
        self.given_back[delivery.receipt] = (reason, delay, poison)


class Archive(MemoryArchive):
    """Has all but LOST; FLAKY's disk is broken."""

    def get(self, key):
        if key == FLAKY.key:
            raise OSError("disk")
        return super().get(key)


class Contested(MemoryPictures):
    """Somebody else is always quicker."""

    def publish(self, picture):
        return False


class Full(MemoryLedger):
    def record(self, accounts):
        raise OSError("no space left")


def processing(live=None, ledger=None):
    archive = Archive()
    for one in (GOOD, LATER, HTML):
        archive.put(one)
    return process(archive, live or MemoryPictures(), ledger or MemoryLedger(), SetClock(NOW))


def test_without_messages_there_is_nothing_to_do():
    queue = Handing()
    assert work(queue, processing(), wait=3.0) is None
    assert queue.asked == [(MOST, 3.0)]
    assert (queue.acknowledged, queue.given_back) == ([], {})


def test_what_was_processed_is_acknowledged():
    queue = Handing(GOOD, LATER)
    result = work(queue, processing())
    assert [account.stored for account in result.accounts.values()] == [1, 1]
    assert (queue.acknowledged, queue.given_back) == (["0", "1"], {})


def test_nothing_is_acknowledged_before_its_effects_are_durable():
    queue = Handing(GOOD)

    class Strict(MemoryLedger):
        def record(self, accounts):
            assert queue.acknowledged == []
            super().record(accounts)

    ledger = Strict()
    work(queue, processing(ledger=ledger))
    assert ledger.totals().snapshots == 1
    assert queue.acknowledged == ["0"]


def test_an_unreadable_body_is_acknowledged_it_has_its_account():
    queue = Handing(HTML)
    work(queue, processing())
    assert (queue.acknowledged, queue.given_back) == (["0"], {})


def test_poison_goes_straight_to_the_dead_letters_and_its_neighbours_go_through():
    queue = Handing(GOOD, LOST, LATER)
    work(queue, processing())
    assert queue.acknowledged == ["0", "2"]
    ((reason, _, poison),) = queue.given_back.values()
    assert poison
    assert LOST.key in reason


def test_an_accident_is_tried_again_with_the_kind_of_error_in_the_reason():
    queue = Handing(FLAKY, GOOD)
    work(queue, processing())
    assert queue.acknowledged == ["1"]
    assert queue.given_back == {"0": ("OSError: disk", 1.0, False)}


@pytest.mark.parametrize(("attempt", "delay"), [(1, 1.0), (2, 2.0), (3, 4.0), (5, 16.0), (7, 60.0), (2000, 60.0)])
def test_each_failure_waits_twice_as_long_up_to_a_minute(attempt, delay):
    queue = Handing(FLAKY, attempt=attempt)
    work(queue, processing())
    assert queue.given_back["0"][1] == delay


def test_one_who_is_not_patient_has_it_tried_again_at_once():
    queue = Handing(FLAKY, LOST, attempt=3)
    work(queue, processing(), patient=False)
    assert [(delay, poison) for _, delay, poison in queue.given_back.values()] == [(0.0, False), (0.0, True)]
    queue = Handing(GOOD, attempt=3)
    work(queue, processing(live=Contested()), patient=False)
    assert [delay for _, delay, _ in queue.given_back.values()] == [0.0]


def test_when_somebody_else_published_all_of_the_batch_is_given_back_and_nothing_acknowledged():
    queue = Handing(GOOD, LATER)
    result = work(queue, processing(live=Contested()))
    assert (result.accounts, result.stored) == ({}, None)
    assert queue.acknowledged == []
    assert set(queue.given_back) == {"0", "1"}
    assert {(delay, poison) for _, delay, poison in queue.given_back.values()} == {(1.0, False)}
    assert all("somebody else" in reason for reason, _, _ in queue.given_back.values())


def test_a_transient_failure_of_the_store_does_not_bury_the_poison_beside_it():
    queue = Handing(GOOD, LOST)
    work(queue, processing(live=Contested()))
    assert not any(poison for _, _, poison in queue.given_back.values())


def test_a_transient_error_of_the_store_gives_all_of_it_back():
    class Away(MemoryPictures):
        def latest(self):
            raise Transient("throttled", retry_after=3)

    queue = Handing(GOOD)
    work(queue, processing(live=Away()))
    assert queue.given_back == {"0": ("throttled", 1.0, False)}


def test_where_the_ledger_fails_nothing_is_acknowledged_so_that_all_comes_back_by_itself():
    queue = Handing(GOOD)
    with pytest.raises(OSError, match="no space left"):
        work(queue, processing(ledger=Full()))
    assert (queue.acknowledged, queue.given_back) == ([], {})


def test_a_snapshot_that_breaks_the_batch_costs_no_other():
    class Breaking(MemoryPictures):
        def publish(self, picture):
            if picture.states["last_contact"].max() > NOW:
                raise ZeroDivisionError("impossible state")
            return super().publish(picture)

    queue = Handing(LATER, GOOD)
    result = work(queue, processing(live=Breaking()))
    assert (queue.acknowledged, [account.key for account in result.accounts.values()]) == (["1"], [GOOD.key])
    assert queue.given_back == {"0": ("ZeroDivisionError: impossible state", 1.0, False)}
    assert result.stored.version == 1
