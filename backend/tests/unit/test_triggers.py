import gzip
import json
import math
from dataclasses import replace
from hashlib import md5
from pathlib import Path

import pytest
from fakes import (
    MemoryArchive,
    MemoryHealth,
    MemoryHistory,
    MemoryLedger,
    MemoryMetrics,
    MemoryPictures,
    Outbox,
    SetClock,
    process,
)
from samples import NOW, archived, row, snapshot

from flightdata.clients.recording import Recording, Times
from flightdata.errors import NotDue, Transient
from flightdata.pipeline.analyze import Analyze
from flightdata.pipeline.fetch import Fetch
from flightdata.pipeline.keep import Keep, Retention
from flightdata.pipeline.recover import Recover
from flightdata.ports import QueueDepth
from flightdata.triggers import left, on_analytics, on_schedule, on_snapshots
from flightdata.utils.time_left import TimeLeft
from flightdata.wiring import PARIS

FUNCTIONS = Path(__file__).parents[2] / "functions"
SAMPLES = sorted(FUNCTIONS.glob("*/events/*.json"))

GOOD = snapshot(row("aaaaaa"))
LATER = snapshot(row("bbbbbb"), time=NOW + 1)
LOST = snapshot(row("cccccc"), time=NOW - 1)


MAX_ATTEMPTS = 5


class Graves:
    """A queue that keeps what is given up: (body, attempts, reason)."""

    def __init__(self):
        self.letters = []

    def bury(self, message, attempts, reason):
        self.letters.append((message, attempts, reason))


class Away(Graves):
    def bury(self, message, attempts, reason):
        raise Transient("no SQS")


class Archive(MemoryArchive):
    """Cannot read the snapshot `broken`."""

    broken = None

    def get(self, key):
        if key == self.broken:
            raise OSError("disk")
        return super().get(key)


class Unreachable(MemoryPictures):
    def latest(self):
        raise Transient("throttled")


class Bench:
    def __init__(self, live=None):
        self.archive = Archive()
        self.metrics = MemoryMetrics()
        self.dead = Graves()
        self.live = live or MemoryPictures()
        self.process = process(self.archive, self.live, MemoryLedger(), SetClock(NOW), metrics=self.metrics)
        for one in (GOOD, LATER):
            self.archive.put(one)

    def failures(self, *records):
        """Which messages of the batch are to come again."""
        response = on_snapshots(
            self.process,
            self.dead,
            self.metrics,
            {"Records": list(records)},
            TimeLeft(),
            max_attempts=MAX_ATTEMPTS,
        )
        assert set(response) == {"batchItemFailures"}
        assert all(set(one) == {"itemIdentifier"} for one in response["batchItemFailures"])
        return [one["itemIdentifier"] for one in response["batchItemFailures"]]


@pytest.fixture
def bench():
    return Bench()


def record(message, body, attempt=1):
    return {
        "messageId": message,
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": str(attempt)},
    }


def envelope(snapshot):
    """What EventBridge puts around an event on its way into the queue."""
    return {"version": "0", "detail-type": "SnapshotArchived", "detail": archived(snapshot).model_dump()}


# The processor: an SQS batch.


def test_all_of_a_good_batch_is_done(bench):
    assert bench.failures(record("a", envelope(GOOD)), record("b", envelope(LATER))) == []
    assert bench.live.latest().states.height == 2


def test_an_event_may_come_without_an_envelope(bench):
    assert bench.failures(record("a", archived(GOOD).model_dump())) == []
    assert bench.live.latest().states.height == 1


def test_poison_is_given_up_with_its_reason_and_its_neighbours_go_through(bench):
    lost = record("b", envelope(LOST), attempt=2)
    assert bench.failures(record("a", envelope(GOOD)), lost, record("c", envelope(LATER))) == []
    assert bench.live.latest().states.height == 2
    ((body, attempts, reason),) = bench.dead.letters
    assert (body, attempts) == (lost["body"], 2)
    assert LOST.key in reason


def test_poison_that_cannot_be_given_up_now_comes_again(bench):
    bench.dead = Away()
    assert bench.failures(record("a", envelope(GOOD)), record("b", envelope(LOST)), record("x", "{}")) == ["b", "x"]
    assert bench.live.latest().states.height == 1


