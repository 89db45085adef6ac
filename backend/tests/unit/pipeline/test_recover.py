import json
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
from fakes import MemoryArchive, MemoryHealth, MemoryLedger, MemoryMetrics, MemoryPictures, Outbox, SetClock, process
from hypothesis import example, given, settings
from hypothesis import strategies as st
from samples import NOW, archived, row, snapshot
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from flightdata.backends.queue.sqlite import SqliteQueue
from flightdata.errors import Transient
from flightdata.models.events import SnapshotArchived
from flightdata.models.snapshot import RawSnapshot, SnapshotAccount, SnapshotKey
from flightdata.pipeline.fetch import Fetch
from flightdata.pipeline.recover import AGAIN_AFTER, GRACE, REACH, Recover, Recovered, in_order, look
from flightdata.pipeline.work import work
from flightdata.ports import DeadLetter, QueueDepth

MINUTE = 60.0
HOUR = 3600.0


class Letters:
    """A queue of which is known how deep it is, and what was given up."""

    def __init__(self):
        self.waiting = self.in_flight = 0
        self.bodies = []

    def depth(self):
        return QueueDepth(self.waiting, self.in_flight, len(self.bodies))

    def dead_letters(self):
        return [DeadLetter(number, body, 5, "broken", NOW) for number, body in enumerate(self.bodies)]


