"""`/metrics` as Prometheus reads it, of a pipeline that ran."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.serving import problem, serving
from prometheus_client.parser import text_string_to_metric_families

from flightdata.models.figures import FIGURES, Kind
from flightdata.pipeline.work import work
from flightdata.settings import Settings
from flightdata.wiring import PARIS, House

FRAMES = 3
OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"


@pytest.fixture
def house(tmp_path):
    with closing(House(Settings(_env_file=None, data_dir=tmp_path, dashboard_dir=tmp_path))) as made:
        yield made


def ran(house):
    recording = house.recordings([PARIS])
    for _ in range(FRAMES):
        house.fetch.tick(recording)
    assert len(work(house.queue, house.process).accounts) == FRAMES
    return house.ledger.totals()


def scrape(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_what_is_scraped_is_what_happened(house):
    totals = ran(house)
    with serving(house.app()) as client:
        found = scrape(client)
    assert found["flightdata_rows_total", "stored"] == totals.stored > 0
    assert found["flightdata_rows_total", "superseded"] == totals.superseded
    rejected = sum(value for (name, *_), value in found.items() if name == "flightdata_rows_rejected_total")
    assert found["flightdata_rows_total", "rejected"] == rejected == sum(totals.rejected.values())
    assert found["flightdata_snapshots_archived_total",] == found["flightdata_snapshots_processed_total",] == FRAMES
    assert found["flightdata_process_duration_seconds_count",] == 1
    assert found["flightdata_fetch_duration_seconds_count",] == FRAMES
    assert found["flightdata_picture_aircraft",] == house.live.latest().aircraft
    assert found["flightdata_picture_age_seconds",] > 0
    assert found["flightdata_queue_messages", "waiting"] == 0
    assert found["flightdata_source_up", house.health.sources()[0].name] == 1
    assert found["process_resident_memory_bytes",] > 0


def test_another_process_tells_the_durable_figures_and_counts_its_own(house, tmp_path):
    ran(house)
    with (
        closing(House(Settings(_env_file=None, data_dir=tmp_path))) as other,
        serving(house.app()) as client,
        serving(other.app()) as beside,
    ):
        here, there = scrape(client), scrape(beside)
    durable = [key for key in here if key[0].startswith(("flightdata_rows", "flightdata_snapshots_processed"))]
    assert durable
    assert [here[key] for key in durable] == [there[key] for key in durable]
    assert there["flightdata_snapshots_archived_total",] == 0


def test_requests_are_counted_by_the_route_and_not_by_what_a_client_invents(house):
    with serving(house.app()) as client:
        for path in ("/flights", "/flights?limit=0", "/flights/abcdef", "/flights/abcdee", "/wp-admin", "/wp-login"):
            client.get(path)
        client.request("INVENTED", "/flights")
        found = scrape(client)
    requests = {key[1:]: value for key, value in found.items() if key[0] == "flightdata_http_requests_total"}
    del requests["GET", "/health/live", "200"]  # of who waited for the server
    assert requests == {
        ("GET", "/flights", "200"): 1,
        ("GET", "/flights", "400"): 1,
        ("GET", "/flights/{icao24}", "404"): 2,
        ("GET", "/*", "404"): 2,
        ("other", "/flights", "405"): 1,
    }
    assert found["flightdata_http_request_duration_seconds_count", "/flights/{icao24}"] == 2


def test_answers_that_were_there_are_counted(house):
    with serving(house.app()) as client:
        tags = [client.get("/flights").headers["etag"] for _ in range(3)]
        client.get("/flights", headers={"If-None-Match": tags[0]})
        found = scrape(client)
    assert found["flightdata_cache_misses_total", "answer"] == 1
    assert found["flightdata_cache_hits_total", "answer"] == 2
    assert found["flightdata_cache_hits_total", "unchanged"] == 1


def figures(capsys):
    """The lines of the embedded metric format on stdout; until logs are configured they are there too."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]


def test_in_a_function_figures_go_to_cloudwatch_and_there_is_nothing_to_scrape(tmp_path, capsys):
    settings = {"data_dir": tmp_path, "backends": {"metrics": "aws"}}
    with closing(House(Settings(_env_file=None, aws_lambda_function_name="all", **settings))) as house:
        totals = ran(house)
        with serving(house.app()) as client:
            problem(client.get("/metrics"), 404)
    lines = figures(capsys)
    assert sum(line.get("SnapshotsArchived", 0) for line in lines) == FRAMES
    assert sum(line.get("FlightsStored", 0) for line in lines) == totals.stored
    written = {one["Name"] for line in lines for one in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert written <= {one.name for one in FIGURES if one.cloud}


def test_stdout_of_a_command_that_works_on_aws_has_no_figures(tmp_path, capsys):
    with closing(House(Settings(_env_file=None, data_dir=tmp_path, backends={"metrics": "aws"}))) as house:
        ran(house)
    assert figures(capsys) == []


def test_every_figure_is_in_the_documents():
    documented = OPERATIONS.read_text("utf-8")
    for one in FIGURES:
        name = f"{one.exported}_total" if one.kind is Kind.COUNT else one.exported
        if one.cloud:
            assert f"`{one.name}`" in documented
        if one.exported:
            labels = f"{{{','.join(one.by)}}}" if one.by else ""
            assert f"`{name}{labels}`" in documented
