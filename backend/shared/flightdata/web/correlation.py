"""Every request has an id: the client's `X-Request-ID` or a new one. It comes back and stands on each log line."""

import re
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flightdata.pipeline.watch import Watch
from flightdata.utils.logs import correlation_id, logger, new_correlation_id
from flightdata.utils.tracing import span
from flightdata.web.problems import our_mistake

log = logger(__name__)

HEADER = "X-Request-ID"
_MONITORS = ("/health/", "/metrics")
_METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}
_OURS = 500
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIds:
    """ASGI middleware. Each request is also a span, and counted where somebody watches."""

    def __init__(self, app: ASGIApp, watch: Watch | None = None) -> None:
        self._app = app
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        identity = given if _ACCEPTABLE.fullmatch(given) else new_correlation_id()
        started, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = identity
            await send(message)

        with correlation_id(identity), _traced(scope) as traced:
            try:
                await self._app(scope, receive, send_with_id)
            except Exception as error:
                log.exception("request failed", path=scope["path"], reason=str(error))
                if status:
                    raise
                await our_mistake()(scope, receive, send_with_id)
            finally:
                took = time.perf_counter() - started
                shown = round(took * 1000, 3)
                log.debug("request", method=scope["method"], path=scope["path"], status=status, milliseconds=shown)
                if self._watch is not None:
                    self._watch.answered(_method(scope), route(scope), status, took)
                _said(traced, scope, status)


def route(scope: Scope) -> str:
    """The template of the path, as `/flights/{icao24}`; `/*` for files of the map and what there is not."""
    return str(getattr(scope.get("route"), "path", "/*"))


def _method(scope: Scope) -> str:
    """Anybody may invent methods; each would be a series of its own."""
    return scope["method"] if scope["method"] in _METHODS else "other"


def _traced(scope: Scope) -> AbstractContextManager[Any]:
    """A span, part of the client's trace if it has one. Not for the questions of monitors, every few seconds."""
    if scope["path"].startswith(_MONITORS):
        return nullcontext()
    parent = Headers(scope=scope).get("traceparent")
    return span(_method(scope), kind="server", parent=parent, **{"http.request.method": _method(scope)})


def _said(traced: Any, scope: Scope, status: int) -> None:
    if traced is None:
        return
    traced.rename(f"{_method(scope)} {route(scope)}")
    traced.note(**{"http.route": route(scope), "http.response.status_code": status})
    if status >= _OURS or not status:
        traced.fail(f"answered {status}" if status else "not answered")