class Watched(MemoryArchive):
    """Remembers which times it was asked for."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def keys(self, start=0.0, end=float("inf")):
        self.asked.append((start, end))
        return super().keys(start, end)


class Bench:
    def __init__(self):
        self.clock = SetClock(NOW)
        self.archive, self.ledger, self.bus, self.queue = Watched(), MemoryLedger(), Outbox(), Letters()
        self.metrics = MemoryMetrics()
        self.recover = self.again()

    def again(self):
        """The stage in another process."""
        return Recover(self.archive, self.ledger, self.bus, self.queue, self.clock, self.metrics)

    def put(self, age, source="a"):
        """Archived so many seconds ago."""
        return self.archive.put(snapshot(row(), time=NOW - age, source=source))

    def enter(self, *keys):
        self.ledger.record([SnapshotAccount(key) for key in keys])

    @property
    def published(self):
        return [event.key for event in self.bus.events]


@pytest.fixture
def bench():
    return Bench()


def test_what_has_no_account_is_published_again_the_oldest_first_and_the_rest_is_not(bench):
    younger, done, older = bench.put(20 * MINUTE), bench.put(30 * MINUTE), bench.put(HOUR, source="b")
    bench.enter(done)
    assert bench.recover.round() == Recovered(published=2)
    assert bench.published == [older, younger]
    assert bench.metrics.counted["SnapshotsRecovered"] == 2


def test_the_event_has_what_the_key_tells_and_an_id_of_its_own_which_its_line_in_the_log_has_too(bench):
    keys = [bench.put(HOUR), bench.put(2 * HOUR)]
    with capture_logs(processors=[merge_contextvars]) as lines:
        bench.recover.round()
    first, second = bench.bus.events
    about = SnapshotKey.parse(first.key)
    assert (first.source, first.received_at, first.sha256, first.size) == ("a", NOW - 2 * HOUR, about.digest, 0)
    assert first.correlation_id != second.correlation_id
    said = [(one["key"], one["correlation_id"]) for one in lines if one["event"] == "published again"]
    assert said == [(one.key, one.correlation_id) for one in (first, second)]
    assert {first.key, second.key} == set(keys)


def test_what_may_be_on_its_way_is_left_alone_until_its_time_is_up(bench):
    bench.put(GRACE - 1)
    assert bench.recover.round() == Recovered()
    bench.clock.now += 1.001
    assert bench.recover.round() == Recovered(published=1)


def test_where_nobody_fetches_any_more_nothing_is_on_its_way(bench):
    key = bench.put(1)
    assert bench.recover.round(NOW - 1) == Recovered()
    assert bench.recover.round(NOW) == Recovered(published=1)
    assert bench.published == [key]


@pytest.mark.parametrize("where", ["waiting", "in_flight"])
def test_what_the_queue_may_still_have_waits_until_the_queue_is_empty(bench, where):
    bench.put(HOUR)
    setattr(bench.queue, where, 1)
    assert bench.recover.round() == Recovered(waiting=1)
    bench.clock.now += 10 * HOUR
    assert bench.recover.round() == Recovered(waiting=1)
    setattr(bench.queue, where, 0)
    assert bench.recover.round() == Recovered(published=1)


def test_what_much_later_ones_have_overtaken_is_in_no_queue_however_deep_it_is(bench):
    lost, perhaps, later = bench.put(HOUR), bench.put(HOUR - GRACE + 1), bench.put(HOUR - GRACE, source="b")
    bench.queue.waiting = 1000
    bench.enter(later)
    assert bench.recover.round() == Recovered(published=1, waiting=1)
    assert bench.published == [lost]
    assert perhaps not in bench.published


def test_what_was_given_up_is_never_sent_again_by_itself_also_when_its_letter_is_gone(bench):
    key = bench.put(HOUR)
    event = archived(bench.archive.get(key)).model_dump()
    bench.queue.bodies = ["garbage", "{}", json.dumps({"detail": event})]
    assert bench.recover.round() == Recovered(given_up=1)
    bench.queue.bodies = []
    bench.clock.now += HOUR
    assert bench.again().round() == Recovered()
    assert bench.published == []


def test_what_was_published_again_has_time_until_it_is_published_once_more(bench):
    key = bench.put(HOUR)
    bench.recover.round()
    bench.clock.now += AGAIN_AFTER - 1
    assert bench.recover.round() == Recovered(waiting=1)
    bench.clock.now += 1
    assert bench.recover.round() == Recovered(published=1)
    bench.enter(key)
    bench.clock.now += HOUR
    assert bench.recover.round() == Recovered()
    assert bench.published == [key, key]


def test_what_is_settled_is_not_looked_at_again_and_what_is_not_is(bench):
    waits, done = bench.put(HOUR), bench.put(2 * HOUR)
    bench.enter(done)
    bench.queue.waiting = 1
    bench.recover.round()
    assert bench.archive.asked[-1] == (NOW - REACH, NOW)
    bench.again().round()
    assert bench.archive.asked[-1] == (NOW - HOUR, NOW)
    bench.enter(waits)
    bench.again().round()
    bench.clock.now += 30 * 24 * HOUR
    bench.again().round()
    assert bench.archive.asked[-1] == (NOW - GRACE, bench.clock.now)


def test_what_was_lost_just_before_a_long_pause_is_found_after_it(bench):
    bench.recover.round()
    key = bench.put(1)
    bench.clock.now += 30 * 24 * HOUR
    assert bench.again().round() == Recovered(published=1)
    assert bench.published == [key]


def test_a_clock_that_was_set_back_loses_nothing(bench):
    bench.clock.now += 24 * HOUR
    bench.recover.round()
    bench.clock.now = NOW
    assert bench.recover.round() == Recovered()
    key = bench.put(-1)
    bench.clock.now += GRACE + 2
    assert bench.recover.round() == Recovered(published=1)
    assert bench.published == [key]


def test_a_bus_that_refuses_ends_the_round_and_nothing_is_settled_by_it(bench):
    class Refusing(Outbox):
        def publish(self, event):
            if len(self.events) == 1:
                raise Transient("refused")
            super().publish(event)

    older, younger = bench.put(2 * HOUR), bench.put(HOUR)
    bench.bus = Refusing()
    with pytest.raises(Transient):
        bench.again().round()
    assert bench.ledger.settled() is None
    bench.bus = Outbox()
    assert bench.again().round() == Recovered(published=2)
    assert bench.published == [older, younger]


def test_what_is_no_key_is_passed_over():
    key = snapshot().key
    ledger = MemoryLedger()
    assert list(look(["source=a/notes", key, "source=test/date=1/hour=2/x"], ledger).lacking) == [key]


def test_sources_are_looked_up_each_by_itself_and_some_at_a_time():
    class Counting(MemoryLedger):
        def __init__(self):
            super().__init__()
            self.looked = []

        def entered(self, first, last):
            self.looked.append((first, last))
            return super().entered(first, last)

    ledger = Counting()
    keys = sorted(RawSnapshot(source, NOW + step, b"").key for source in ("a", "b") for step in range(1_001))
    ledger.record([SnapshotAccount(key) for key in keys[3:]])
    looked = look(keys, ledger)
    assert list(looked.lacking) == keys[:3]
    assert looked.newest == NOW + 1_000
    assert ledger.looked == [(keys[0], keys[999]), (keys[1000],) * 2, (keys[1001], keys[2000]), (keys[2001],) * 2]


# Whatever happens in whatever order.


class Flaky:
    """A queue that refuses what is published while `away`."""

    def __init__(self, queue):
        self.queue, self.away = queue, False

    def publish(self, event):
        if self.away:
            raise Transient("refused")
        self.queue.publish(event)


class World:
    """Fetchers, a queue, workers and reconciliation, each of which may fail or be killed at any step."""

    def __init__(self, folder):
        self.clock = SetClock(NOW)
        self.archive, self.ledger, self.live = MemoryArchive(), MemoryLedger(), MemoryPictures()
        self.queue = SqliteQueue(folder / "queue.sqlite", self.clock, visibility=MINUTE, max_attempts=5)
        self.bus = Flaky(self.queue)
        self.process = process(self.archive, self.live, self.ledger, self.clock)
        self.poison = set()
        self.number = 0
        self.restart()

    def restart(self):
        """Killed: what was only in memory is gone."""
        self.fetch = Fetch(self.archive, self.bus, MemoryHealth(), self.clock)
        self.recover = Recover(self.archive, self.ledger, self.bus, self.queue, self.clock)

    def fetched(self, *, away=False, poison=False):
        self.number += 1
        one = snapshot(row(seen=self.clock.now), time=self.clock.now, source=f"s{self.number % 3}")
        self.bus.away = away
        with suppress(Transient):
            self.fetch.tick(Given(one))
        self.bus.away = False
        if poison:
            self.poison.add(one.key)

    def work(self):
        lost = {key: self.archive.snapshots.pop(key) for key in self.poison if key in self.archive.snapshots}
        try:
            work(self.queue, self.process)
        finally:
            self.archive.snapshots |= lost

    def hang(self):
        """A worker takes messages and is killed."""
        self.queue.receive(3)

    def reconcile(self, *, away=False):
        self.bus.away = away
        with suppress(Transient):
            self.recover.round()
        self.bus.away = False

    def wait(self, seconds):
        self.clock.now += seconds

    def dead(self):
        return [SnapshotArchived.model_validate_json(letter.body).key for letter in self.queue.dead_letters()]


class Given:
    def __init__(self, answer):
        self.name, self.answer = answer.source, answer

    def next_due(self):
        return 0.0

    def fetch(self):
        return self.answer


steps = st.one_of(
    st.just(("fetched", {})),
    st.just(("fetched", {"away": True})),
    st.just(("fetched", {"poison": True})),
    st.just(("fetched", {"away": True, "poison": True})),
    st.just(("restart", {})),
    st.just(("work", {})),
    st.just(("hang", {})),
    st.just(("reconcile", {})),
    st.just(("reconcile", {"away": True})),
    st.builds(lambda seconds: ("wait", {"seconds": seconds}), st.sampled_from([1.0, MINUTE, GRACE, HOUR, 5 * HOUR])),
)


LOST_BEHIND_A_BACKLOG = [
    ("fetched", {"away": True}),
    ("restart", {}),
    ("fetched", {}),
    ("wait", {"seconds": HOUR}),
    ("reconcile", {}),
]


@given(st.lists(steps, max_size=40))
@example(LOST_BEHIND_A_BACKLOG)
@settings(max_examples=60, deadline=None)
def test_after_anything_every_archived_snapshot_has_an_account_or_is_one_dead_letter(happened):
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name))
        with closing(world.queue):
            for step, how in happened:
                getattr(world, step)(**how)
                world.wait(0.5)  # two answers of the same moment would be one
            for _ in range(4):  # quiet hours; a message may have been taken five times by who was killed
                world.wait(HOUR)
                for _ in range(20):
                    world.wait(MINUTE + 1)
                    world.work()
                world.reconcile()
            dead = world.dead()
            assert set(world.archive.keys()) == world.ledger.accounts.keys() | set(dead)
            assert not world.ledger.accounts.keys() & world.poison
            for _ in range(3):
                world.wait(HOUR)
                world.reconcile()
                world.work()
            assert world.dead() == dead, "what was given up is not sent again"


def test_the_order_is_that_of_time_whatever_the_source():
    keys = [RawSnapshot(source, NOW + step, b"").key for step, source in enumerate("cab")]
    assert in_order(sorted(keys)) == keys
