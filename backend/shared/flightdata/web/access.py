"""Keys of the API: `Authorization: Bearer KEY` or `X-API-Key: KEY`, never in an address, which logs keep."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from flightdata.errors import Unauthorised
from flightdata.pipeline.access import Access

HEADERS = ("Authorization", "X-API-Key")

_BEARER = HTTPBearer(auto_error=False, description="`flightdata keys create` makes one")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="the same, for those who prefer it")

Guard = Callable[..., Awaitable[None]]


def guard(access: Access) -> Guard:
    """A dependency that lets in who shows a good key."""

    async def check(
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
        header: Annotated[str | None, Depends(_HEADER)],
    ) -> None:
        text = bearer.credentials if bearer else header
        if not text:
            raise Unauthorised("this needs a key: Authorization: Bearer KEY, or X-API-Key: KEY")
        if access.remembers(text):
            access.check(text)
        else:
            await run_in_threadpool(access.check, text)

    return check
