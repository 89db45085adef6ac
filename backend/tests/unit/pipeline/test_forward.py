"""What a collector has fetched gets where it belongs, once or more, and is here until then."""

import pytest
from fakes import MemoryArchive, MemoryHealth, Outbox, SetClock
from samples import NOW, archived, row, snapshot

from flightdata.backends.archive.folder import FolderArchive
from flightdata.errors import NotDue, Transient
from flightdata.pipeline.fetch import Fetch
from flightdata.pipeline.forward import Forward, Notes
from flightdata.ports import SourceHealth

ONE, TWO, THREE = (snapshot(row("aaaaaa"), time=NOW + number) for number in range(3))


class Away:
    """Whatever it is asked for does not answer, while it is `away`."""

    def __init__(self, real):
        self.real, self.away = real, True

    def __getattr__(self, name):
        def call(*given, **named):
            if self.away:
                raise Transient("no answer")
            return getattr(self.real, name)(*given, **named)

        return call


class Bench:
    def __init__(self, folder, *, away=()):
        self.archive, self.outbox, self.health = Away(MemoryArchive()), Away(Outbox()), Away(MemoryHealth())
        for name in ("archive", "outbox", "health"):
            getattr(self, name).away = name in away
        self.spool = FolderArchive(folder)
        self.notes = Notes(self.health)
        self.forward = self.started()

    def started(self):
        return Forward(self.spool, self.archive, self.outbox, self.notes)

    def fetched(self, *snapshots):
        for one in snapshots:
            self.forward.put(one)
            self.forward.publish(archived(one))

    @property
    def published(self):
        return [event.key for event in self.outbox.real.events]


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_what_was_fetched_is_archived_published_and_no_longer_here(bench, tmp_path):
    bench.fetched(ONE, TWO)
    assert bench.forward.round()
    assert bench.archive.real.snapshots == {ONE.key: ONE, TWO.key: TWO}
    assert bench.outbox.real.events == [archived(ONE), archived(TWO)]
    assert bench.forward.waiting() == 0
    assert not list(tmp_path.rglob("hour=*"))


@pytest.mark.parametrize("away", ["archive", "outbox"])
def test_while_it_is_away_all_is_kept_and_sent_when_it_is_back_the_oldest_first(tmp_path, away):
    bench = Bench(tmp_path, away=[away])
    bench.fetched(ONE, TWO)
    assert not bench.forward.round()
    bench.fetched(THREE)
    assert not bench.forward.round()
    assert bench.forward.waiting() == 3
    assert bench.published == []
    getattr(bench, away).away = False
    assert bench.forward.round()
    assert bench.published == [ONE.key, TWO.key, THREE.key]
    assert bench.forward.waiting() == 0


def test_what_another_start_left_is_sent_too(bench):
    bench.fetched(ONE)
    again = bench.started()
    assert again.waiting() == 1
    assert again.round()
    (event,) = bench.outbox.real.events
    assert event.model_copy(update={"correlation_id": "one"}) == archived(ONE)
    assert event.correlation_id


def test_what_is_damaged_stays_as_evidence_and_holds_up_nobody(bench, tmp_path):
    bench.fetched(ONE, TWO)
    (tmp_path / f"{ONE.key}.json.zst").write_bytes(b"damaged")
    forward = Forward(FolderArchive(tmp_path), bench.archive, bench.outbox, bench.notes)
    assert forward.round()
    assert forward.round()
    assert bench.published == [TWO.key]
    assert (tmp_path / f"{ONE.key}.json.zst").exists()


# Health.


class Answering:
    name = "one"

    def __init__(self, *answers):
        self.answers = list(answers)

    def next_due(self):
        return NOW + 60

    def fetch(self):
        if isinstance(answer := self.answers.pop(0), Exception):
            raise answer
        return answer


def test_sources_are_asked_while_nobody_can_be_told_how_they_do_and_it_is_told_then(tmp_path):
    bench = Bench(tmp_path, away=["health", "archive"])
    fetch = Fetch(bench.forward, bench.forward, bench.notes, SetClock(NOW))
    source = Answering(ONE, Transient("no"), Transient("again"), NotDue("early"), TWO, Transient("now", kind="outage"))
    for _ in range(3):
        fetch.tick(source)
    assert not bench.forward.round()
    bench.archive.away = False
    assert not bench.forward.round()
    bench.health.away = False
    assert bench.forward.round()
    told = SourceHealth("one", NOW, ONE.time, "again", "unreachable", NOW, 2, NOW + 60)
    assert bench.health.real.sources() == [told]
    with pytest.raises(NotDue):
        fetch.tick(source)
    fetch.tick(source)
    fetch.tick(source)
    assert bench.forward.round()
    assert bench.health.real.sources() == [SourceHealth("one", NOW, TWO.time, "now", "outage", NOW, 1, NOW + 60)]
