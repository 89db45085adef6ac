import math
from contextlib import suppress

import pytest
from fakes import MemoryArchive, MemoryHealth, Outbox, SetClock
from samples import NOW, row, snapshot
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from flightdata.errors import NotDue, NothingNewer, Poison, Transient
from flightdata.models.events import SnapshotArchived
from flightdata.models.snapshot import RawSnapshot
from flightdata.pipeline.fetch import Fetch
from flightdata.ports import BadAnswer, SourceHealth


class Scripted:
    """A source that gives these answers, one after the other; an error is raised. It is always due at `due`."""

    name = "scripted"
    due = NOW + 60

    def __init__(self, *answers):
        self.answers = list(answers)

    def next_due(self):
        return self.due

    def fetch(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Full(MemoryArchive):
    def put(self, snapshot):
        raise OSError("no space left")


class Deaf(Outbox):
    def publish(self, event):
        raise Transient("no answer")


class Bench:
    def __init__(self, *, archive=None, outbox=None):
        self.archive = archive or MemoryArchive()
        self.outbox = outbox or Outbox()
        self.health = MemoryHealth()
        self.clock = SetClock(NOW + 7)
        self.fetch = Fetch(self.archive, self.outbox, self.health, self.clock)


SNAPSHOT = snapshot(row(), source="somebody")


@pytest.fixture
def bench():
    return Bench()


def test_the_answer_is_archived_and_the_event_refers_to_it(bench):
    event = bench.fetch.tick(Scripted(SNAPSHOT))
    assert bench.archive.get(event.key) == SNAPSHOT
    assert event == SnapshotArchived(
        correlation_id=event.correlation_id,
        key=SNAPSHOT.key,
        sha256=SNAPSHOT.sha256,
        size=len(SNAPSHOT.body),
        source="somebody",
        received_at=NOW,
    )
    assert bench.outbox.events == [event]


def test_the_event_carries_no_payload(bench):
    big = snapshot(*[row(f"{number:06x}") for number in range(1000)])
    assert len(bench.fetch.tick(Scripted(big)).model_dump_json()) < 500


def test_the_bytes_are_archived_before_anything_is_published():
    order = []

    class Archive(MemoryArchive):
        def put(self, snapshot):
            order.append("archived")
            return super().put(snapshot)

    class Publisher(Outbox):
        def publish(self, event):
            order.append("published")

    Bench(archive=Archive(), outbox=Publisher()).fetch.tick(Scripted(SNAPSHOT))
    assert order == ["archived", "published"]


def test_every_tick_has_a_correlation_id_of_its_own(bench):
    source = Scripted(SNAPSHOT, SNAPSHOT)
    assert bench.fetch.tick(source).correlation_id != bench.fetch.tick(source).correlation_id


def test_the_log_carries_the_correlation_id_of_the_event(bench):
    with capture_logs(processors=[merge_contextvars]) as lines:
        event = bench.fetch.tick(Scripted(SNAPSHOT))
    assert {line["correlation_id"] for line in lines} == {event.correlation_id}
    assert [(line["event"], line["key"]) for line in lines] == [("snapshot archived", event.key)]


def test_a_success_is_noted_for_the_source_with_the_time(bench):
    bench.fetch.tick(Scripted(SNAPSHOT))
    assert bench.health.sources() == [SourceHealth("scripted", last_success=NOW + 7, next_attempt=NOW + 60)]


def test_where_the_source_has_nothing_its_failure_is_noted_with_the_reason(bench):
    source = Scripted(Transient("timed out", kind="timeout"), Transient("refused", kind="refused"))
    assert bench.fetch.tick(source) is None
    assert bench.fetch.tick(source) is None
    (health,) = bench.health.sources()
    assert (health.error, health.kind, health.failures_in_a_row) == ("refused", "refused", 2)
    assert (health.failing_since, health.next_attempt) == (NOW + 7, NOW + 60)
    assert list(bench.archive.keys()) == []
    assert bench.outbox.events == []


def test_a_success_after_failures_ends_them(bench):
    source = Scripted(Transient("timed out"), SNAPSHOT)
    bench.fetch.tick(source)
    bench.fetch.tick(source)
    assert bench.health.sources() == [SourceHealth("scripted", last_success=NOW + 7, next_attempt=NOW + 60)]


def test_a_body_that_is_no_snapshot_is_archived_as_evidence(bench):
    html = RawSnapshot("somebody", NOW, b"<html>Service unavailable</html>")
    event = bench.fetch.tick(Scripted(html))
    assert bench.archive.get(event.key) == html


def test_what_came_instead_of_an_answer_is_archived_and_is_a_failure_all_the_same(bench):
    html = RawSnapshot("scripted", NOW, b"<html>Service unavailable</html>")
    assert bench.fetch.tick(Scripted(BadAnswer("HTML", html))) is None
    assert bench.archive.get(html.key) == html
    assert [event.key for event in bench.outbox.events] == [html.key]
    (health,) = bench.health.sources()
    assert (health.error, health.kind, health.last_success) == ("HTML", "unreadable", None)


def test_a_source_that_is_never_due_again_has_no_next_attempt(bench):
    source = Scripted(SNAPSHOT)
    source.due = math.inf
    bench.fetch.tick(source)
    assert bench.health.sources()[0].next_attempt is None


def test_nothing_newer_is_a_success_without_an_event(bench):
    with pytest.raises(NothingNewer):
        bench.fetch.tick(Scripted(NothingNewer("again")))
    assert bench.health.sources() == [SourceHealth("scripted", last_success=NOW + 7, next_attempt=NOW + 60)]
    assert bench.outbox.events == []


def test_what_is_not_due_is_neither_a_success_nor_a_failure(bench):
    with pytest.raises(NotDue):
        bench.fetch.tick(Scripted(NotDue("later")))
    assert bench.health.sources() == []


AGAIN = NothingNewer("again")


def timed(time):
    return RawSnapshot("scripted", NOW, b"{}", time)


@pytest.mark.parametrize("repeats", [[AGAIN] * 3, [timed(NOW)] * 3, [timed(NOW - 60), AGAIN, timed(NOW - 1)]])
def test_a_source_whose_answers_get_no_newer_is_stale_and_recovers_by_itself(bench, repeats):
    source = Scripted(timed(NOW), *repeats, timed(NOW + 200))
    bench.fetch.tick(source)
    found = []
    for step in (30, 30, 1):
        bench.clock.now += step
        with suppress(NothingNewer):
            bench.fetch.tick(source)
        found.append(bench.health.sources()[0])
    assert [one.kind for one in found] == [None, None, "stale"]
    assert "2023-11-14 22:13:20Z" in found[-1].error
    bench.fetch.tick(source)
    assert (bench.health.sources()[0].error, bench.health.sources()[0].data_time) == (None, NOW + 200)


def test_a_clock_that_is_an_hour_behind_is_not_stale_as_long_as_it_moves(bench):
    source = Scripted(*[timed(NOW - 3600 + step) for step in range(0, 300, 70)])
    while source.answers:
        bench.fetch.tick(source)
        bench.clock.now += 70
    assert bench.health.sources()[0].error is None


def test_whose_answers_have_no_time_is_never_stale(bench):
    source = Scripted(SNAPSHOT, SNAPSHOT)
    bench.fetch.tick(source)
    bench.clock.now += 3600
    bench.fetch.tick(source)
    assert bench.health.sources()[0].error is None


@pytest.mark.parametrize("mistake", [ValueError("ours"), Poison("odd")])
def test_an_error_that_is_not_the_source_s_silence_is_not_hidden(bench, mistake):
    with pytest.raises(type(mistake)):
        bench.fetch.tick(Scripted(mistake))
    assert bench.health.sources()[0].kind == "mistake"


def test_what_could_not_be_archived_is_not_published():
    bench = Bench(archive=Full())
    with pytest.raises(OSError, match="no space left"):
        bench.fetch.tick(Scripted(SNAPSHOT))
    assert bench.outbox.events == []


def test_what_could_not_be_published_is_in_the_archive_all_the_same_and_counts_as_no_success():
    bench = Bench(outbox=Deaf())
    with pytest.raises(Transient):
        bench.fetch.tick(Scripted(SNAPSHOT))
    assert list(bench.archive.keys()) == [SNAPSHOT.key]
    assert bench.health.sources() == []


def test_what_the_queue_refused_is_published_with_a_later_tick():
    class Moody(Outbox):
        deaf = True

        def publish(self, event):
            if self.deaf:
                raise Transient("no answer")
            super().publish(event)

    outbox = Moody()
    bench = Bench(outbox=outbox)
    with pytest.raises(Transient, match="no answer"):
        bench.fetch.tick(Scripted(SNAPSHOT))
    outbox.deaf = False
    with suppress(NotDue):
        bench.fetch.tick(Scripted(NotDue("nothing")))
    bench.fetch.tick(Scripted(later := snapshot(row(), source="somebody", time=NOW + 10)))
    assert [event.key for event in outbox.events] == [SNAPSHOT.key, later.key]


# Everything that is due.


class Due(Scripted):
    """Due at these moments, one for each answer, and never again."""

    def __init__(self, dues, *answers):
        super().__init__(*answers)
        self.dues = list(dues)

    def next_due(self):
        return self.dues[0] if self.dues else math.inf

    def fetch(self):
        self.dues.pop(0)
        return super().fetch()


def several(count):
    return [snapshot(row(), time=NOW + number, source="somebody") for number in range(count)]


def test_all_answers_of_a_tick_are_fetched_and_none_of_the_next(bench):
    events = bench.fetch.all_due(Due([0, 0, NOW + 7, NOW + 8], *several(4)))
    assert [event.key for event in events] == [one.key for one in several(3)]


def test_after_a_failure_the_rest_of_the_tick_is_left_for_the_next(bench):
    first, second = several(2)
    events = bench.fetch.all_due(Due([0, 0, 0], first, Transient("timed out"), second))
    assert [event and event.key for event in events] == [first.key, None]


def test_where_another_process_has_the_tick_nothing_is_fetched_and_nothing_failed(bench):
    assert bench.fetch.all_due(Due([0, 0], NotDue("another"), *several(1))) == []
    assert bench.health.sources() == []


def test_a_source_that_is_always_due_ends_too(bench):
    assert len(bench.fetch.all_due(Due([0] * 1_000, *[SNAPSHOT] * 1_000))) == 100