@pytest.mark.parametrize(
    ("attempt", "again", "given_up"), [(4, ["a"], []), (5, [], ["throttled"]), (6, [], ["throttled"])]
)
def test_what_fails_is_given_up_with_the_last_reason_after_the_last_attempt(attempt, again, given_up):
    bench = Bench(Unreachable())
    assert bench.failures(record("a", envelope(GOOD), attempt)) == again
    assert [reason for _, _, reason in bench.dead.letters] == given_up


def test_an_accident_with_one_snapshot_costs_no_other_and_comes_again(bench):
    bench.archive.broken = LATER.key
    assert bench.failures(record("a", envelope(GOOD)), record("b", envelope(LATER))) == ["b"]
    assert bench.live.latest().states.height == 1
    assert bench.failures(record("b", envelope(LATER), MAX_ATTEMPTS)) == []
    assert [reason for _, _, reason in bench.dead.letters] == ["OSError: disk"]


class Breaking(MemoryPictures):
    """Publishes no picture with this aircraft in it."""

    def __init__(self, *icao24):
        super().__init__()
        self.icao24 = icao24

    def publish(self, picture):
        if not set(self.icao24).isdisjoint(picture.states["icao24"]):
            raise ZeroDivisionError("impossible state")
        return super().publish(picture)


def test_a_snapshot_that_breaks_the_batch_costs_no_other_and_comes_again():
    bench = Bench(Breaking("bbbbbb"))
    assert bench.failures(record("a", envelope(GOOD)), record("b", envelope(LATER))) == ["b"]
    assert bench.live.latest().states["icao24"].to_list() == ["aaaaaa"]


def test_what_every_message_breaks_at_is_raised_until_they_are_given_up():
    bench = Bench(Breaking("aaaaaa", "bbbbbb"))
    with pytest.raises(ZeroDivisionError):
        bench.failures(record("a", envelope(GOOD)), record("b", envelope(LATER)))
    assert bench.failures(record("a", envelope(GOOD)), record("b", envelope(LATER), MAX_ATTEMPTS)) == ["a"]
    assert [reason for _, _, reason in bench.dead.letters] == ["ZeroDivisionError: impossible state"]


def test_an_event_by_hand_may_lack_what_sqs_adds(bench):
    assert bench.failures({"messageId": "a", "body": json.dumps(envelope(LOST))}) == []
    assert [attempts for _, attempts, _ in bench.dead.letters] == [1]


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "no JSON",
        "{",
        "[]",
        "null",
        "5",
        '"text"',
        "{}",
        '{"detail": null}',
        '{"detail": []}',
        '{"detail": {"key": 5}}',
        '{"Message": "from somewhere else"}',
    ],
)
def test_what_is_no_event_is_given_up_word_for_word(bench, garbage):
    assert bench.failures(record("a", envelope(GOOD)), record("x", garbage), record("c", envelope(LATER))) == []
    assert bench.live.latest().states.height == 2
    ((body, _, reason),) = bench.dead.letters
    assert body == garbage
    assert reason.startswith("not an event: ")


def test_the_right_messages_are_named_also_behind_garbage(bench):
    bench.archive.broken = LATER.key
    failures = bench.failures(
        record("x", "garbage"), record("a", envelope(GOOD)), record("y", "{}"), record("b", envelope(LATER))
    )
    assert failures == ["b"]
    assert [body for body, _, _ in bench.dead.letters] == ["garbage", "{}"]


def test_a_batch_of_garbage_alone_makes_no_new_version(bench):
    assert bench.failures(record("x", "garbage"), record("y", "{}")) == []
    assert bench.live.version() == 0


def test_an_empty_batch_is_fine(bench):
    assert bench.failures() == []


@pytest.mark.parametrize("live", ["contested", "away"])
def test_when_the_batch_as_a_whole_fails_every_message_comes_again(live):
    class Contested(MemoryPictures):
        def publish(self, picture):
            return False

    bench = Bench({"contested": Contested, "away": Unreachable}[live]())
    failures = bench.failures(record("a", envelope(GOOD)), record("x", "garbage"), record("b", envelope(LATER)))
    assert failures == ["a", "b"]


def test_who_loses_the_race_for_the_next_version_starts_again_from_it(bench):
    class Raced(MemoryPictures):
        """Somebody else publishes the first time just before."""

        def publish(self, picture):
            if self.picture.version == 0:
                super().publish(replace(picture, states=picture.states.clear()))
            return super().publish(picture)

    bench = Bench(Raced())
    assert bench.failures(record("a", envelope(GOOD))) == []
    assert (bench.live.version(), bench.live.latest().states.height) == (2, 1)


