"""QUERY: past flights, from the flights store."""

from collections.abc import Callable

import orjson
import polars as pl

from flightdata.errors import BadRequest, NotFound
from flightdata.models.flight import FlightsAsked, Side
from flightdata.models.search import FlownSearch
from flightdata.models.units import EpochSeconds
from flightdata.ports import Clock, Flights
from flightdata.reference.airports import find_airport

_USUAL_PAGE = 50
_BEGINNING: EpochSeconds = 0.0


class Flown:
    """Flights of an aircraft, at an airport or of a callsign, the newest first, page by page."""

    def __init__(self, flights: Flights, clock: Clock, *, max_page_size: int) -> None:
        self._flights = flights
        self._clock = clock
        self._max_page_size = max_page_size

    def of_aircraft(self, icao24: str, search: FlownSearch) -> bytes:
        """Those of one aircraft, also the one in progress. None known: an empty page."""
        return self._page(search, "first_seen", lambda asked: self._flights.of_aircraft(icao24, asked))

    def of_airport(self, airport: str, side: Side, search: FlownSearch) -> bytes:
        """Departures from an airport or arrivals at it. Raises NotFound if there is no such airport."""
        if find_airport(airport) is None:
            raise NotFound(f"there is no airport {airport}", parameter="icao")
        return self._page(search, side.moment, lambda asked: self._flights.of_airport(airport, side, asked))

    def of_callsign(self, callsign: str, search: FlownSearch) -> bytes:
        """Those that are over. None known: an empty page."""
        return self._page(search, "first_seen", lambda asked: self._flights.of_callsign(callsign, asked))

    def _page(self, search: FlownSearch, moment: str, find: Callable[[FlightsAsked], pl.DataFrame]) -> bytes:
        """`{"begin", "end", "count", "next_cursor", "flights": […]}`."""
        limit = search.limit or min(_USUAL_PAGE, self._max_page_size)
        if limit > self._max_page_size:
            raise BadRequest(f"limit is at most {self._max_page_size}", parameter="limit")
        begin = _BEGINNING if search.begin is None else search.begin
        end = self._clock() if search.end is None else search.end
        found = find(FlightsAsked(begin, end, limit + 1, search.after))
        page = found.head(limit)
        last = page.row(-1, named=True) if found.height > limit else None
        return orjson.dumps(
            {
                "begin": begin,
                "end": end,
                "count": page.height,
                "next_cursor": last and FlownSearch.cursor_of(last[moment], last["icao24"]),
                "flights": page.to_dicts(),
            }
        )
