"""A small box, about 70 of 12,000 aircraft: inside the process with its JSON, and through the web application."""

import asyncio
import time
import timeit
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI
from fastapi import Query as QueryParameters
from fastapi import Response
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp, Message

from bench.baseline import Baseline
from bench.inputs import Input
from bench.table import Figure
from flightdata.models.area import Area
from flightdata.models.picture import Picture
from flightdata.models.search import FlightSearch
from flightdata.models.snapshot import RawSnapshot
from flightdata.pipeline.answers import Answers
from flightdata.pipeline.index import LiveIndex
from flightdata.pipeline.query import Query
from flightdata.settings import Settings
from flightdata.validation.gate import decode
from flightdata.web import problems
from flightdata.web.app import create_app
from flightdata.web.correlation import RequestIds
from flightdata.web.flights import FlightParameters
from flightdata.wiring import House

_WANTED = 72
_GOAL = 30e-6
_TURNS = 1000


def measure(given: Input) -> list[Figure]:
    with TemporaryDirectory() as folder:
        house = House(Settings(data_dir=Path(folder)))
        states = decode(RawSnapshot("bench", given.time, given.bodies[0])).states
        house.live.publish(Picture(1, given.time, states))
        baseline = Baseline(Path(folder) / "baseline.sqlite")
        baseline.take(given.bodies[0])
        area, found = _box(LiveIndex(house.live.shown()))
        search = FlightSearch(area=area, limit=1000)
        ours = _fastest(house.query, search)
        edges = (area.lamin, area.lamax, area.lomin, area.lomax)
        plain = min(timeit.repeat(lambda: baseline.box(*edges), number=20, repeat=7)) / 20
        baseline.close()
        web = _web(house, edges)
        house.close()
    return [
        Figure(f"small box, {found} aircraft, in the process", ours, None, "s", goal=_GOAL),
        Figure("the same beside SQLite and Pydantic", ours, plain, "s", goal=None),
        *web,
    ]


def _web(house: House, edges: tuple[float, ...]) -> list[Figure]:
    """Requests to the application, by turns, without a socket. The baseline: its route as it was without tags, gzip and
    keeping.
    """
    asked = urlencode(dict(zip(("lamin", "lamax", "lomin", "lomax"), edges, strict=True)) | {"limit": 1000})
    bare: FastAPI = FastAPIOffline(redoc_url=None)
    bare.add_middleware(RequestIds)
    problems.install(bare)

    routes = APIRouter()

    @routes.get("/flights")
    async def flights(parameters: Annotated[FlightParameters, QueryParameters()]) -> Response:
        return Response(house.query.flights(parameters.search()), media_type="application/json")

    bare.include_router(routes)

    def app(ttl: float) -> FastAPI:
        answers = Answers(house.query, house.clock, ttl=ttl, room=10_000_000)
        return create_app(house.query, house.flown, house.past, answers=answers)

    fresh, kept = app(0), app(3600)
    gzip = {"accept-encoding": "gzip"}
    tag = dict(asyncio.run(_get(kept, asked, {}))[1])[b"etag"].decode()
    cases: dict[str, tuple[ASGIApp, dict[str, str]]] = {
        "bare": (bare, {}),
        "made": (fresh, {}),
        "made and packed": (fresh, gzip),
        "kept": (kept, {}),
        "kept packed": (kept, gzip),
        "304": (kept, {"if-none-match": tag}),
    }
    took = asyncio.run(_by_turns(cases, asked))
    return [
        Figure(f"small box through the application, {name}", took[name], took["bare"], "s", goal=None)
        for name in list(cases)[1:]
    ]


async def _by_turns(cases: dict[str, tuple[ASGIApp, dict[str, str]]], asked: str) -> dict[str, float]:
    """The median of each, s."""
    took: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(_TURNS):
        for name, (app, headers) in cases.items():
            began = time.perf_counter()
            await _get(app, asked, headers)
            took[name].append(time.perf_counter() - began)
    return {name: median(times) for name, times in took.items()}


async def _get(app: ASGIApp, asked: str, headers: dict[str, str]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    about = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http"}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    path = {"path": "/flights", "raw_path": b"/flights", "root_path": "", "query_string": asked.encode()}
    await app({**about, **path, "headers": raw, "client": ("192.0.2.1", 1), "server": ("here", 80)}, receive, send)
    start, *bodies = sent
    return start["status"], start["headers"], b"".join(one.get("body", b"") for one in bodies)


def _fastest(query: Query, search: FlightSearch) -> float:
    return min(timeit.repeat(lambda: query.flights(search), number=200, repeat=50)) / 200


def _box(index: LiveIndex) -> tuple[Area, int]:
    """The box around Paris, widened until about 70 aircraft are in it."""
    for step in range(1, 100):
        area = Area(lamin=48.7 - 0.1 * step, lamax=48.7 + 0.1 * step, lomin=2.3 - 0.15 * step, lomax=2.3 + 0.15 * step)
        if (found := len(index.inside(area))) >= _WANTED:
            return area, found
    raise LookupError("there are not enough aircraft in this snapshot")
