"""The runner with fakes. Nobody sleeps here: whoever waits for something waits for its event."""

import math
from threading import Event, Lock

import pytest
from fakes import MemoryArchive, MemoryHealth, MemoryHistory, MemoryLedger, MemoryPictures, SetClock, process
from samples import NOW, row, snapshot

from flightdata.errors import NotDue, Transient
from flightdata.pipeline.fetch import Fetch
from flightdata.pipeline.keep import Keep, Retention
from flightdata.pipeline.recover import Recover
from flightdata.ports import Delivery, QueueDepth
from flightdata.runner import Runner

SAFE = 30.0
"""Seconds after which something that should have happened is given up."""


class Line:
    """A queue in memory that claims to be `deep`. `receive` does not wait for long, so that a stop is heard."""

    def __init__(self):
        self.lock, self.arrived, self.emptied = Lock(), Event(), Event()
        self.waiting, self.done, self.given_back = [], [], []
        self.deep = 0
        self.asked_how_deep = Event()

    def publish(self, event):
        with self.lock:
            self.waiting.append(event)
        self.arrived.set()

    def receive(self, most, wait=0.0):
        self.arrived.wait(min(wait, 0.05))
        with self.lock:
            taken, self.waiting = self.waiting[:most], self.waiting[most:]
            self.arrived.clear()
        return [Delivery(one.key, one, 1) for one in taken]

    def acknowledge(self, deliveries):
        self.done += [one.event.key for one in deliveries]
        self.emptied.set()

    def give_back(self, delivery, reason, *, delay=0.0, poison=False):
        self.given_back.append((delivery.event.key, reason))

    def depth(self):
        self.asked_how_deep.set()
        return QueueDepth(waiting=self.deep, in_flight=0, dead=0)


class Scripted:
    """A source that gives these answers at once, one after the other, and is then over; an error is raised.

    `over` is set when it was asked once more.
    """

    def __init__(self, name, *answers):
        self.name = name
        self.answers = list(answers)
        self.asked = 0
        self.over = Event()

    def next_due(self):
        if not self.answers:
            self.over.set()
            return math.inf
        return 0.0

    def fetch(self):
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Failing:
    """A source that fails whenever it is asked. `failed` is set at the first time."""

    name = "failing"

    def __init__(self, error):
        self.error = error
        self.failed = Event()

    def next_due(self):
        return 0.0

    def fetch(self):
        self.failed.set()
        raise self.error


class Bench:
    def __init__(self):
        self.clock = SetClock(NOW)
        self.archive, self.live, self.ledger = MemoryArchive(), MemoryPictures(), MemoryLedger()
        self.history, self.health, self.line = MemoryHistory(), MemoryHealth(), Line()
        self.process = process(self.archive, self.live, self.ledger, self.clock)
        self.keep = Keep(self.history, self.archive, self.clock, Retention())
        self.runner = None

    def start(self, *sources, depth=None):
        fetch = Fetch(self.archive, self.line, self.health, self.clock)
        recover = Recover(self.archive, self.ledger, self.line, self.line, self.clock)
        self.runner = Runner(
            sources, fetch, self.process, recover, self.keep, self.line, depth or self.line, self.clock
        )
        self.runner.start()
        return self.runner


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    if bench.runner:
        assert bench.runner.stop(SAFE)


def answers(source, count=3):
    return [snapshot(row("aaaaaa", seen=NOW + number), time=NOW + number, source=source) for number in range(count)]


def processed(bench, count):
    """Wait until that many snapshots are acknowledged."""
    while len(bench.line.done) < count:
        bench.line.emptied.clear()
        if len(bench.line.done) < count:
            assert bench.line.emptied.wait(SAFE), f"{len(bench.line.done)} of {count} were processed"
    return bench.line.done


def test_what_the_sources_answer_is_processed(bench):
    one, other = answers("one"), answers("other")
    bench.start(Scripted("one", *one), Scripted("other", *other))
    assert sorted(processed(bench, 6)) == sorted(snapshot.key for snapshot in one + other)
    assert bench.live.latest().time == NOW + 2


def test_it_runs_without_any_source_for_what_is_in_the_queue(bench):
    Fetch(bench.archive, bench.line, bench.health, bench.clock).tick(Scripted("one", *answers("one", 1)))
    bench.start()
    processed(bench, 1)


def test_what_was_archived_before_and_not_published_is_processed_however_short_ago_that_was(bench):
    lost = snapshot(row("aaaaaa"), time=NOW - 1)
    bench.archive.put(lost)
    bench.start()
    assert processed(bench, 1) == [lost.key]


@pytest.mark.parametrize("error", [Transient("timed out"), ValueError("our mistake"), OSError("no space left")])
def test_a_failing_source_does_not_stop_the_others(bench, error):
    failing = Failing(error)
    bench.start(failing, Scripted("good", *answers("good")))
    assert failing.failed.wait(SAFE)
    assert len(processed(bench, 3)) == 3


def test_a_source_that_failed_is_asked_again(bench):
    source = Scripted("flaky", ValueError("once"), *answers("flaky", 1))
    bench.start(source)
    processed(bench, 1)
    assert source.asked == 2


def test_a_source_that_hangs_does_not_hold_up_the_others(bench):
    class Hanging(Failing):
        released = Event()

        def fetch(self):
            self.failed.set()
            assert self.released.wait(SAFE)
            raise Transient("timed out")

    hanging = Hanging(None)
    bench.start(hanging, Scripted("good", *answers("good")))
    assert hanging.failed.wait(SAFE)
    assert len(processed(bench, 3)) == 3
    assert {one.name for one in bench.health.sources()} == {"good"}
    hanging.released.set()


