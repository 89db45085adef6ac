"""Lambda: API Gateway requests to the web application. `python handler.py` runs it on its sample event."""

from pathlib import Path
from typing import Any

from flightdata import triggers
from flightdata.functions import Function, start
from flightdata.wiring import house

LOOK = 5.0
"""Seconds: if by then it is not known what is new, the request is answered from what is there."""

start(Function.API)


def handler(event: Any, context: Any) -> Any:
    stages = house()
    with triggers.invocation("request", stages.time_left, context):
        with stages.time_left.within(LOOK):
            stages.query.look()
        return stages.gateway(event, context)


if __name__ == "__main__":
    from flightdata.cli.doors import run

    run(handler, Path(__file__).parent)
