"""Figures for CloudWatch, in its embedded metric format: one JSON line on stdout, which Lambda sends to the log.

Source: AWS, "Specification: Embedded metric format". No call to anywhere, so nothing that can fail or wait.
"""

import sys
from collections.abc import Mapping
from typing import TextIO

import orjson

from flightdata.ports import Clock

NAMESPACE = "FlightDataPipeline"


class EmfMetrics:
    """Metrics with the dimension `Environment`."""

    def __init__(self, environment: str, clock: Clock, out: TextIO | None = None) -> None:
        self._environment = environment
        self._clock = clock
        self._out = out

    def count(self, figures: Mapping[str, float]) -> None:
        names = [{"Name": name, "Unit": "Count"} for name in figures]
        about = {"Namespace": NAMESPACE, "Dimensions": [["Environment"]], "Metrics": names}
        line = {
            "_aws": {"Timestamp": int(self._clock() * 1000), "CloudWatchMetrics": [about]},
            "Environment": self._environment,
            **figures,
        }
        print(orjson.dumps(line).decode(), file=self._out or sys.stdout, flush=True)
