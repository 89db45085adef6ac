"""Structured logs: one JSON object a line for machines, a readable line for people.

`correlation_id(…)` puts an id on every line that is logged inside it, so that one snapshot can be followed through
all stages.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog

if TYPE_CHECKING:
    from rich.console import Console

_SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
)


def configure(level: str, *, as_json: bool, console: "Console | None" = None) -> None:
    """Send the logs of the whole process, the libraries' included, to stderr."""
    handler = _json_handler() if as_json else _console_handler(console)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> Any:
    """The logger of a module. `log.info("what happened", number=3)`."""
    return structlog.stdlib.get_logger(name)


def new_correlation_id() -> str:
    return uuid4().hex


@contextmanager
def correlation_id(value: str) -> Iterator[None]:
    """Every line logged inside carries `correlation_id=value`."""
    with structlog.contextvars.bound_contextvars(correlation_id=value):
        yield


def _json_handler() -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                structlog.processors.EventRenamer("message"),
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    return handler


def _console_handler(console: "Console | None") -> logging.Handler:
    # For terminals only: a Lambda function need not carry it.
    from rich.console import Console  # noqa: PLC0415
    from rich.logging import RichHandler  # noqa: PLC0415

    handler = RichHandler(
        console=console or Console(stderr=True), show_path=False, log_time_format="%H:%M:%S", rich_tracebacks=True
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _readable],
        )
    )
    return handler


def _readable(_: Any, __: str, event: structlog.typing.EventDict) -> str:
    """`what happened  number=3`; what only machines want is left out."""
    exception = event.pop("exc_info", None)  # the handler prints it
    hidden = {"level", "logger", "correlation_id", "trace_id", "span_id", "event"} | (
        {"key"} if event["level"] == "info" else set()
    )
    details = " ".join(f"{key}={value}" for key, value in event.items() if key not in hidden)
    if exception and exception is not True and not isinstance(exception, tuple):
        details += f" ({exception})"
    return f"{event['event']}  {details}".rstrip()
