"""One snapshot on its way through all stages is one trace at a collector, and its log lines say so."""

import io
import json
import logging
import socket
import subprocess
import sys
import time
from base64 import b64decode
from collections import Counter
from contextlib import closing, contextmanager

import pytest
from fixtures.collector import collecting, spans
from fixtures.serving import serving
from samples import archived, row, snapshot

from flightdata.errors import ConfigurationError, Transient
from flightdata.models.events import SnapshotArchived
from flightdata.pipeline.work import work
from flightdata.settings import Settings
from flightdata.triggers import invocation
from flightdata.utils import logs, tracing
from flightdata.utils.logs import correlation_id
from flightdata.utils.time_left import TimeLeft
from flightdata.utils.tracing import Export, span
from flightdata.wiring import PARIS, House, trace

STAGES = {
    "fetch.ask": "fetch",
    "fetch.archive": "fetch",
    "fetch.publish": "fetch",
    "process": "fetch",
    "process.prepare": "fetch",
    "process.load": "process.prepare",
    "process.decode": "process.prepare",
    "process.move": "process",
    "process.history": "process",
}
"""Each span of a snapshot, and what it is part of."""
BATCH = {"process.publish", "process.flights", "process.ledger"}


@pytest.fixture
def collector():
    with collecting() as running:
        yield running


@pytest.fixture(autouse=True)
def stopped():
    yield
    tracing.stop()


@pytest.fixture
def lines(monkeypatch):
    """The log, in JSON, of everything that was logged."""
    out = io.StringIO()
    before = logging.getLogger().handlers, logging.getLogger().level
    monkeypatch.setattr(sys, "stderr", out)
    logs.configure("INFO", as_json=True)
    logging.getLogger("flightdata").setLevel("DEBUG")
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    logging.getLogger("flightdata").setLevel("NOTSET")
    logging.getLogger().handlers, level = before
    logging.getLogger().setLevel(level)


@contextmanager
def home(collector, **chosen):
    settings = Settings(_env_file=None, otel_exporter_otlp_endpoint=collector.url, **chosen)
    trace(settings)
    with closing(House(settings)) as house:
        yield house


@contextmanager
def embedded(collector, request, tmp_path):
    with home(collector, data_dir=tmp_path) as house:
        yield house


@contextmanager
def aws(collector, request, tmp_path):
    """On AWS, with the bus and its rule between the stages."""
    account = request.getfixturevalue("account")
    queue, dead = account.queues(visibility=360, max_attempts=5)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", account.id)
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        with home(
            collector,
            data_dir=tmp_path,
            environment="dev",
            aws_endpoint_url=account.ministack.url,
            s3_raw_bucket=account.bucket,
            s3_history_bucket=account.bucket,
            eventbridge_bus_name=account.bus,
            dynamodb_flights_table=account.table,
            sqs_queue_url=queue,
            sqs_dead_letter_queue_url=dead,
        ) as house:
            yield house


@pytest.mark.parametrize("made", [embedded, aws])
def test_one_snapshot_through_all_stages_is_one_trace_whose_log_lines_have_one_id(
    made, request, collector, lines, tmp_path
):
    with made(collector, request, tmp_path) as house:
        assert not house.query.readiness().ready
        event = house.fetch.tick(house.recordings([PARIS]))
        assert work(house.queue, house.process, wait=20).accounts
        house.query.refresh()
        asked = {"traceparent": event.traceparent, "X-Request-ID": event.correlation_id}
        with serving(house.app()) as client:
            icao24 = client.get("/flights?limit=1").json()["flights"][0]["icao24"]
            client.get(f"/flights/{icao24}", headers=asked).raise_for_status()
    tracing.stop()

    (fetch,) = [one for one in collector.spans if one.name == "fetch"]
    ours = {one.span_id: one for one in collector.spans if one.trace_id == fetch.trace_id}
    parents = {one.name: ours[one.parent_id].name for one in ours.values() if one.parent_id}
    assert parents == STAGES | {"GET /flights/{icao24}": "fetch"}
    assert len(ours) == len(parents) + 1
    assert {one.attributes.get("correlation_id") for one in ours.values()} == {event.correlation_id}
    assert {one.service for one in collector.spans} == {"flightdata"}

    said = [one for one in lines() if one.get("correlation_id") == event.correlation_id]
    stages = {one["logger"].removeprefix("flightdata.") for one in said}
    assert stages >= {"pipeline.fetch", "pipeline.process", "pipeline.query", "web.correlation"}
    assert {one["trace_id"] for one in said if one["logger"] != "flightdata.pipeline.query"} == {fetch.trace_id}


