"""What commands say: data on stdout, messages on stderr, an exit code for scripts."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NoReturn

import orjson
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from flightdata.errors import (
    ConfigurationError,
    FlightDataError,
    NotFound,
    Poison,
    Throttled,
    Transient,
    Unauthorised,
)
from flightdata.settings import LogFormat, Settings
from flightdata.utils import logs
from flightdata.wiring import trace

messages = Console(stderr=True, highlight=False)

_NEVER_FOLDED = 1_000


def print_table(table: Table) -> None:
    """On stdout; as wide as it gets where no terminal limits it, so that it can be searched."""
    Console(width=None if sys.stdout.isatty() else _NEVER_FOLDED).print(table)


class Exit(IntEnum):
    """The exit codes that scripts can rely on."""

    OK = 0
    USAGE = 2
    NOT_FOUND = 3
    NOT_AUTHORISED = 4
    UPSTREAM = 5
    DEGRADED = 6


CODES: dict[type[FlightDataError], Exit] = {
    ConfigurationError: Exit.USAGE,
    NotFound: Exit.NOT_FOUND,
    Unauthorised: Exit.NOT_AUTHORISED,
    Throttled: Exit.UPSTREAM,
    Transient: Exit.UPSTREAM,
    Poison: Exit.DEGRADED,
}


def fail(message: str, code: Exit) -> NoReturn:
    """Say what is wrong and what to do, and stop."""
    messages.print(f"flightdata: {message}", style="red", markup=False, soft_wrap=True)
    raise SystemExit(code)


@contextmanager
def told() -> Iterator[None]:
    """Errors that we raise on purpose end the command with their message and code, without a traceback."""
    try:
        yield
    except FlightDataError as error:
        code = next((code for kind, code in CODES.items() if isinstance(error, kind)), Exit.USAGE)
        fail(str(error), code)
    except OSError as error:
        code = Exit.NOT_AUTHORISED if isinstance(error, PermissionError) else Exit.USAGE
        fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), code)


def settings(**given: Any) -> Settings:
    """The settings of the environment, and what was given on the command line (None: nothing) above them."""
    try:
        loaded = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        fail(f"setting {'.'.join(map(str, first['loc'])).upper()}: {first['msg']}", Exit.USAGE)
    except (OSError, UnicodeDecodeError) as error:
        fail(f".env cannot be read: {error}", Exit.USAGE)
    return loaded


def configure_logs(loaded: Settings, *, quiet_on_terminal: bool = False) -> None:
    """JSON when asked or when nobody reads along. `quiet_on_terminal`: there a progress bar says it instead.

    And traces, where the settings want them.
    """
    terminal = sys.stderr.isatty()
    as_json = loaded.log_format is LogFormat.JSON or (loaded.log_format is LogFormat.AUTO and not terminal)
    quiet = quiet_on_terminal and not as_json and loaded.log_level.upper() == "INFO"
    logs.configure("WARNING" if quiet else loaded.log_level, as_json=as_json, console=messages)
    trace(loaded)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode() + "\n")
