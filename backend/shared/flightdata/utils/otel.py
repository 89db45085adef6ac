"""Spans by OpenTelemetry's SDK, sent as OTLP: to a collector over HTTP, or to the X-Ray daemon beside a function.

Only `tracing.start` imports this. The two ways out are ours: OpenTelemetry's HTTP exporter brings a second HTTP client
(requests, urllib3), whose time-outs are per wait; `utils.http` has a deadline. See docs/decisions/0021-traces.md.
"""

import base64
import secrets
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from threading import Thread
from types import TracebackType
from typing import Any, Self

import structlog
from opentelemetry import context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider, sampling
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, SpanKind, StatusCode, Tracer, get_current_span, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers

from flightdata.errors import ConfigurationError, FlightDataError, NotDue, Transient
from flightdata.utils.http import Http
from flightdata.utils.logs import logger

log = logger(__name__)

_OK = range(200, 300)
_LONGEST_TEXT = 512
_REQUEST_SPANS = 512
_DATAGRAM_SPANS = 10
"""Spans of ours have less than 1 KB, so that so many fit in a datagram (64 KB) however encoded."""

_propagator = TraceContextTextMapPropagator()


class _Ids(RandomIdGenerator):
    """X-Ray's ids begin with the time in s, in 32 bits. To everybody else they are as good as any."""

    def generate_trace_id(self) -> int:
        return int(time.time()) << 96 | secrets.randbits(96)


class RecordedSpan:
    """A span that is sent when it ends. Used once, as a context manager."""

    def __init__(self, tracer: Tracer, name: str, parent: context.Context | None, **about: Any) -> None:
        self._tracer = tracer
        self._name = name
        self._parent = parent
        self._about = about

    def __enter__(self) -> Self:
        self._span = self._tracer.start_span(self._name, self._parent, **self._about)
        self._outside = context.attach(set_span_in_context(self._span, self._parent))
        ours, around = self._span.get_span_context(), structlog.contextvars.get_contextvars()
        if identity := around.get("correlation_id"):
            self._span.set_attribute("correlation_id", identity)
        self._unbound = structlog.contextvars.bind_contextvars(
            trace_id=f"{ours.trace_id:032x}", span_id=f"{ours.span_id:016x}"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        structlog.contextvars.reset_contextvars(**self._unbound)
        context.detach(self._outside)
        if error is not None and not isinstance(error, NotDue):
            self.fail(f"{type(error).__name__}: {error}")
        self._span.end()

    @property
    def traceparent(self) -> str | None:
        return _written(set_span_in_context(self._span))

    def note(self, **attributes: Any) -> None:
        """More about what was done."""
        self._span.set_attributes(attributes)

    def rename(self, name: str) -> None:
        """A better name, known only now."""
        self._span.update_name(name)

    def fail(self, reason: str) -> None:
        """It went wrong, without an exception."""
        self._span.set_status(StatusCode.ERROR, reason[:_LONGEST_TEXT])


class Tracing:
    """`export`: a `tracing.Export`."""

    def __init__(self, export: Any) -> None:
        about = {
            "service.name": export.service,
            "service.version": export.version,
            "deployment.environment.name": export.environment,
        }
        self._provider = TracerProvider(
            sampler=_sampler(export.sampler, export.ratio),
            resource=Resource(about),
            id_generator=_Ids(),
            span_limits=SpanLimits(max_span_attribute_length=_LONGEST_TEXT),
        )
        self._provider.add_span_processor(BatchSpanProcessor(_exporter(export)))
        self._tracer = self._provider.get_tracer("flightdata", export.version)

    def span(
        self, name: str, kind: str, parent: str | None, links: Iterable[str | None], attributes: Mapping[str, Any]
    ) -> RecordedSpan:
        linked = [get_current_span(_read(one)).get_span_context() for one in links if one]
        return RecordedSpan(
            self._tracer,
            name,
            _read(parent) if parent else None,
            kind=SpanKind[kind.upper()],
            links=[Link(one) for one in linked if one.is_valid],
            attributes=attributes,
        )

    def traceparent(self) -> str | None:
        return _written(None)

    def flush(self, within: float) -> None:
        """In a thread of its own: the SDK's flush sends as long as there is something, whatever time-out it is told."""
        sending = Thread(target=self._provider.force_flush, name="flush", daemon=True)
        sending.start()
        sending.join(within)

    def stop(self) -> None:
        self._provider.shutdown()


class Exporter(SpanExporter):
    """Spans as OTLP, some at a time, by `way`. What cannot be sent is lost, and that is said once."""

    def __init__(self, way: "OverHttp | ToXray", at_once: int) -> None:
        self._way = way
        self._at_once = at_once
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            for first in range(0, len(spans), self._at_once):
                self._way.send(encode_spans(spans[first : first + self._at_once]).SerializeToString())
        except (FlightDataError, OSError) as error:
            (log.debug if self._failing else log.warning)("traces are lost", spans=len(spans), reason=str(error))
            self._failing = True
            return SpanExportResult.FAILURE
        self._failing = False
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._way.close()


class OverHttp:
    """To a collector: OTLP/HTTP, protobuf."""

    def __init__(self, endpoint: str, headers: str, timeout: float) -> None:
        self._url = f"{endpoint.rstrip('/')}/v1/traces"
        self._headers = {**parse_env_headers(headers, liberal=True), "Content-Type": "application/x-protobuf"}
        self._http = Http(timeout=timeout)

    def send(self, message: bytes) -> None:
        answer = self._http.post_bytes(self._url, message, headers=self._headers)
        if answer.status not in _OK:
            raise Transient(f"the collector answers {answer.status}")

    def close(self) -> None:
        self._http.close()


class ToXray:
    """To the X-Ray daemon, as AWS's own distribution of OpenTelemetry sends from Lambda: a datagram, no answer.

    Layout: the daemon's header, a line of JSON; then `T1S` (a sampled trace) and OTLP in base64.
    """

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        if not (host and port.isdecimal()):
            raise ConfigurationError(f"AWS_XRAY_DAEMON_ADDRESS {address}: it looks like host:port")
        self._place = (host, int(port))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003, that is its signature

    def send(self, message: bytes) -> None:
        self._socket.sendto(b'{"format":"json","version":1}\nT1S' + base64.b64encode(message), self._place)

    def close(self) -> None:
        self._socket.close()


def _exporter(export: Any) -> Exporter:
    if export.endpoint:
        return Exporter(OverHttp(export.endpoint, export.headers, export.timeout), at_once=_REQUEST_SPANS)
    return Exporter(ToXray(export.xray_daemon), at_once=_DATAGRAM_SPANS)


def _sampler(name: str, ratio: float) -> sampling.Sampler:
    """By OpenTelemetry's names."""
    roots: dict[str, sampling.Sampler] = {
        "always_on": sampling.ALWAYS_ON,
        "always_off": sampling.ALWAYS_OFF,
        "traceidratio": sampling.TraceIdRatioBased(ratio),
    }
    root = roots[name.removeprefix("parentbased_")]
    return sampling.ParentBased(root) if name.startswith("parentbased_") else root


def _read(traceparent: str | None) -> context.Context:
    """Of what is no traceparent, a context without a span."""
    return _propagator.extract({"traceparent": traceparent or ""}, context.Context())


def _written(where: context.Context | None) -> str | None:
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, where)
    return carrier.get("traceparent")
