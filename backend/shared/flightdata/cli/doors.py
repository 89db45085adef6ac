"""`python handler.py`: a Lambda function's handler, run here on its sample event."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from flightdata.cli.output import Exit, configure_logs, fail, print_json, settings, told

Handler = Callable[[dict[str, Any], object], Any]


def run(handler: Handler, sample: Path) -> None:
    """Print what `handler` answers to the event in `sample`, or in the file named on the command line."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else sample
    configure_logs(settings())
    try:
        event = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        fail(f"{path}: no event ({error})", Exit.USAGE)
    with told():
        print_json(handler(event, None))
