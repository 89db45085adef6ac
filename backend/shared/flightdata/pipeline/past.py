"""QUERY, the past: tracks, pictures of past moments, everything in an area, from the history."""

from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock

import polars as pl

from flightdata.errors import BadRequest, NotFound
from flightdata.models.picture import Shown, with_airports
from flightdata.models.search import FlightSearch
from flightdata.models.selection import HistorySearch, time_range
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.pipeline.formats.track import points
from flightdata.pipeline.index import LiveIndex
from flightdata.pipeline.page import Page, page
from flightdata.ports import Clock, Flights, HistoryReader

DAY: Seconds = 86_400
LONGEST: Seconds = 31 * DAY
"""The longest range that one question may be about."""

KEPT = 4
"""Past pictures in memory, 12 MB each at 12,000 aircraft, for the next page and the next box."""

_SLICE = 8_192
"""Rows, 4 MB of JSON: an answer that is too large is given up after so many."""

SETTLED: Seconds = 900
"""States that are so old do not come any more, as a rule; a younger picture is not kept."""


class Past:
    """What the third stage answers from the history. `expiry`: as for the live picture. `kept`: pictures in memory."""

    def __init__(  # noqa: PLR0913, it answers from all of them
        self,
        history: HistoryReader,
        flights: Flights,
        clock: Clock,
        *,
        max_page_size: int,
        expiry: Seconds,
        kept: int = KEPT,
    ) -> None:
        self._history = history
        self._flights = flights
        self._clock = clock
        self._max_page_size = max_page_size
        self._expiry = expiry
        self._most = kept
        self._lock = Lock()
        self._kept: OrderedDict[EpochSeconds, LiveIndex] = OrderedDict()

    def page(self, time: EpochSeconds, search: FlightSearch) -> Page:
        """A page of the picture at `time`, as `Query.page` answers it, with version 0. Raises BadRequest.

        Departures and arrivals are those that are known now of the flights that were in the air then.
        """
        if time > self._clock():
            raise BadRequest("time lies in the future", parameter="time")
        return page(self._index(time), search, self._max_page_size)

    def track(self, icao24: str, begin: EpochSeconds | None, end: EpochSeconds | None) -> pl.DataFrame:
        """The points (see `formats.track`) of one aircraft, by default of the last 24 h. Raises NotFound."""
        with _sensible():
            start, stop = time_range(begin, end, self._clock(), usual=DAY)
        _check_length(start, stop)
        found = points(self._history.track(icao24, start, stop))
        if found.is_empty():
            raise NotFound(f"no positions of {icao24} between {start:.0f} and {stop:.0f}; see begin and end")
        return found

    def states(self, search: HistorySearch) -> Iterator[pl.DataFrame]:
        """State tables with all that the search finds, _SLICE rows at a time at most."""
        with _sensible():
            selection = search.selection(self._clock())
        _check_length(selection.start, selection.end)
        return _slices(self._history.states(selection))

    def _index(self, time: EpochSeconds) -> LiveIndex:
        with self._lock:
            if (kept := self._kept.get(time)) is not None:
                self._kept.move_to_end(time)
                return kept
            self._leave(self._most - 1)  # before there is another one
        with ThreadPoolExecutor(1, thread_name_prefix="past") as beside:
            flights = beside.submit(self._flights.in_progress, time)
            states = self._history.picture(time, time - self._expiry)
        index = LiveIndex(Shown(0, time, with_airports(states, flights.result())))
        if time < self._clock() - SETTLED:
            with self._lock:
                self._kept[time] = index
                self._leave(self._most)
        return index

    def _leave(self, most: int) -> None:
        """Those that were asked for last, so many at most."""
        while len(self._kept) > most:
            self._kept.popitem(last=False)


def _slices(tables: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    for table in tables:
        yield from table.iter_slices(_SLICE)


@contextmanager
def _sensible() -> Iterator[None]:
    """A time range that is none is the client's mistake."""
    try:
        yield
    except ValueError as error:
        raise BadRequest(str(error), parameter="begin") from error


def _check_length(start: EpochSeconds, end: EpochSeconds) -> None:
    if end - start > LONGEST:
        raise BadRequest(f"at most {LONGEST / DAY:.0f} days at once; ask in pieces", parameter="begin")