@pytest.mark.parametrize(("error", "questions"), [(Transient("timed out"), 2), (NotDue("another process has it"), 1)])
def test_a_source_that_says_when_to_ask_again_is_not_made_to_pause_besides(bench, error, questions):
    """Six failures in a row would be a minute of pauses. It is due again after so many questions when that will be."""

    class Prompt(Scripted):
        left = 0

        def next_due(self):
            self.left -= 1
            return super().next_due() if self.left < 0 else bench.clock.now + 1

        def fetch(self):
            self.left = questions
            return super().fetch()

    source = Prompt("prompt", *[error] * 12, *answers("prompt", 1))
    bench.start(source)
    assert source.over.wait(SAFE / 3), "it was made to wait"


def test_a_source_that_is_over_is_not_asked_again(bench):
    source = Scripted("short", *answers("short", 1))
    bench.start(source)
    assert source.over.wait(SAFE)
    assert bench.runner.stop(SAFE)
    assert source.asked == 1


def test_a_source_is_not_asked_before_it_is_due(bench):
    class Later(Scripted):
        looked = Event()

        def next_due(self):
            self.looked.set()
            return NOW + 3600

    source = Later("later", *answers("later", 1))
    bench.start(source)
    assert source.looked.wait(SAFE)
    assert bench.runner.stop(SAFE)
    assert source.asked == 0


def test_a_failure_of_the_processing_is_tried_again(bench):
    failed = Event()

    class Flaky(MemoryArchive):
        def get(self, key):
            if not failed.is_set():
                failed.set()
                raise Transient("away")
            return super().get(key)

    bench.archive = Flaky()
    bench.process = process(bench.archive, bench.live, bench.ledger, bench.clock)
    first, second = answers("one", 2)
    bench.start(Scripted("one", first), Scripted("two", second))
    assert len(processed(bench, 1)) == 1
    assert [reason for _, reason in bench.line.given_back] == ["away"]


def test_a_failure_of_the_queue_is_survived(bench):
    class Broken(Line):
        failures = 1

        def receive(self, most, wait=0.0):
            if self.failures:
                self.failures -= 1
                raise OSError("disk")
            return super().receive(most, wait)

    bench.line = Broken()
    bench.start(Scripted("one", *answers("one", 1)))
    processed(bench, 1)


def test_a_failure_to_see_how_deep_the_queue_is_is_survived(bench):
    class Blind(Line):
        failures = 1

        def depth(self):
            if self.failures:
                self.failures -= 1
                raise OSError("disk")
            return super().depth()

    source = Scripted("one", *answers("one", 1))
    bench.start(source, depth=Blind())
    assert source.over.wait(SAFE / 6), "the source's thread ended when the queue could not be looked at once"


def test_a_failure_to_say_when_it_is_due_is_survived(bench):
    class Confused(Scripted):
        failures = 1

        def next_due(self):
            if self.failures:
                self.failures -= 1
                raise OSError("disk")
            return super().next_due()

    source = Confused("one", *answers("one", 1))
    bench.start(source)
    assert source.over.wait(SAFE / 6), "the source's thread ended when it could not say once when it is due"


def test_while_the_queue_is_full_sources_wait(bench):
    bench.line.deep = 20
    source = Scripted("fast", *answers("fast"))
    bench.start(source)
    assert bench.line.asked_how_deep.wait(SAFE)
    assert source.asked == 0
    bench.line.deep = 19
    processed(bench, 3)


def test_stopping_finishes_what_is_in_hand(bench):
    fetching, go_on = Event(), Event()

    class Slow(Scripted):
        def fetch(self):
            fetching.set()
            assert go_on.wait(SAFE)
            return super().fetch()

    bench.start(Slow("slow", *answers("slow")))
    assert fetching.wait(SAFE)
    assert bench.runner.stop(0.02) is False
    go_on.set()
    assert bench.runner.stop(SAFE) is True
    assert list(bench.archive.keys()) == [answers("slow", 1)[0].key]


def test_stopping_leaves_in_the_queue_what_is_queued(bench):
    processing, go_on = Event(), Event()

    class Slow(MemoryArchive):
        def get(self, key):
            processing.set()
            assert go_on.wait(SAFE)
            return super().get(key)

    bench.archive = Slow()
    bench.process = process(bench.archive, bench.live, bench.ledger, bench.clock)
    first, *others = answers("one", 4)
    bench.start(Scripted("one", first))
    assert processing.wait(SAFE)
    assert bench.runner.stop(0.02) is False
    rest = Fetch(bench.archive, bench.line, bench.health, bench.clock)
    for other in others:
        rest.tick(Scripted("one", other))
    go_on.set()
    assert bench.runner.stop(SAFE) is True
    assert bench.line.done == [first.key]
    assert len(bench.line.waiting) == 3


def test_stopping_does_not_wait_out_a_pause_after_failures(bench):
    failing = Failing(ValueError("always"))
    bench.start(failing)
    assert failing.failed.wait(SAFE)
    assert bench.runner.stop(SAFE)
    assert [one.kind for one in bench.health.sources()] == ["mistake"]


@pytest.mark.parametrize("failures", [1, 6, 7, 1_023, 1_024, 1_025, 100_000])
def test_however_often_it_failed_the_pause_before_the_next_try_is_no_accident(bench, failures):
    """At a minute each, 1,025 failures in a row are 17 hours without a network."""
    bench.start()
    assert bench.runner.stop(SAFE)
    bench.runner._pause(failures)