def test_a_batch_of_several_is_a_span_of_its_own_linked_with_each_of_their_traces(collector, tmp_path):
    with home(collector, data_dir=tmp_path) as house:
        recording = house.recordings([PARIS])
        events = [house.fetch.tick(recording) for _ in range(3)]
        result = work(house.queue, house.process)
    tracing.stop()
    assert len(result.accounts) == 3
    (batch,) = [one for one in collector.spans if one.name == "process.batch"]
    fetched = {one.span_id: one.trace_id for one in collector.spans if one.name == "fetch"}
    done = [one for one in collector.spans if one.name == "process"]
    assert {one.parent_id: one.trace_id for one in done} == fetched
    assert set(batch.links) == set(fetched) == {one.traceparent.split("-")[2] for one in events}
    assert {one.links for one in done} == {(batch.span_id,)}
    assert batch.trace_id not in fetched.values()
    parts = Counter(one.name for one in collector.spans if one.parent_id == batch.span_id)
    assert parts == {"process.publish": 1, "process.flights": 1, "process.ledger": 1}


@pytest.mark.parametrize("traceparent", [None, "", "no traceparent", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_an_event_without_a_trace_is_processed_in_that_of_its_batch(collector, tmp_path, traceparent):
    with home(collector, data_dir=tmp_path) as house:
        house.archive.put(raw := snapshot(row("aaaaaa")))
        house.publisher.publish(archived(raw).model_copy(update={"traceparent": traceparent}))
        assert work(house.queue, house.process).accounts
    tracing.stop()
    assert {one.name for one in collector.spans} >= {"process", "process.batch"}


def test_an_event_of_before_there_were_traces_still_parses():
    old = archived(snapshot(row("aaaaaa"))).model_dump(exclude={"traceparent"})
    assert SnapshotArchived.model_validate_json(json.dumps(old)).traceparent is None


def test_what_failed_says_so_and_in_which_kind(collector, tmp_path):
    class Away:
        name = "away"

        def next_due(self):
            return 0.0

        def fetch(self):
            raise Transient("the other side does not answer", kind="outage")

    with home(collector, data_dir=tmp_path) as house:
        assert house.fetch.tick(Away()) is None
        house.publisher.publish(archived(snapshot(row("bbbbbb"))))
        assert work(house.queue, house.process).failed
    tracing.stop()
    failed = {one.name: one.failed for one in collector.spans if one.failed}
    assert failed["fetch"] == "outage: the other side does not answer"
    assert failed["fetch.ask"] == "Transient: the other side does not answer"
    assert "no snapshot" in failed["process"]


def test_a_request_is_named_by_its_route_and_monitors_are_not_traced(collector, tmp_path):
    with home(collector, data_dir=tmp_path) as house, serving(house.app()) as client:
        for path in ("/flights?lamin=north", "/flights/abcdef", "/no/such/thing", "/health/ready", "/metrics"):
            client.get(path)
    tracing.stop()
    requests = [(one.name, one.attributes["http.response.status_code"]) for one in collector.spans if one.kind == 2]
    assert sorted(requests) == [("GET /*", 404), ("GET /flights", 400), ("GET /flights/{icao24}", 404)]
    assert not any("north" in str(one.attributes) for one in collector.spans)


# Lambda.

ROOT, PARENT = "5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
HEADER = f"Root=1-{ROOT[:8]}-{ROOT[8:]};Parent={PARENT};Sampled=%d;Lineage=a87bd80c:0"


@pytest.mark.parametrize(
    ("header", "sent"),
    [(HEADER % 1, [(ROOT, PARENT)]), (HEADER % 0, []), ("", [None]), ("Root=1-5759e988;Sampled=1", [None])],
)
def test_an_invocation_is_part_of_lambda_s_own_trace_and_is_sent_before_it_returns(
    collector, monkeypatch, header, sent
):
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    trace(Settings(_env_file=None, otel_exporter_otlp_endpoint=collector.url))
    with invocation("tick", TimeLeft(), None):
        pass
    came = [(one.trace_id, one.parent_id) if one.parent_id else None for one in collector.spans]
    assert came == sent


def test_an_invocation_that_fails_is_sent_as_failed(collector):
    trace(Settings(_env_file=None, otel_exporter_otlp_endpoint=collector.url))
    with pytest.raises(Transient), invocation("tick", TimeLeft(), None):
        raise Transient("no answer")
    assert [one.failed for one in collector.spans] == ["Transient: no answer"]


# Where traces go.


def test_a_collector_is_told_the_headers_and_the_name_that_were_set(collector):
    settings = Settings(
        _env_file=None,
        otel_exporter_otlp_endpoint=collector.url + "/",
        otel_exporter_otlp_headers="X-Key=a%20b,other=c",
        otel_service_name="roof",
    )
    trace(settings)
    with span("alone"):
        pass
    tracing.flush(30)
    (received,) = collector.spans
    assert (received.name, received.service) == ("alone", "roof")
    assert {name.lower(): value for name, value in collector.headers.items()}.items() >= {
        "x-key": "a b",
        "other": "c",
    }.items()
    assert "a%20b" not in str(settings)


@pytest.mark.parametrize(
    ("sampler", "inside", "outside"),
    [("always_off", 0, 0), ("parentbased_always_off", 1, 0), ("parentbased_always_on", 1, 1), ("traceidratio", 0, 0)],
)
def test_what_is_traced_is_up_to_the_sampler_and_to_who_traced_before(collector, sampler, inside, outside):
    trace(
        Settings(
            _env_file=None,
            otel_exporter_otlp_endpoint=collector.url,
            otel_traces_sampler=sampler,
            otel_traces_sampler_arg=0,
        )
    )
    with span("inside", parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
        pass
    with span("outside"):
        pass
    tracing.flush(30)
    sent = Counter(one.name for one in collector.spans)
    assert (sent["inside"], sent["outside"]) == (inside, outside)


def test_the_x_ray_daemon_is_sent_datagrams_as_aws_s_own_distribution_sends_them():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(30)
        trace(Settings(_env_file=None, aws_xray_daemon_address="{}:{}".format(*daemon.getsockname())))
        with correlation_id("abc"):
            for number in range(25):
                with span(f"{number}", reason="x" * 100_000):
                    pass
        tracing.flush(30)
        received = []
        while len(received) < 25:
            header, _, rest = daemon.recv(65_536).partition(b"\n")
            assert json.loads(header) == {"format": "json", "version": 1}
            assert rest[:3] == b"T1S"
            received += spans(b64decode(rest[3:]))
    assert sorted(int(one.name) for one in received) == list(range(25))
    assert all(0 <= time.time() - int(one.trace_id[:8], 16) < 3600 for one in received)  # X-Ray's ids are so
    assert {one.attributes["correlation_id"] for one in received} == {"abc"}


def test_a_collector_that_is_away_or_broken_fails_nothing_and_is_complained_about_once(collector, lines):
    collector.status = 503
    tracing.start(Export("test", collector.url))
    for _ in range(3):
        with span("lost"):
            pass
        tracing.flush(30)
    collector.status = 200
    with span("found"):
        pass
    tracing.flush(30)
    assert [one.name for one in collector.spans] == ["found"]
    warned = [one for one in lines() if one["level"] == "warning"]
    assert [(one["message"], one["reason"]) for one in warned] == [("traces are lost", "the collector answers 503")]


def test_a_collector_that_never_answers_holds_nobody_up_for_longer_than_said():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tracing.start(Export("test", "http://{}:{}".format(*silent.getsockname()), timeout=0.2))
        with span("lost"):
            pass
        tracing.flush(0.05)  # comes back while the request is still out
        with silent.accept()[0]:
            tracing.stop()  # and so does this, by the time-out of the request


def test_without_a_place_to_send_them_nothing_is_traced_and_nothing_is_imported(tmp_path):
    code = (
        "import sys; from flightdata.wiring import House, trace; from flightdata.settings import Settings\n"
        "from flightdata.utils.tracing import span, traceparent\n"
        "trace(Settings(_env_file=None))\n"
        "with span('a') as one: assert one.traceparent is traceparent() is None\n"
        "assert not [name for name in sys.modules if name.startswith(('opentelemetry', 'google'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


@pytest.mark.parametrize("address", ["", ":2000", "localhost", "localhost:"])
def test_an_address_of_a_daemon_that_is_none_is_refused(address):
    with pytest.raises(ConfigurationError, match="host:port"):
        tracing.start(Export("test", xray_daemon=address))
