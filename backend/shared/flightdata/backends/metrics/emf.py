"""Figures for CloudWatch, in its embedded metric format: one JSON line on stdout, which Lambda sends to the log.

Source: AWS, "Specification: Embedded metric format". No call to anywhere, so nothing that can fail or wait.
"""

import sys
from collections.abc import Mapping
from typing import Any, TextIO

import orjson

from flightdata.models.figures import FIGURE, Kind
from flightdata.ports import Clock, Number

NAMESPACE = "FlightDataPipeline"

_UNITS = {Kind.COUNT: "Count", Kind.DURATION: "Seconds"}
_STATES = {"PictureAge": "Seconds"}


class EmfMetrics:
    """Metrics with the dimension `Environment`. The parts of a figure are a property of its line, as
    `QualityFlagsByRule`: CloudWatch Logs Insights finds them, and they cost no metric each.
    """

    def __init__(self, environment: str, clock: Clock, out: TextIO | None = None) -> None:
        self._environment = environment
        self._clock = clock
        self._out = out

    def count(self, figures: Mapping[str, Number]) -> None:
        self._write({name: number for name, number in figures.items() if FIGURE[name].cloud})

    observe = count

    def _write(self, figures: Mapping[str, Number]) -> None:
        if not figures:
            return
        names = [{"Name": name, "Unit": _unit(name)} for name in figures]
        about = {"Namespace": NAMESPACE, "Dimensions": [["Environment"]], "Metrics": names}
        line: dict[str, Any] = {
            "_aws": {"Timestamp": int(self._clock() * 1000), "CloudWatchMetrics": [about]},
            "Environment": self._environment,
        }
        for name, number in figures.items():
            if isinstance(number, Mapping):
                line[name] = sum(number.values())
                line[f"{name}By{FIGURE[name].by[0].title()}"] = {str(part): count for part, count in number.items()}
            else:
                line[name] = number
        print(orjson.dumps(line).decode(), file=self._out or sys.stdout, flush=True)


def _unit(name: str) -> str:
    return _STATES.get(name) or _UNITS.get(FIGURE[name].kind, "Count")
