"""Traces: what was done, how long it took and what it was part of. `with span("archive", size=3): …`

Off until `start`: a span is then always the same object, which costs next to nothing, and OpenTelemetry is not even
imported. A span is part of the one around it in its thread, or of the one whose W3C `traceparent` it is given; that
text also travels in messages. Log lines inside a span carry its `trace_id` and `span_id`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from flightdata.errors import ConfigurationError

if TYPE_CHECKING:
    from flightdata.utils.otel import RecordedSpan, Tracing

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool


@dataclass(frozen=True)
class Export:
    """Where traces go, and which.

    `endpoint`: an OTLP/HTTP collector, as `http://localhost:4318`; `headers` (which may be secret) as `a=b,c=d`.
    `xray_daemon`: `host:port` of the X-Ray daemon that Lambda runs, where there is no endpoint. `sampler` and `ratio`
    as OpenTelemetry names them. `timeout`: seconds after which a collector that does not answer is given up.
    """

    service: str
    endpoint: str | None = None
    headers: str = field(default="", repr=False)
    xray_daemon: str | None = None
    sampler: str = "parentbased_always_on"
    ratio: float = 1.0
    environment: str = "local"
    version: str = ""
    timeout: float = 2.0


class NoSpan:
    """What a span is while nothing is traced."""

    traceparent: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def note(self, **attributes: Value) -> None:
        """More about what was done."""

    def rename(self, name: str) -> None:
        """A better name, known only now."""

    def fail(self, reason: str) -> None:
        """It went wrong, without an exception."""


_NO_SPAN = NoSpan()
_tracing: "Tracing | None" = None


def start(export: Export) -> None:
    """Trace from now on, the whole process. Raises ConfigurationError without OpenTelemetry."""
    global _tracing  # noqa: PLW0603, as the logs are: one for the whole process
    try:
        from flightdata.utils.otel import Tracing  # noqa: PLC0415, who does not trace need not have it
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"traces need {error.name}; install flightdata[otel]") from error
    stop()
    _tracing = Tracing(export)


def stop() -> None:
    """Send what is left, and trace no more."""
    global _tracing  # noqa: PLW0603, see above
    if _tracing is not None:
        _tracing.stop()
    _tracing = None


def flush(within: float) -> None:
    """Send what is finished now, for those who may be frozen afterwards. Never longer than `within` seconds."""
    if _tracing is not None:
        _tracing.flush(within)


def span(
    name: str,
    *,
    kind: Kind = "internal",
    parent: str | None = None,
    links: Iterable[str | None] = (),
    **attributes: Value,
) -> "NoSpan | RecordedSpan":
    """A context manager around what is done. `parent` and `links` are traceparents; None: not known."""
    if _tracing is None:
        return _NO_SPAN
    return _tracing.span(name, kind, parent, links, attributes)


def traceparent() -> str | None:
    """Of the span we are in; None outside of any."""
    return None if _tracing is None else _tracing.traceparent()
