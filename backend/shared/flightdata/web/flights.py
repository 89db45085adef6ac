"""`/flights`: live states."""

from functools import partial
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.concurrency import run_in_threadpool

from flightdata.models.area import Area, Latitude, Longitude
from flightdata.models.moment import Moment
from flightdata.models.search import AirportCode, FlightSearch, Icao24
from flightdata.pipeline.past import Past
from flightdata.pipeline.query import Query as QueryStage
from flightdata.web.bounds import Bounds
from flightdata.web.documents import FlightPage, LiveFlight
from flightdata.web.problems import Problem

_BOX = ("lamin", "lamax", "lomin", "lomax")


class FlightParameters(BaseModel):
    """The query of `GET /flights`."""

    model_config = ConfigDict(extra="forbid")

    lamin: Latitude | None = Field(None, description="southern edge, °")
    lamax: Latitude | None = Field(None, description="northern edge, °")
    lomin: Longitude | None = Field(None, description="western edge, °")
    lomax: Longitude | None = Field(
        None, description="eastern edge, °; less than `lomin`: the box crosses the antimeridian"
    )
    icao24: list[Icao24] = Field([], description="only these aircraft (repeatable)", max_length=1000)
    callsign: str | None = Field(None, description="only callsigns that begin so", min_length=1, max_length=8)
    departure: AirportCode | None = Field(None, description="only those that seem to come from this airport")
    arrival: AirportCode | None = Field(None, description="only those that landed or seem to come down at this airport")
    time: Moment | None = Field(
        None, description="the picture at this moment: s since 1970 or ISO 8601; without it, the live one"
    )
    limit: int | None = Field(None, description="aircraft a page; 50, and at most MAX_PAGE_SIZE", ge=1)
    cursor: Icao24 | None = Field(None, description="`next_cursor` of the page before")

    @model_validator(mode="after")
    def _south_before_north(self) -> Self:
        if self.lamin is not None and self.lamax is not None and self.lamin > self.lamax:
            raise ValueError(f"lamin ({self.lamin}) is north of lamax ({self.lamax})")
        return self

    def search(self) -> FlightSearch:
        box = {edge: value for edge in _BOX if (value := getattr(self, edge)) is not None}
        return FlightSearch(
            area=Area(**box) if box else None,
            icao24=tuple(self.icao24),
            callsign=self.callsign,
            departure=self.departure,
            arrival=self.arrival,
            limit=self.limit,
            cursor=self.cursor,
        )


def router(query: QueryStage, past: Past, bounds: Bounds) -> APIRouter:
    """The family's routes, answered by `query` and, where a moment is named, by `past`."""
    routes = APIRouter(tags=["flights"], responses={400: {"model": Problem}})

    @routes.get("/flights", responses={200: {"model": FlightPage}}, summary="Live states, page by page")
    async def flights(parameters: Annotated[FlightParameters, Query()]) -> Response:
        """Aircraft in the live picture, in the order of icao24. All conditions together must hold.

        With `time`: as the picture was at that moment, by what was heard until then; `version` is 0. `departure` and
        `arrival` are as they are known now; on AWS they are null (see `/flights/{icao24}/history`).
        """
        if parameters.time is not None:
            answer = partial(past.flights, parameters.time, parameters.search())
            return _json(await run_in_threadpool(bounds.run, answer))
        return _json(query.flights(parameters.search()))

    @routes.get(
        "/flights/{icao24}",
        responses={200: {"model": LiveFlight}, 404: {"model": Problem}},
        summary="The live state of one aircraft",
    )
    async def flight(icao24: Annotated[Icao24, Path()]) -> Response:
        """404 when it has not been heard lately."""
        return _json(query.flight(icao24))

    return routes


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
