"""The four stages on AWS give the same answers as on one machine, and lose nothing."""

import csv
import gzip
import io
import json
import ssl
import time
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import polars as pl
import pytest
from fixtures.deployment import SAFE, get, invoke, until
from fixtures.serving import serving
from samples import NOW, archived, row, snapshot

from flightdata.models.flight import Side
from flightdata.models.search import FlightSearch, FlownSearch
from flightdata.pipeline.recover import GRACE
from flightdata.pipeline.work import work
from flightdata.settings import Settings
from flightdata.wiring import PARIS, House

FRAMES = 12
GLOBE, GLOBE_FRAMES = "opensky/global_20260508", 3
ALWAYS = {"begin": 0, "end": 4_000_000_000, "limit": 1000}


@pytest.fixture(scope="module")
def keys(collector):
    """The recording's first frames, sent by a collector and processed by the deployed functions."""
    recording = collector.recordings([PARIS])
    sent = [collector.fetch.tick(recording).key for _ in range(FRAMES)]
    until(lambda: len(collector.ledger.find(sent)) == FRAMES, "the processing of what was collected")
    return sent


@pytest.fixture
def embedded(tmp_path):
    """The same frames through the embedded home."""
    house = House(Settings(_env_file=None, data_dir=tmp_path))
    recording = house.recordings([PARIS])
    with house.alone():
        for _ in range(FRAMES):
            house.fetch.tick(recording)
        while work(house.queue, house.process):
            pass
    yield house
    house.close()


def test_the_api_answers_as_the_embedded_home_does(deployed, keys, embedded):
    status, answer = get(deployed, "/flights?limit=1000")
    expected = json.loads(embedded.query.flights(FlightSearch(limit=1000)))
    assert status == 200
    assert answer["total"] > 0
    assert (answer["time"], answer["total"], answer["flights"]) == (
        expected["time"],
        expected["total"],
        expected["flights"],
    )


def asked(get, flown, later=0):
    """What the recording's first frames left in the past: a track, a picture, some states, and too many of them.

    `later` makes other questions of it, with the same answers, which nobody has kept.
    """
    first = flown["flights"][0]
    since, until = flown["time"] - 600, flown["time"] + 1 + later
    picture = get(f"/flights?limit={1000 - later}&time={flown['time']}")
    for flight in picture["flights"]:
        flight["departure"] = flight["arrival"] = None  # not looked up on DynamoDB
    return [
        picture,
        get(f"/flights/{first['icao24']}/track?begin={since}&end={until}"),
        get(f"/history?begin={since}&end={until}&lamin=48&lamax=49"),
        get(f"/history?begin={since}&end={until}&icao24={first['icao24']}"),
    ]


def listed(deployed, folder):
    return deployed.client("s3").list_objects_v2(Bucket=deployed.history, Prefix=folder).get("KeyCount", 0)


def test_the_past_is_as_in_the_embedded_home_before_and_after_it_is_compacted(deployed, keys, collector, embedded):
    flown = json.loads(embedded.query.flights(FlightSearch(limit=1000)))
    with serving(embedded.app()) as client:
        expected = asked(lambda path: client.get(path).json(), flown)
    assert all(one["count"] for one in expected)
    assert listed(deployed, "recent/") >= FRAMES
    assert asked(lambda path: get(deployed, path)[1], flown) == expected
    answer = invoke(deployed, "flightdata-analytics-processor-dev", {})
    assert answer[0] is None, answer
    assert answer[1]["kept"]["compacted"] >= 1
    assert (listed(deployed, "recent/"), listed(deployed, "states/") > 0) == (0, True)
    assert asked(lambda path: get(deployed, path)[1], flown, later=1) == expected


def test_through_the_gateway_an_answer_is_packed_and_known_again(deployed, keys):
    path = "/flights?limit=100"
    request = Request(deployed.ministack.url + path, headers={"Host": deployed.api_host, "Accept-Encoding": "gzip"})
    trusting = ssl.create_default_context(cafile=deployed.ministack.certificate)
    with urlopen(request, timeout=SAFE, context=trusting) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(answer.read())) == get(deployed, path)[1]
        request.add_header("If-None-Match", answer.headers["ETag"])
    with pytest.raises(OSError, match="304"):
        urlopen(request, timeout=SAFE, context=trusting)


