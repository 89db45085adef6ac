"""`/flights`: live states."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Self
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field, model_validator
from starlette.concurrency import run_in_threadpool

from flightdata.models.contradiction import check_range
from flightdata.models.moment import Moment
from flightdata.models.place import PlaceSearch
from flightdata.models.search import AirportCode, FlightCursor, FlightSearch, Icao24, Sort, Squawk
from flightdata.pipeline import page as pages
from flightdata.pipeline.answer import Written
from flightdata.pipeline.answers import question
from flightdata.pipeline.page import Page
from flightdata.pipeline.past import Past
from flightdata.pipeline.query import Query as QueryStage
from flightdata.web import examples, media
from flightdata.web.bounds import Bounds
from flightdata.web.documents import FlightCollection, FlightPage, LiveFlight
from flightdata.web.problems import Problem
from flightdata.web.replies import Replies

HEADERS = ("Link", "X-Total-Count")
"""What a page tells beside its body, where that is not JSON."""


class FlightFormat(StrEnum):
    JSON = "json"
    GEOJSON = "geojson"
    CSV = "csv"


_FORMATS: dict[FlightFormat, tuple[str, Callable[[Page], bytes]]] = {
    FlightFormat.JSON: (media.JSON, pages.json),
    FlightFormat.GEOJSON: (media.GEOJSON, pages.geojson),
    FlightFormat.CSV: (media.CSV, pages.csv),
}

_PAGE: dict[str, Any] = {
    "model": FlightPage,
    "content": {
        media.JSON: {"example": examples.JSON},
        media.GEOJSON: {
            "schema": {"$ref": f"#/components/schemas/{FlightCollection.__name__}"},
            "example": examples.GEOJSON,
        },
        media.CSV: {"schema": {"type": "string"}, "example": examples.CSV},
    },
    "headers": {
        "X-Total-Count": {
            "description": "of csv and geojson: how many aircraft the search found",
            "schema": {"type": "integer"},
        },
        "Link": {
            "description": 'of csv and geojson: the next page, as `<?…>; rel="next"`, if there is one',
            "schema": {"type": "string"},
        },
    },
}


class FlightParameters(PlaceSearch):
    """The query of `GET /flights`."""

    callsign: str | None = Field(None, description="only callsigns that begin so", min_length=1, max_length=8)
    registration: str | None = Field(None, description="of the airframe, such as `F-GKXS`", min_length=1, max_length=20)
    typecode: str | None = Field(None, description="ICAO type designator, such as `A320`", min_length=1, max_length=4)
    operator: str | None = Field(
        None, description="whole name, such as `Air France`, or ICAO code of the airline", min_length=1, max_length=100
    )
    origin_country: str | None = Field(None, description="whole name, such as `France`", min_length=1, max_length=100)
    squawk: Squawk | None = Field(None, description="four octal digits, such as `7700`")
    category: int | None = Field(None, description="OpenSky's code of the emitter category", ge=0, le=20)
    on_ground: bool | None = Field(None, description="`true`: on the ground, `false`: in the air")
    velocity_min: float | None = Field(None, description="lowest speed over ground, m/s", allow_inf_nan=False)
    velocity_max: float | None = Field(None, description="highest speed over ground, m/s", allow_inf_nan=False)
    departure: AirportCode | None = Field(None, description="only those that seem to come from this airport")
    arrival: AirportCode | None = Field(None, description="only those that landed or seem to come down at this airport")
    source: str | None = Field(None, description="the source a state came from, exactly", min_length=1, max_length=200)
    time: Moment | None = Field(
        None, description="the picture at this moment: s since 1970 or ISO 8601; without it, the live one"
    )
    sort: Sort | None = Field(None, description="the order, by icao24 without it; with `-` the greatest first")
    limit: int | None = Field(None, description="aircraft a page; 50, and at most MAX_PAGE_SIZE", ge=1)
    cursor: FlightCursor | None = Field(None, description="`next_cursor` of the page before")
    format: FlightFormat = Field(
        FlightFormat.JSON, description="of csv and geojson the headers say how many there are and where it goes on"
    )

    @model_validator(mode="after")
    def _velocities_in_order(self) -> Self:
        check_range("velocity_min", "velocity_max", self.__dict__)
        return self

    def search(self) -> FlightSearch:
        same = {name: getattr(self, name) for name in FlightSearch.model_fields if name in type(self).model_fields}
        return FlightSearch(**same, area=self.box, circle=self.circle)


def router(query: QueryStage, past: Past, bounds: Bounds, replies: Replies) -> APIRouter:
    """The family's routes, answered by `query` and, where a moment is named, by `past`."""
    routes = APIRouter(tags=["flights"], responses={400: {"model": Problem}})

    @routes.get("/flights", responses={200: _PAGE}, summary="Live states, page by page")
    async def flights(request: Request, parameters: Annotated[FlightParameters, Query()]) -> Response:
        """Aircraft in the live picture. All conditions together must hold; what is unknown of an aircraft fulfils none.
        Texts may be written in capitals or not. In the order of `sort` what is unknown comes last, equals by icao24.

        With `time`: as the picture was at that moment, by what was heard until then; `version` is 0. `departure` and
        `arrival` are as they are known now; on AWS they are null (see `/flights/{icao24}/history`).
        """
        search, form, time = parameters.search(), parameters.format, parameters.time
        asked, media_type = question("flights", parameters=parameters), _FORMATS[form][0]

        def now() -> Written:
            if form is FlightFormat.JSON:
                return Written(query.flights(search))
            return _written(query.page(search), form, request)

        if time is None:
            return await replies.live(request, asked, now, media_type)

        def then() -> Written:
            written = bounds.run(lambda: _written(past.page(time, search), form, request))
            bounds.check(len(written.body))
            return written

        return await run_in_threadpool(replies.past, request, asked, time, then, media_type)

    @routes.get(
        "/flights/{icao24}",
        responses={200: {"model": LiveFlight}, 404: {"model": Problem}},
        summary="The live state of one aircraft",
    )
    async def flight(request: Request, icao24: Annotated[Icao24, Path()]) -> Response:
        """404 when it has not been heard lately."""
        asked = question("flight", icao24)
        return await replies.live(request, asked, lambda: Written(query.flight(icao24)), media.JSON)

    return routes


def _written(page: Page, form: FlightFormat, request: Request) -> Written:
    _, write = _FORMATS[form]
    return Written(write(page), {} if form is FlightFormat.JSON else _onward(page, request))


def _onward(page: Page, request: Request) -> dict[str, str]:
    """How many there are and, relative to what was asked, where the next page is (RFC 8288)."""
    headers = {"X-Total-Count": str(page.total)}
    if page.next_cursor:
        asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
        headers["Link"] = f'<?{urlencode([*asked, ("cursor", page.next_cursor)])}>; rel="next"'
    return headers
