import pytest
from fakes import MemoryArchive, MemoryHealth, Outbox, SetClock
from samples import NOW, row, snapshot
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from flightdata.errors import Poison, Transient
from flightdata.models.events import SnapshotArchived
from flightdata.models.snapshot import RawSnapshot
from flightdata.pipeline.fetch import Fetch
from flightdata.ports import SourceHealth


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