def test_the_past_as_parquet_through_the_gateway(deployed, keys, embedded):
    time_ = json.loads(embedded.query.flights(FlightSearch(limit=1)))["time"]
    path = f"/history?format=parquet&begin={time_ - 600}&end={time_ + 1}"
    request = Request(deployed.ministack.url + path, headers={"Host": deployed.api_host})
    trusting = ssl.create_default_context(cafile=deployed.ministack.certificate)
    with urlopen(request, timeout=SAFE, context=trusting) as response:
        found = pl.read_parquet(response.read())
    assert found.height == get(deployed, path.replace("parquet", "json"))[1]["count"]


ICAO24S = {
    "json": lambda body: [one["icao24"] for one in json.loads(body)["flights"]],
    "geojson": lambda body: [one["properties"]["icao24"] for one in json.loads(body)["features"]],
    "csv": lambda body: [line["icao24"] for line in csv.DictReader(io.StringIO(body.decode()))],
}


@pytest.mark.parametrize("form", ICAO24S)
@pytest.mark.parametrize("past", [False, True])
def test_a_page_in_every_format_through_the_gateway(deployed, keys, embedded, form, past):
    moment = json.loads(embedded.query.flights(FlightSearch(limit=1)))["time"]
    path = f"/flights?lat=48.9&lon=2.4&radius=100&limit=5&format={form}" + (f"&time={moment}" if past else "")
    request = Request(deployed.ministack.url + path, headers={"Host": deployed.api_host})
    trusting = ssl.create_default_context(cafile=deployed.ministack.certificate)
    with urlopen(request, timeout=SAFE, context=trusting) as response:
        body, headers = response.read(), response.headers
    with serving(embedded.app()) as client:
        expected = client.get(path)
    assert ICAO24S[form](body) == ICAO24S[form](expected.content)
    assert len(ICAO24S[form](body)) == 5
    told = ("content-type", "link", "x-total-count")
    assert [headers[name] for name in told] == [expected.headers.get(name) for name in told]


def test_every_row_is_accounted_for_as_in_the_embedded_home(collector, keys, embedded):
    def counted(house):
        return sum(one.rows for one in house.ledger.find(keys)), len(house.ledger.find(keys))

    assert counted(collector) == counted(embedded)
    totals = collector.ledger.totals()
    assert totals.rows == totals.stored + totals.superseded + sum(totals.rejected.values())


def test_the_same_events_again_change_nothing(deployed, collector, keys):
    before = get(deployed, "/flights?limit=1000")[1]["flights"]
    for key in keys:
        collector.publisher.publish(archived(collector.archive.get(key)))
    until(lambda: collector.queue.depth().waiting + collector.queue.depth().in_flight == 0, "the repetition")
    assert get(deployed, "/flights?limit=1000")[1]["flights"] == before
    assert collector.ledger.totals().snapshots == FRAMES


def test_the_globe_is_answered_field_by_field_as_in_the_embedded_home(deployed, collector, keys, embedded, recordings):
    ours, theirs = collector.recordings([recordings / GLOBE]), embedded.recordings([recordings / GLOBE])
    for _ in range(GLOBE_FRAMES):
        key = collector.fetch.tick(ours).key
        until(lambda key=key: collector.ledger.find([key]), "the processing of a globe")
        with embedded.alone():
            embedded.fetch.tick(theirs)
            work(embedded.queue, embedded.process)
    embedded.query.refresh()
    cursor, seen = None, 0
    while cursor or not seen:
        page = get(deployed, "/flights?limit=1000" + (f"&cursor={cursor}" if cursor else ""))[1]
        expected = json.loads(embedded.query.flights(FlightSearch(limit=1000, cursor=cursor)))
        assert page | {"version": 0} == expected | {"version": 0}
        cursor, seen = page["next_cursor"], seen + page["count"]
    assert seen == page["total"] > 10_000
    for icao in ("KATL", "EGLL", "EDDF"):
        for side in Side:
            path = f"/airports/{icao}/{side.value}s?{urlencode(ALWAYS)}"
            answer = json.loads(embedded.flown.of_airport(icao, side, FlownSearch(**ALWAYS)))
            assert get(deployed, path) == (200, answer)
            assert answer["count"] > 0


