"""Lambda: scheduled analytics. `python handler.py` runs it on its sample event."""

from pathlib import Path
from typing import Any

from flightdata import triggers
from flightdata.functions import Function, start
from flightdata.wiring import house

start(Function.ANALYTICS)


def handler(_event: dict[str, Any], context: object) -> dict[str, Any]:
    stages = house()
    with triggers.invocation("analytics", stages.time_left, context):
        return triggers.on_analytics(stages.analyze, stages.recover, stages.keep)


if __name__ == "__main__":
    from flightdata.cli.doors import run

    run(handler, Path(__file__).parent)
