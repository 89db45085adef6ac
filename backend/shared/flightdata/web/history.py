"""`/flights/{icao24}/track` and `/history`: what was."""

from collections.abc import Callable, Generator, Iterable
from enum import StrEnum
from typing import Annotated

import polars as pl
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from flightdata.models.moment import Moment
from flightdata.models.search import Icao24
from flightdata.models.selection import HistorySearch
from flightdata.pipeline.answer import Written
from flightdata.pipeline.answers import question
from flightdata.pipeline.formats import parquet, rows, track
from flightdata.pipeline.past import Past
from flightdata.web import media
from flightdata.web.bounds import Bounds
from flightdata.web.documents import StatesDocument, Track
from flightdata.web.problems import Problem
from flightdata.web.replies import Replies


class TrackFormat(StrEnum):
    JSON = "json"
    GEOJSON = "geojson"
    GPX = "gpx"
    KML = "kml"
    CSV = "csv"


class StatesFormat(StrEnum):
    JSON = "json"
    JSONL = "jsonl"
    GEOJSON = "geojson"
    CSV = "csv"
    PARQUET = "parquet"


_TRACKS: dict[TrackFormat, tuple[str, Callable[[str, pl.DataFrame], bytes]]] = {
    TrackFormat.JSON: (media.JSON, track.json),
    TrackFormat.GEOJSON: (media.GEOJSON, track.geojson),
    TrackFormat.GPX: (media.GPX, lambda *one: track.gpx([one])),
    TrackFormat.KML: (media.KML, lambda *one: track.kml([one])),
    TrackFormat.CSV: (media.CSV, track.csv),
}
_STATES: dict[StatesFormat, tuple[str, Callable[[Iterable[pl.DataFrame]], Generator[bytes]]]] = {
    StatesFormat.JSON: (media.JSON, rows.json),
    StatesFormat.JSONL: (media.JSONL, rows.jsonl),
    StatesFormat.GEOJSON: (media.GEOJSON, rows.geojson),
    StatesFormat.CSV: (media.CSV, rows.csv),
    StatesFormat.PARQUET: (media.PARQUET, parquet.stream),
}


class TrackParameters(BaseModel):
    """The query of `GET /flights/{icao24}/track`."""

    model_config = ConfigDict(extra="forbid")

    begin: Moment | None = Field(None, description="first moment: s since 1970 or ISO 8601; 24 h before `end`")
    end: Moment | None = Field(None, description="moment after the last: s since 1970 or ISO 8601; now")
    format: TrackFormat = TrackFormat.JSON


class HistoryParameters(HistorySearch):
    """The query of `GET /history`."""

    format: StatesFormat = StatesFormat.JSON


class _Streamed(StreamingResponse):
    """Closes what it streams, also when the client goes away: else that waits for the garbage collector."""

    def __init__(self, pieces: Generator[bytes], media_type: str) -> None:
        super().__init__(pieces, media_type=media_type)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._pieces.close()


def router(past: Past, bounds: Bounds, replies: Replies) -> APIRouter:
    """The family's routes. They wait for files, hence no `async`: each runs in a thread of the pool."""
    routes = APIRouter(tags=["history"], responses={400: {"model": Problem}})

    @routes.get(
        "/flights/{icao24}/track",
        responses={
            200: {"model": Track, "content": {kind: {} for kind, _ in _TRACKS.values()}},
            404: {"model": Problem},
        },
        summary="Where one aircraft was, also while it flies",
    )
    def track_of(
        request: Request, icao24: Annotated[Icao24, Path()], parameters: Annotated[TrackParameters, Query()]
    ) -> Response:
        """Its positions by time, at most 31 days; 404 when there are none."""
        media_type, write = _TRACKS[parameters.format]

        def drawn() -> Written:
            return Written(bounds.run(lambda: write(icao24, past.track(icao24, parameters.begin, parameters.end))))

        asked = question("track", icao24, parameters=parameters)
        return replies.past(request, asked, parameters.end, drawn, media_type)

    @routes.get(
        "/history",
        responses={200: {"model": StatesDocument, "content": {kind: {} for kind, _ in _STATES.values()}}},
        response_class=StreamingResponse,
        summary="Every state in an area and a time range, streamed",
    )
    def history(request: Request, parameters: Annotated[HistoryParameters, Query()]) -> Response:
        """All conditions together must hold. Without an area: everywhere. At most 31 days at once.

        Hour by hour, within an hour in the order of icao24 and time. A JSON answer ends with `count`: one without it
        was cut off. Behind API Gateway 400 when the answer would be too large or take too long.
        """
        media_type, write = _STATES[parameters.format]
        if not bounds:
            return _Streamed(write(past.states(parameters)), media_type)

        def whole() -> Written:
            packs = parameters.format is not StatesFormat.PARQUET
            return Written(bounds.whole(write(past.states(parameters))), packs=packs)

        asked = question("states", parameters=parameters)
        return replies.past(request, asked, parameters.end, whole, media_type)

    return routes
