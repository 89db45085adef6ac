"""Lambda: a scheduled tick fetches what the sources have. `python handler.py` runs it on its sample event."""

from pathlib import Path
from typing import Any

from flightdata import triggers
from flightdata.functions import Function, start
from flightdata.wiring import house

start(Function.FETCHER)


def handler(_event: dict[str, Any], context: object) -> dict[str, Any]:
    stages = house()
    with triggers.invocation("tick", stages.time_left, context):
        return triggers.on_schedule(stages.fetch, stages.scheduled, stages.clock, triggers.left(context))


if __name__ == "__main__":
    from flightdata.cli.doors import run

    run(handler, Path(__file__).parent)