def test_what_became_of_the_rows_is_counted(bench):
    bench.failures(record("a", envelope(GOOD)), record("b", envelope(LATER)), record("x", "garbage"))
    assert bench.metrics.counted == {
        "SnapshotsProcessed": 2,
        "SnapshotsUnreadable": 0,
        "FlightsProcessed": 2,
        "FlightsStored": 2,
        "FlightsRejected": 0,
        "QualityFlags": 0,
        "ProcessingFailures": 1,
    }
    assert [name for name, _ in bench.metrics.observed] == ["PictureAge", "ProcessSeconds"]


def test_odd_rows_are_counted_by_rule_and_rejected_ones_by_reason(bench):
    odd = snapshot(row("dddddd", latitude=0.0, longitude=0.0), ["no", "state"], time=NOW + 2)
    bench.archive.put(odd)
    bench.failures(record("a", envelope(odd)))
    assert bench.metrics.counted["QualityFlags.null_island"] == bench.metrics.counted["QualityFlags"] == 1
    assert bench.metrics.counted["FlightsRejected"] == 1
    assert [name for name in bench.metrics.counted if name.startswith("FlightsRejected.")]


# The fetcher and the analytics.


class Scripted:
    def __init__(self, *answers, name="scripted", takes=0.0):
        self.name = name
        self.answers = [one for one in answers if one is not None]
        self.takes = takes
        self.clock = None

    def next_due(self):
        return 0.0 if self.answers else math.inf

    def fetch(self):
        if self.clock:
            self.clock.now += self.takes
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Ticks:
    """A fetcher, its metrics, and ticks that ask these sources."""

    def __init__(self, *sources, archive=None):
        self.clock, self.metrics, self.health = SetClock(NOW), MemoryMetrics(), MemoryHealth()
        self.fetch = Fetch(archive or MemoryArchive(), Outbox(), self.health, self.clock, self.metrics)
        self.sources = list(sources)
        for source in sources:
            source.clock = self.clock

    def tick(self, left=300.0):
        return on_schedule(self.fetch, self.sources, self.clock, left)


@pytest.mark.parametrize(
    ("answer", "archived", "failed"),
    [
        (GOOD, [GOOD.key], []),
        (Transient("timed out"), [], ["scripted"]),
        (NotDue("another has it"), [], []),
        (None, [], []),
    ],
)
def test_a_scheduled_tick_says_what_was_archived(answer, archived, failed):
    ticks = Ticks(Scripted(answer))
    assert ticks.tick() == {"archived": archived, "failed": failed, "late": []}
    assert ticks.metrics.counted["SnapshotsArchived"] == len(archived)
    assert ticks.metrics.counted["FetchFailures.unreachable"] == len(failed)


def test_a_tick_asks_all_sources_and_one_that_fails_does_not_stop_the_others():
    ticks = Ticks(
        Scripted(Transient("timed out"), name="a"),
        Scripted(GOOD, name="b"),
        Scripted(ZeroDivisionError(), name="c"),
        Scripted(LATER, name="d"),
    )
    with pytest.raises(ZeroDivisionError):
        ticks.tick()
    assert ticks.metrics.counted["SnapshotsArchived"] == 2
    assert [ticks.metrics.counted[f"FetchFailures.{kind}"] for kind in ("unreachable", "mistake")] == [1, 1]
    assert {one.name: one.kind for one in ticks.health.sources()} == {
        "a": "unreachable",
        "b": None,
        "c": "mistake",
        "d": None,
    }


def test_an_archive_that_is_away_is_an_error_of_the_function_once_all_were_asked():
    class Away(MemoryArchive):
        def put(self, snapshot):
            raise Transient("no S3")

    sources = [Scripted(GOOD, name="a"), Scripted(LATER, name="b")]
    with pytest.raises(Transient, match="no S3"):
        Ticks(*sources, archive=Away()).tick()
    assert [one.answers for one in sources] == [[], []]


