"""Lambda: API Gateway requests to the web application. `python handler.py` runs it on its sample event."""

from functools import cache
from pathlib import Path
from typing import Any

from mangum import Mangum

from flightdata import triggers
from flightdata.wiring import house


@cache
def _gateway() -> Mangum:
    return Mangum(house().app(), lifespan="off")


def handler(event: Any, context: Any) -> Any:
    stages = house()
    with triggers.invocation("request"):
        stages.query.refresh()
        return _gateway()(event, context)


if __name__ == "__main__":
    from flightdata.cli.doors import run

    run(handler, Path(__file__).parent)
