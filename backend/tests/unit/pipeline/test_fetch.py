import math

import pytest
from fakes import MemoryArchive, MemoryHealth, Outbox, SetClock
from samples import NOW, row, snapshot
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from flightdata.errors import NotDue, Poison, Transient
from flightdata.models.events import SnapshotArchived
from flightdata.models.snapshot import RawSnapshot
from flightdata.pipeline.fetch import Fetch
from flightdata.ports import BadAnswer, SourceHealth


class Scripted:
    """A source that gives these answers, one after the other; an error is raised."""

    name = "scripted"

    def __init__(self, *answers):
        self.answers = list(answers)

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
    assert bench.health.sources() == [SourceHealth("scripted", NOW + 7, None, 0)]


def test_where_the_source_has_nothing_its_failure_is_noted_with_the_reason(bench):
    source = Scripted(Transient("timed out"), Transient("refused"))
    assert bench.fetch.tick(source) is None
    assert bench.fetch.tick(source) is None
    assert bench.health.sources() == [SourceHealth("scripted", None, "refused", 2)]
    assert list(bench.archive.keys()) == []
    assert bench.outbox.events == []


def test_a_success_after_failures_ends_them(bench):
    source = Scripted(Transient("timed out"), SNAPSHOT)
    bench.fetch.tick(source)
    bench.fetch.tick(source)
    assert bench.health.sources() == [SourceHealth("scripted", NOW + 7, None, 0)]


def test_a_body_that_is_no_snapshot_is_archived_as_evidence(bench):
    html = RawSnapshot("somebody", NOW, b"<html>Service unavailable</html>")
    event = bench.fetch.tick(Scripted(html))
    assert bench.archive.get(event.key) == html


@pytest.mark.parametrize("mistake", [ValueError("ours"), Poison("odd")])
def test_an_error_that_is_not_the_source_s_silence_is_not_hidden(bench, mistake):
    with pytest.raises(type(mistake)):
        bench.fetch.tick(Scripted(mistake))


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


def test_an_answer_that_is_none_is_archived_as_evidence_and_noted_as_a_failure(bench):
    html = RawSnapshot("scripted", NOW, b"<html>Service unavailable</html>")
    assert bench.fetch.tick(Scripted(BadAnswer("HTML", html))) is None
    assert bench.archive.get(html.key) == html
    assert [event.key for event in bench.outbox.events] == [html.key]
    assert bench.health.sources() == [SourceHealth("scripted", None, "HTML", 1)]


def test_what_is_not_due_is_neither_a_success_nor_a_failure(bench):
    with pytest.raises(NotDue):
        bench.fetch.tick(Scripted(NotDue("later")))
    assert bench.health.sources() == []


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