def test_poison_ends_in_the_dead_letters_its_neighbours_do_not_and_it_can_be_redriven(deployed, collector, keys):
    lost = snapshot(time=NOW)
    collector.publisher.publish(archived(lost))
    good = collector.recordings([PARIS])
    for _ in range(FRAMES + 1):
        newest = good.fetch()
    collector.archive.put(newest)
    collector.publisher.publish(archived(newest))
    deployed.client("sqs").send_message(QueueUrl=deployed.queue, MessageBody="garbage")
    until(lambda: collector.ledger.find([newest.key]), "the processing of the neighbour")

    until(lambda: collector.queue.depth().dead == 2, "the giving up")
    letters = {letter.body: letter for letter in collector.queue.dead_letters()}
    garbage = letters.pop("garbage")
    (letter,) = letters.values()
    assert json.loads(letter.body)["key"] == lost.key
    assert (letter.reason, letter.attempts) == (f"the archive has no snapshot {lost.key!r}", 1)
    assert garbage.reason.startswith("not an event")
    collector.archive.put(lost)
    assert collector.queue.redrive([letter.id]) == 1
    until(lambda: collector.ledger.find([lost.key]), "the processing of what was redriven")
    assert collector.queue.depth().dead == 1


def test_a_tick_fetches_archives_and_is_processed(deployed, collector, keys):
    answer = deployed.client("lambda").invoke(FunctionName="flightdata-flight-data-fetcher-dev", Payload=b"{}")
    (key,) = json.loads(answer["Payload"].read())["archived"]
    account = until(lambda: collector.ledger.find([key]), "the processing of a tick")[0]
    assert (account.rows, account.stored) == (1000, 1000)
    assert [one.error for one in collector.health.sources() if one.name == "simulation"] == [None]


def test_one_snapshot_is_one_trace_through_the_functions(deployed, collector, keys):
    fetcher, processor = (f"flightdata-flight-data-{name}-dev" for name in ("fetcher", "processor"))

    def fetched():
        return invoke(deployed, fetcher, {})[1]["archived"]

    (key,) = until(fetched, "a fetch")
    identity = until(lambda: collector.ledger.find([key]), "the processing")[0].correlation_id

    def ours(spans):
        return [one for one in spans if one.attributes.get("correlation_id") == identity]

    spans = ours(deployed.collector.until(lambda spans: "process" in {one.name for one in ours(spans)}, SAFE))
    services = {one.name: one.service for one in spans}
    assert len({one.trace_id for one in spans}) == 1
    assert (services["fetch"], services["process"]) == (fetcher, processor)
    (fetch,) = [one for one in spans if one.name == "fetch"]
    assert [one.parent_id for one in spans if one.name == "process"] == [fetch.span_id]
    get(deployed, "/flights?limit=1")
    deployed.collector.until(lambda spans: any(one.name == "GET /flights" for one in spans), SAFE)


def test_the_map_comes_with_the_api(deployed, keys):
    request = Request(deployed.ministack.url + "/", headers={"Host": deployed.api_host})
    trusting = ssl.create_default_context(cafile=deployed.ministack.certificate)
    with urlopen(request, timeout=SAFE, context=trusting) as answer:
        assert answer.headers["Content-Type"].startswith("text/html")
        assert b'<main id="map">' in answer.read()