def test_what_there_is_no_time_for_goes_first_in_the_next_tick():
    slow = Scripted(GOOD, GOOD, GOOD, name="slow", takes=150.0)
    ticks = Ticks(slow, Scripted(LATER, name="late"))
    assert ticks.tick() == {"archived": [GOOD.key] * 2, "failed": [], "late": ["late"]}
    assert ticks.tick() == {"archived": [LATER.key, GOOD.key], "failed": [], "late": []}


def test_how_much_time_there_is_left_is_what_lambda_says():
    class Context:
        def get_remaining_time_in_millis(self):
            return 299_500

    assert left(Context()) == 299.5
    assert left(None) == math.inf


def test_the_report_of_the_analytics_is_plain_json():
    class Deep:
        def depth(self):
            return QueueDepth(0, 0, 0)

    ledger, archive, clock = MemoryLedger(), MemoryArchive(), SetClock(NOW)
    recover = Recover(archive, ledger, Outbox(), Deep(), clock)
    keep = Keep(MemoryHistory(), archive, clock, Retention())
    report = on_analytics(Analyze(ledger, Deep(), clock), recover, keep)
    assert json.loads(json.dumps(report)) == report
    assert (report["performance"]["until"], report["performance"]["rows"]) == (NOW, 0)
    assert report["recovered"] == {"published": 0, "waiting": 0, "given_up": 0}
    assert report["kept"] == {"compacted": 0, "forgotten_hours": 0, "forgotten_snapshots": 0}


def test_a_bus_that_refuses_fails_the_analytics_once_the_housekeeping_is_done():
    class Deep:
        def depth(self):
            return QueueDepth(0, 0, 0)

    class Refusing:
        def publish(self, event):
            raise Transient("refused")

    ledger, archive, clock = MemoryLedger(), MemoryArchive(), SetClock(NOW + 3600)
    archive.put(GOOD)
    keep = Keep(MemoryHistory(), archive, SetClock(NOW + 2 * 86_400), Retention(raw_days=1))
    with pytest.raises(Transient, match="refused"):
        on_analytics(Analyze(ledger, Deep(), clock), Recover(archive, ledger, Refusing(), Deep(), clock), keep)
    assert not archive.snapshots
    assert ledger.settled() is None


# The sample events.


def sample(name):
    return json.loads((FUNCTIONS / name).read_text("utf-8"))


def test_every_function_has_a_sample_event():
    assert {path.parents[1].name for path in SAMPLES} == {path.parent.name for path in FUNCTIONS.glob("*/handler.py")}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: str(path.relative_to(FUNCTIONS)))
def test_a_sample_event_is_a_json_object(path):
    assert isinstance(json.loads(path.read_text("utf-8")), dict)


@pytest.mark.parametrize("function", ["flight-data-fetcher", "analytics-processor"])
def test_a_scheduled_event_looks_as_eventbridge_sends_it(function):
    event = sample(f"{function}/events/schedule.json")
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})


def test_the_api_s_event_is_one_of_payload_format_2():
    event = sample("flight-api/events/flights-in-a-box.json")
    assert event["version"] == "2.0"
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/flights"
    query = dict(pair.split("=") for pair in event["rawQueryString"].split("&"))
    assert query == event["queryStringParameters"]


@pytest.fixture
def shipped():
    """The first snapshot of the recording that ships, as the processor's door plays it."""
    recording = Recording([PARIS], clock=SetClock(NOW), speed=float("inf"), times=Times.RECORDED)
    return recording.fetch()


@pytest.fixture
def processor_event():
    return sample("flight-data-processor/events/snapshot-archived.json")


def test_the_processor_s_event_names_exactly_the_first_snapshot_that_ships(processor_event, shipped):
    (message,) = processor_event["Records"]
    detail = json.loads(message["body"])["detail"]
    identity = detail.pop("correlation_id")
    expected = archived(shipped, identity).model_dump(exclude_none=True)
    expected.pop("correlation_id")
    assert detail == expected
    assert gzip.decompress(PARIS.read_bytes()).splitlines()[0] == shipped.body


def test_the_processor_does_its_event(processor_event, shipped, bench):
    bench.archive.put(shipped)
    assert bench.failures(*processor_event["Records"]) == []
    assert bench.live.latest().time == shipped.received_at
    assert bench.live.latest().states.height > 0


def test_the_processor_s_event_has_the_digest_of_its_body(processor_event):

    (message,) = processor_event["Records"]
    assert message["md5OfBody"] == md5(message["body"].encode(), usedforsecurity=False).hexdigest()
