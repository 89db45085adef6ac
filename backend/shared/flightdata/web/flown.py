"""`/flights/{icao24}/history`, `/airports/{icao}/…`, `/callsigns/{callsign}/flights`: past flights.

They ask a database, so they run in threads.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from flightdata.models.flight import Side
from flightdata.models.search import AirportCode, Callsign, FlownSearch, Icao24
from flightdata.pipeline.flown import Flown
from flightdata.web.documents import FlownPage
from flightdata.web.problems import Problem


def router(flown: Flown) -> APIRouter:
    """The family's routes, answered by `flown`."""
    routes = APIRouter(responses={200: {"model": FlownPage}, 400: {"model": Problem}})

    @routes.get("/flights/{icao24}/history", tags=["flights"], summary="The flights of one aircraft, the newest first")
    def history(icao24: Annotated[Icao24, Path()], search: Annotated[FlownSearch, Query()]) -> Response:
        """Those that began between `begin` and `end`, also the one in progress, as it was known when it last changed
        in what it is known for.
        """
        return _json(flown.of_aircraft(icao24, search))

    @routes.get(
        "/airports/{icao}/arrivals",
        tags=["airports"],
        responses={404: {"model": Problem}},
        summary="Arrivals at an airport, the newest first",
    )
    def arrivals(icao: Annotated[AirportCode, Path()], search: Annotated[FlownSearch, Query()]) -> Response:
        """Flights that landed there or were lost coming down to it, `last_seen` between `begin` and `end`.

        Those expected are not among them, with few exceptions: a flight gets its arrival when it ends. Aircraft in the
        air that seem to come down there are in `/flights?arrival={icao}`.
        """
        return _json(flown.of_airport(icao, Side.ARRIVAL, search))

    @routes.get(
        "/airports/{icao}/departures",
        tags=["airports"],
        responses={404: {"model": Problem}},
        summary="Departures from an airport, the newest first",
    )
    def departures(icao: Annotated[AirportCode, Path()], search: Annotated[FlownSearch, Query()]) -> Response:
        """Flights that took off there, `first_seen` between `begin` and `end`."""
        return _json(flown.of_airport(icao, Side.DEPARTURE, search))

    @routes.get(
        "/callsigns/{callsign}/flights",
        tags=["flights"],
        summary="The past flights of one callsign, the newest first",
    )
    def called(callsign: Annotated[Callsign, Path()], search: Annotated[FlownSearch, Query()]) -> Response:
        """Those that are over (`landed` or `lost`) and began between `begin` and `end`, of whichever aircraft.

        One in progress is in `/flights?callsign={callsign}`.
        """
        return _json(flown.of_callsign(callsign, search))

    return routes


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