def test_pages_of_a_named_origin_may_ask_and_others_may_not(deployed, keys):
    gateway = deployed.client("apigatewayv2")
    (api,) = gateway.get_apis()["Items"]
    # MiniStack's CloudFormation keeps the template's spelling, which its gateway does not find.
    gateway.update_api(
        ApiId=api["ApiId"], CorsConfiguration=_in_the_template(deployed, "AWS::ApiGatewayV2::Api")["CorsConfiguration"]
    )
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key"}
    for origin, allowed in (("https://page.example", "https://page.example"), ("https://other.example", None)):
        preflight = headers_of(deployed, "/flights", {"Origin": origin} | asked, method="OPTIONS")
        answer = headers_of(deployed, "/flights", {"Origin": origin}, method="GET")
        assert preflight.get("Access-Control-Allow-Origin") == allowed
        assert answer.get_all("Access-Control-Allow-Origin") == ([allowed] if allowed else None)
        if allowed:
            assert "X-API-Key" in preflight["Access-Control-Allow-Headers"]
            assert "X-Total-Count" in answer["Access-Control-Expose-Headers"]


def _in_the_template(deployed, kind):
    template = deployed.client("cloudformation").get_template(StackName="flightdata-api-dev")["TemplateBody"]
    resources = (json.loads(template) if isinstance(template, str) else template)["Resources"].values()
    (found,) = [one["Properties"] for one in resources if one["Type"] == kind]
    return found


def headers_of(deployed, path, headers, method):
    request = Request(deployed.ministack.url + path, headers={"Host": deployed.api_host} | headers, method=method)
    trusting = ssl.create_default_context(cafile=deployed.ministack.certificate)
    try:
        return urlopen(request, timeout=SAFE, context=trusting).headers
    except HTTPError as refusal:
        return refusal.headers


def test_an_hour_that_fails_says_why_where_one_looks(deployed, keys):
    client, name = deployed.client("lambda"), "flightdata-analytics-processor-dev"
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    broken = variables | {"DYNAMODB_FLIGHTS_TABLE": "no-such-table"}
    sqs = deployed.client("sqs")
    queue = sqs.get_queue_url(QueueName="flightdata-failed-hours-dev")["QueueUrl"]
    client.update_function_configuration(FunctionName=name, Environment={"Variables": broken})
    try:
        client.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
        (message,) = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "word of the hour that failed")
    finally:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    deployed.ministack.refused()  # the table that is not there; the tests of grants ask too
    assert "the ledger was not read" in json.loads(message["Body"])["responsePayload"]["errorMessage"]


def test_on_aws_there_is_nothing_to_scrape(deployed, keys):
    with pytest.raises(OSError, match="404"):
        get(deployed, "/metrics")


def test_the_analytics_report_what_was_done(deployed, keys):
    answer = deployed.client("lambda").invoke(FunctionName="flightdata-analytics-processor-dev", Payload=b"{}")
    report = json.loads(answer["Payload"].read())["performance"]
    assert report["snapshots"] >= FRAMES
    assert report["rows"] == report["stored"] + report["superseded"] + sum(report["rejected"].values())


def test_what_the_bus_never_got_is_published_again_by_the_analytics_and_processed_once(deployed, collector, keys):
    analytics = "flightdata-analytics-processor-dev"
    settled = collector.ledger.settled() or time.time() - GRACE - 1
    lost, later = (snapshot(row("fedcba", seen=at), time=at, source="lost") for at in (settled + 0.001, time.time()))
    for one in (lost, later):
        collector.archive.put(one)
    collector.publisher.publish(archived(later))
    until(lambda: collector.ledger.find([later.key]), "the processing of a later one, whatever else waits in the queue")

    def published():
        return invoke(deployed, analytics, {})[1]["recovered"]["published"]

    assert until(published, "the publication") >= 1
    until(lambda: collector.ledger.find([lost.key]), "the processing of what was lost")
    assert collector.ledger.find([lost.key])[0].rows == 1
    assert published() == 0


def test_wrong_questions_are_told_so_by_the_gateway_too(deployed, keys):
    with pytest.raises(OSError, match="400"):
        get(deployed, "/flights?lamin=north")
