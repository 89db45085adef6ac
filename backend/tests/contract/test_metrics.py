"""What every Metrics promises: to take every figure of the vocabulary, in whole or in parts, and never to fail."""

import io
import json

import pytest
from fakes import MemoryMetrics
from prometheus_client.parser import text_string_to_metric_families
from samples import NOW

from flightdata.backends.metrics.emf import EmfMetrics
from flightdata.backends.metrics.prometheus import PrometheusMetrics
from flightdata.models.credits import Failure
from flightdata.models.figures import FIGURE, FIGURES, Kind, Reading
from flightdata.ports import NoMetrics

METRICS = [PrometheusMetrics, NoMetrics, MemoryMetrics, lambda: EmfMetrics("dev", lambda: NOW, io.StringIO())]


@pytest.mark.parametrize("make", METRICS)
@pytest.mark.parametrize("figure", FIGURES, ids=lambda one: one.name)
def test_every_figure_is_taken(make, figure):
    metrics = make()
    part = figure.by if len(figure.by) > 1 else "".join(figure.by)
    take = metrics.count if figure.kind is Kind.COUNT else metrics.observe
    take({figure.name: {part: 2.5} if figure.by else 2.5})
    take({figure.name: {} if figure.by else 0})
    take({})


@pytest.mark.parametrize("make", METRICS)
def test_a_part_may_be_the_word_of_an_enumeration(make):
    make().count({"FetchFailures": {Failure.OUTAGE: 1}})


def written(**figures):
    out = io.StringIO()
    EmfMetrics("dev", lambda: NOW, out).count(figures)
    assert out.getvalue().count("\n") <= 1
    return json.loads(out.getvalue() or "null")


def test_a_line_of_the_embedded_metric_format_names_what_it_holds():
    assert written(FlightsProcessed=12_341, ProcessSeconds=0.5) == {
        "_aws": {
            "Timestamp": NOW * 1000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "FlightDataPipeline",
                    "Dimensions": [["Environment"]],
                    "Metrics": [
                        {"Name": "FlightsProcessed", "Unit": "Count"},
                        {"Name": "ProcessSeconds", "Unit": "Seconds"},
                    ],
                }
            ],
        },
        "Environment": "dev",
        "FlightsProcessed": 12_341,
        "ProcessSeconds": 0.5,
    }


def test_the_parts_of_a_figure_are_properties_there_and_cost_no_metric():
    line = written(QualityFlags={"stale": 3, "null_island": 1})
    (about,) = line["_aws"]["CloudWatchMetrics"]
    assert (about["Dimensions"], about["Metrics"]) == ([["Environment"]], [{"Name": "QualityFlags", "Unit": "Count"}])
    assert (line["QualityFlags"], line["QualityFlagsByRule"]) == (4, {"stale": 3, "null_island": 1})


def test_a_part_that_is_the_word_of_an_enumeration_is_told_by_that_word():
    assert written(FetchFailures={Failure.OUTAGE: 2})["FetchFailuresByKind"] == {"outage": 2}


def test_what_aws_measures_itself_is_not_written_there():
    assert written(Requests={("GET", "/flights", "200"): 1}) is None


def scraped(metrics, *readings):
    """Sample → value, read by Prometheus' own parser; our samples only."""
    families = list(text_string_to_metric_families(metrics.text(readings).decode()))
    assert len({one.name for one in families}) == len(families)
    return {
        (sample.name.removeprefix("flightdata_"), *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if sample.name.startswith("flightdata_")
    }


def test_what_was_counted_and_measured_is_scraped():
    metrics = PrometheusMetrics()
    for _ in range(2):
        metrics.count({"QualityFlags": {"stale": 3}, "SnapshotsArchived": 1, "FetchFailures": {"outage": 1}})
        metrics.observe({"ProcessSeconds": 0.2})
    found = scraped(metrics)
    assert found["quality_flags_total", "stale"] == 6
    assert found["snapshots_archived_total",] == 2
    assert found["fetch_failures_total", "outage"] == 2
    assert found["process_duration_seconds_bucket", "0.25"] == found["process_duration_seconds_count",] == 2
    assert found["process_duration_seconds_sum",] == pytest.approx(0.4)


def test_what_is_durable_is_read_and_never_counted_beside():
    metrics = PrometheusMetrics()
    metrics.count({"SnapshotsProcessed": 5, "FlightsRejected": {"no_icao24": 1}})
    assert not any(name[0].startswith(("snapshots_processed", "rows")) for name in scraped(metrics))
    found = scraped(
        metrics, Reading("SnapshotsProcessed", 9), Reading("Rows", 7, ("stored",)), Reading("PictureAge", 3)
    )
    assert found["snapshots_processed_total",] == 9
    assert found["rows_total", "stored"] == 7
    assert found["picture_age_seconds",] == 3


def test_a_label_may_be_anything():
    name = 'a "quoted" \\ name\nof two lines'
    assert scraped(PrometheusMetrics(), Reading("SourceUp", 0, (name,)))["source_up", name] == 0


def test_names_are_as_prometheus_wants_them_and_given_once():
    names = [one.exported for one in FIGURES if one.exported]
    assert len(set(names)) == len(names)
    assert len(FIGURE) == len(FIGURES)
    for one in FIGURES:
        if one.exported:
            assert one.exported.startswith("flightdata_")
            assert not one.exported.endswith(("_total", "_count", "_sum", "_bucket"))
            assert (one.kind is Kind.DURATION) == one.exported.endswith("_duration_seconds")
        assert one.exported or one.cloud
        assert not (one.cloud and len(one.by) > 1)
