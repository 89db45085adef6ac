"""The web application: routes, problems, the map, and a thread that keeps the live index fresh."""

import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline

from flightdata import __version__
from flightdata.models.units import Seconds
from flightdata.pipeline.access import Access
from flightdata.pipeline.answers import Answers
from flightdata.pipeline.flown import Flown
from flightdata.pipeline.past import Past
from flightdata.pipeline.query import Query
from flightdata.pipeline.watch import Watch
from flightdata.web import flights
from flightdata.web import flown as flown_routes
from flightdata.web import health, history, metrics, openapi, problems
from flightdata.web.access import HEADERS as KEY_HEADERS
from flightdata.web.access import guard
from flightdata.web.bounds import NO_BOUNDS, Bounds
from flightdata.web.correlation import HEADER, RequestIds
from flightdata.web.replies import Replies

REFRESH_EVERY: Seconds = 0.25

_ABOUT = (
    "Live flight data, collected by yourself. SI units, OpenSky's names, WGS84 degrees, times in s since 1970 (UTC)."
)


def create_app(  # noqa: PLR0913, it answers from all of them
    query: Query,
    flown: Flown,
    past: Past,
    *,
    access: Access | None = None,
    answers: Answers | None = None,
    bounds: Bounds = NO_BOUNDS,
    cors_origins: Sequence[str] = (),
    dashboard: Path | None = None,
    watch: Watch | None = None,
) -> FastAPI:
    """The application that answers from these stages.

    `access`: who may ask, None: everybody. `answers`: where they are kept, None: nowhere. `bounds`: of answers about
    the past. `dashboard`: the folder of the built map, if there is one. `watch`: if there is one, so is `/metrics`.
    """
    app: FastAPI = FastAPIOffline(
        title="Flight Data Pipeline",
        version=__version__,
        description=_ABOUT,
        redoc_url=None,
        lifespan=_keeping_fresh(query),
    )
    app.add_middleware(RequestIds, watch=watch)
    if cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(cors_origins),
            allow_methods=["GET"],
            allow_headers=(*(KEY_HEADERS if access else ()), "If-None-Match"),
            expose_headers=[HEADER, *flights.HEADERS, "ETag"],
        )
    problems.install(app)
    openapi.install(app)
    with_key = [Depends(guard(access))] if access else []
    vary = (*(KEY_HEADERS if access else ()), *(["Origin"] if cors_origins and "*" not in cors_origins else []))
    replies = Replies(answers or Answers(query, time.time), private=access is not None, vary=vary)
    for family in (
        flights.router(query, past, bounds, replies),
        flown_routes.router(flown, replies),
        history.router(past, bounds, replies),
    ):
        app.include_router(family, dependencies=with_key)
    app.include_router(health.router(query))
    if watch is not None:
        app.include_router(metrics.router(watch), dependencies=with_key)
    if dashboard is not None:
        app.mount("/", StaticFiles(directory=dashboard, html=True), name="map")
    return app


def _keeping_fresh(query: Query) -> Callable[[FastAPI], object]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        stopping = threading.Event()
        thread = threading.Thread(target=_refresh, args=(query, stopping), name="refresh", daemon=True)
        thread.start()
        yield
        stopping.set()
        thread.join()

    return lifespan


def _refresh(query: Query, stopping: threading.Event) -> None:
    while not stopping.wait(REFRESH_EVERY):
        query.refresh()
