"""Errors as `application/problem+json` (RFC 9457): one table from error to status, never a traceback."""

from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from flightdata.errors import BadRequest, ClientError, NotFound, Throttled, Transient, Unauthorised
from flightdata.utils.logs import logger

log = logger(__name__)

STATUS: dict[type[ClientError], tuple[int, str]] = {
    BadRequest: (400, "Bad request"),
    Unauthorised: (401, "Not authorised"),
    NotFound: (404, "Not found"),
    Throttled: (429, "Too many requests"),
}


class Problem(BaseModel):
    """What every error answer looks like."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    parameter: str | None = None


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """`more`: further members, such as `parameter`; None is left out. No cache on the way keeps it."""
    members = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    members |= {name: value for name, value in more.items() if value is not None}
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(members), status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Let `app` answer every error as a problem."""
    app.add_exception_handler(ClientError, _client_error)
    app.add_exception_handler(Transient, _unavailable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)


async def _client_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ClientError)  # noqa: S101, as registered
    status, title = next(row for kind, row in STATUS.items() if isinstance(error, kind))
    response = problem(status, title, str(error), parameter=error.parameter)
    if isinstance(error, Throttled):
        response.headers["Retry-After"] = str(round(error.retry_after))
    if isinstance(error, Unauthorised):
        response.headers["WWW-Authenticate"] = 'Bearer realm="flightdata"'
    return response


async def _unavailable(_: Request, error: Exception) -> Response:
    assert isinstance(error, Transient)  # noqa: S101, as registered
    log.warning("what a request needs does not answer", reason=str(error))
    response = problem(503, "Unavailable", "something that this needs does not answer; try again")
    response.headers["Retry-After"] = str(round(error.retry_after or 1))
    return response


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101, as registered
    first = error.errors()[0]
    place = [str(part) for part in first["loc"][1:]]  # the first says whether it is of the query or the path
    parameter = place[0] if place else first.get("ctx", {}).get("parameter")
    if first["type"] == "extra_forbidden":
        detail = f"there is no parameter {parameter!r} here; see /docs"
    else:
        message = str(first["msg"]).removeprefix("Value error, ")
        detail = f"{place[0]}: {message}" if place else message
    return problem(400, "Bad request", detail, parameter=parameter)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101, as registered
    if error.status_code == 404:  # noqa: PLR2004
        return problem(404, "Not found", f"there is no {request.url.path} here; see /docs")
    response = problem(error.status_code, str(error.detail), f"{request.method} {request.url.path}: {error.detail}")
    response.headers.update(error.headers or {})
    return response


def our_mistake() -> Response:
    """What a client is told of an exception that nobody expected."""
    return problem(500, "Internal error", "this is our mistake; the log of the server says more")
