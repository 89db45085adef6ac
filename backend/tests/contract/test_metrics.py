"""What every Metrics promises: to take figures, and never to fail."""

import io
import json

import pytest
from samples import NOW

from flightdata.backends.metrics.emf import EmfMetrics
from flightdata.backends.metrics.log import LogMetrics

FIGURES = {"FlightsProcessed": 12_341, "FlightsRejected": 0}


@pytest.mark.parametrize("metrics", [LogMetrics(), EmfMetrics("dev", lambda: NOW)])
@pytest.mark.parametrize("figures", [FIGURES, {}])
def test_figures_are_taken(metrics, figures):
    metrics.count(figures)


def test_a_line_of_the_embedded_metric_format_names_what_it_holds():
    out = io.StringIO()
    EmfMetrics("dev", lambda: NOW, out).count(FIGURES)
    assert json.loads(out.getvalue()) == {
        "_aws": {
            "Timestamp": NOW * 1000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "FlightDataPipeline",
                    "Dimensions": [["Environment"]],
                    "Metrics": [
                        {"Name": "FlightsProcessed", "Unit": "Count"},
                        {"Name": "FlightsRejected", "Unit": "Count"},
                    ],
                }
            ],
        },
        "Environment": "dev",
        **FIGURES,
    }
    assert out.getvalue().count("\n") == 1
