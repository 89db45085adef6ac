"""`/flights/{icao24}/history`, `/airports/{icao}/…`, `/callsigns/{callsign}/flights`: past flights.

They ask a database, so they run in threads.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from flightdata.models.flight import Side
from flightdata.models.search import AirportCode, Callsign, FlownSearch, Icao24
from flightdata.pipeline.answer import Written
from flightdata.pipeline.answers import question
from flightdata.pipeline.flown import Flown
from flightdata.web.documents import FlownPage
from flightdata.web.problems import Problem
from flightdata.web.replies import Replies


def router(flown: Flown, replies: Replies) -> APIRouter:
    """The family's routes, answered by `flown`."""
    routes = APIRouter(responses={200: {"model": FlownPage}, 400: {"model": Problem}})

    def reply(request: Request, asked: bytes, find: Callable[[], bytes]) -> Response:
        """Of flights that began long ago some are still in the air, so that the time asked about says nothing."""
        return replies.past(request, asked, None, lambda: Written(find()), "application/json")

    @routes.get("/flights/{icao24}/history", tags=["flights"], summary="The flights of one aircraft, the newest first")
    def history(
        request: Request, icao24: Annotated[Icao24, Path()], search: Annotated[FlownSearch, Query()]
    ) -> Response:
        """Those that began between `begin` and `end`, also the one in progress, as it was known when it last changed
        in what it is known for.
        """
        asked = question("history", icao24, parameters=search)
        return reply(request, asked, lambda: flown.of_aircraft(icao24, search))

    @routes.get(
        "/airports/{icao}/arrivals",
        tags=["airports"],
        responses={404: {"model": Problem}},
        summary="Arrivals at an airport, the newest first",
    )
    def arrivals(
        request: Request, icao: Annotated[AirportCode, Path()], search: Annotated[FlownSearch, Query()]
    ) -> Response:
        """Flights that landed there or were lost coming down to it, `last_seen` between `begin` and `end`.

        Those expected are not among them, with few exceptions: a flight gets its arrival when it ends. Aircraft in the
        air that seem to come down there are in `/flights?arrival={icao}`.
        """
        asked = question("arrivals", icao, parameters=search)
        return reply(request, asked, lambda: flown.of_airport(icao, Side.ARRIVAL, search))

    @routes.get(
        "/airports/{icao}/departures",
        tags=["airports"],
        responses={404: {"model": Problem}},
        summary="Departures from an airport, the newest first",
    )
    def departures(
        request: Request, icao: Annotated[AirportCode, Path()], search: Annotated[FlownSearch, Query()]
    ) -> Response:
        """Flights that took off there, `first_seen` between `begin` and `end`."""
        asked = question("departures", icao, parameters=search)
        return reply(request, asked, lambda: flown.of_airport(icao, Side.DEPARTURE, search))

    @routes.get(
        "/callsigns/{callsign}/flights",
        tags=["flights"],
        summary="The past flights of one callsign, the newest first",
    )
    def called(
        request: Request, callsign: Annotated[Callsign, Path()], search: Annotated[FlownSearch, Query()]
    ) -> Response:
        """Those that are over (`landed` or `lost`) and began between `begin` and `end`, of whichever aircraft.

        One in progress is in `/flights?callsign={callsign}`.
        """
        asked = question("called", callsign, parameters=search)
        return reply(request, asked, lambda: flown.of_callsign(callsign, search))

    return routes
