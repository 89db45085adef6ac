"""Every request has an id: the client's `X-Request-ID` or a new one. It comes back and stands on each log line."""

import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flightdata.utils.logs import correlation_id, logger, new_correlation_id
from flightdata.web.problems import our_mistake

log = logger(__name__)

HEADER = "X-Request-ID"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIds:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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

        with correlation_id(identity):
            try:
                await self._app(scope, receive, send_with_id)
            except Exception as error:
                log.exception("request failed", path=scope["path"], reason=str(error))
                if status:
                    raise
                await our_mistake()(scope, receive, send_with_id)
            finally:
                took = round((time.perf_counter() - started) * 1000, 3)
                log.debug("request", method=scope["method"], path=scope["path"], status=status, milliseconds=took)
