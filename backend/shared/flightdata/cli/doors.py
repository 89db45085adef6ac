"""`flightdata invoke FUNCTION` and `python handler.py`: a Lambda function's handler, run here as Lambda runs it."""

import sys
import time
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import orjson
import typer

from flightdata.cli.output import Exit, configure_logs, fail, print_json, settings, told
from flightdata.errors import ConfigurationError, FlightDataError
from flightdata.functions import Function
from flightdata.settings import Backend
from flightdata.utils.logs import logger
from flightdata.wiring import PARIS, house

log = logger(__name__)

Handler = Callable[[dict[str, Any], object], Any]

_FUNCTIONS = Path(__file__).parents[3] / "functions"
_LONGEST_RUN = 300_000
"""ms"""


_SAMPLES = {
    Function.FETCHER: "schedule.json",
    Function.PROCESSOR: "snapshot-archived.json",
    Function.API: "flights-in-a-box.json",
    Function.ANALYTICS: "schedule.json",
}


class Context:
    """What Lambda tells a handler about this call."""

    def __init__(self, function: str) -> None:
        self.function_name = function
        self.function_version = "$LATEST"
        self.memory_limit_in_mb = "512"
        self.aws_request_id = str(uuid4())
        self._began = time.monotonic()

    def get_remaining_time_in_millis(self) -> int:
        return _LONGEST_RUN - round((time.monotonic() - self._began) * 1000)


def invoke(
    function: Annotated[Function, typer.Argument(show_default=False)],
    event: Annotated[
        Path | None,
        typer.Option(
            help="The event, a JSON file; - for stdin.  [default: the function's first sample]", show_default=False
        ),
    ] = None,
) -> None:
    """Run a Lambda function's handler here, as Lambda hands it an event, and print its answer as JSON.

    Settings come from the environment or .env: ENVIRONMENT=local works in DATA_DIR, the others on AWS. Samples of what
    Lambda sends are in backend/functions/FUNCTION/events/.
    """
    folder = _FUNCTIONS / function
    with told():
        if not (folder / "handler.py").is_file():
            raise ConfigurationError(f"{folder} is not there: the functions are in the repository, not in the package")
        configure_logs(settings())
        _answer(_handler(folder), event, folder)


def run(handler: Handler, folder: Path) -> None:
    """`python handler.py [EVENT]` in the function's `folder`."""
    with told():
        configure_logs(settings())
        _answer(handler, Path(sys.argv[1]) if len(sys.argv) > 1 else None, folder)


def _answer(handler: Handler, path: Path | None, folder: Path) -> None:
    function = Function(folder.name)
    if path is None:
        path = folder / "events" / _SAMPLES[function]
        if function is Function.PROCESSOR:
            _archive_sample()
    event = _event(path)
    try:
        answer = handler(event, Context(function))
    except (FlightDataError, OSError):
        raise
    except Exception as error:
        log.debug("the function raised", exc_info=True)
        fail(
            f"the function raised {type(error).__name__}: {error}; is {path} an event of {function}?"
            " LOG_LEVEL=DEBUG shows where",
            Exit.USAGE,
        )
    print_json(answer)


def _event(path: Path) -> dict[str, Any]:
    try:
        event = orjson.loads(sys.stdin.buffer.read() if path == Path("-") else path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        fail(f"{path}: no event ({error})", Exit.USAGE)
    if not isinstance(event, dict):
        fail(f"{path}: no event (a JSON object is)", Exit.USAGE)
    return event


def _archive_sample() -> None:
    """What the processor's sample event is about; on AWS nothing of ours is put among the data."""
    if house().settings.backend("archive") is Backend.EMBEDDED:
        house().archive.put(house().recordings([PARIS]).fetch())


def _handler(folder: Path) -> Handler:
    spec = spec_from_file_location("handler", folder / "handler.py")
    assert spec is not None  # noqa: S101, a .py file has one
    assert spec.loader is not None  # noqa: S101, and this too
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.handler
    return handler
