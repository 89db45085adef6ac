"""Lambda: a batch of queue messages into the live picture. `python handler.py` runs it on its sample event."""

from pathlib import Path
from typing import Any

from flightdata import triggers
from flightdata.functions import Function, start
from flightdata.wiring import house

start(Function.PROCESSOR)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    stages = house()
    with triggers.invocation("snapshots", stages.time_left, context):
        return triggers.on_snapshots(
            stages.process,
            stages.queue,
            stages.metrics,
            event,
            stages.time_left,
            max_attempts=stages.settings.queue_max_attempts,
        )


if __name__ == "__main__":
    from flightdata.cli.doors import run

    run(handler, Path(__file__).parent)
