"""The live index: one version of the picture, laid out so that a small box is answered in microseconds.

Rows lie sorted by (whole degree of longitude, latitude). A box is then, for each degree column it touches, one run of
rows found by two binary searches; only the columns at its edges need a look at each longitude. Every aircraft's JSON
is made once, in blocks of neighbours, when the first of a block is asked for; an answer is a join of bytes. Each begins
with its icao24, so sorting the bytes sorts by icao24.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import cached_property
from itertools import takewhile
from math import floor

import polars as pl

from flightdata.models.area import Area
from flightdata.models.flight import Side
from flightdata.models.picture import Shown
from flightdata.pipeline.formats.flags import flags
from flightdata.tracking.merge import freshest

_OPENING = b'{"icao24":"'
_ICAO24 = slice(len(_OPENING), None)
_BLOCK = 512
"""Aircraft whose JSON is made together: 0.8 ms, a fifteenth of a global picture's (measured)."""


class LiveIndex:
    """One picture, ready to be asked. It does not change; what it has made once it keeps."""

    def __init__(self, shown: Shown) -> None:
        self.version = shown.version
        self.time = shown.time
        self._states = freshest(shown.states)
        layout = _layout(self._states)
        self._order = layout["row"]
        self._latitudes: list[float] = layout["latitude"].to_list()
        self._longitudes: list[float] = layout["longitude"].to_list()
        self._columns = _slices(layout["column"])
        self._documents: list[bytes | None] = [None] * len(layout)

    def __len__(self) -> int:
        return self._states.height

    def aircraft(self, icao24: str) -> bytes | None:
        """Its JSON, None if it is not in the picture."""
        place = self._place_of.get(icao24)
        return None if place is None else self._made([place])[0]

    @cached_property
    def everything(self) -> list[bytes]:
        """The JSON of all aircraft in the order of icao24."""
        return sorted(self._made(range(len(self))))

    def inside(self, area: Area) -> list[bytes]:
        """The JSON of those in `area`, unordered."""
        found: list[int] = []
        for west, east in area.longitude_spans:
            for column in range(floor(west), floor(east) + 1):
                if bounds := self._columns.get(column):
                    edge = column < west or column + 1 > east
                    places = self._places(bounds, area)
                    found += self._between(places, west, east) if edge else places
        return self._made(found)

    def called(self, prefix: str) -> list[bytes]:
        """The JSON of those whose callsign begins with `prefix` (capitals), unordered."""
        callsigns, places = self._by_callsign
        first = bisect_left(callsigns, prefix)
        matching = takewhile(lambda row: callsigns[row].startswith(prefix), range(first, len(callsigns)))
        return self._made([places[row] for row in matching])

    def of_airport(self, airport: str, side: Side) -> list[bytes]:
        """The JSON of those that seem to have come from there or to go there, unordered."""
        ends = self._states[side.value].gather(self._order)
        return self._made(ends.eq(airport).fill_null(value=False).arg_true().to_list())

    def _places(self, bounds: tuple[int, int], area: Area) -> range:
        """Those of one column within the latitudes."""
        first = bisect_left(self._latitudes, area.lamin, *bounds)
        return range(first, bisect_right(self._latitudes, area.lamax, first, bounds[1]))

    def _between(self, places: Iterable[int], west: float, east: float) -> list[int]:
        return [place for place in places if west <= self._longitudes[place] <= east]

    def _made(self, places: Iterable[int]) -> list[bytes]:
        documents = self._documents
        found = [documents[place] for place in places]
        if None in found:
            for block in {place // _BLOCK for place in places}:
                self._make(block * _BLOCK)
            found = [documents[place] for place in places]
        return found  # type: ignore[return-value]  # none is None any more

    def _make(self, first: int) -> None:
        """Two threads may make the same block: they make the same bytes."""
        order = self._order[first : first + _BLOCK]
        rows = self._states[order]
        self._documents[first : first + rows.height] = _documents(rows)

    @cached_property
    def _place_of(self) -> dict[str, int]:
        return dict(zip(self._in_order("icao24"), range(len(self)), strict=True))

    @cached_property
    def _by_callsign(self) -> tuple[list[str], list[int]]:
        known = sorted((name.upper(), place) for place, name in enumerate(self._in_order("callsign")) if name)
        return [name for name, _ in known], [place for _, place in known]

    def _in_order(self, column: str) -> list[str]:
        return self._states[column].gather(self._order).to_list()


def icao24_of(document: bytes) -> str:
    """The icao24 that an aircraft's JSON begins with."""
    return document[_ICAO24].split(b'"', 1)[0].decode()


def opening(icao24: str) -> bytes:
    """What the JSON of this aircraft begins with: less than any other document of its and later aircraft."""
    return _OPENING + icao24.encode() + b'"'


def _layout(states: pl.DataFrame) -> pl.DataFrame:
    """The places: which row of `states` lies there and where it is.

    Those that no box can contain, having no position or one that does not exist, come last, in no column.
    """
    on_earth = (pl.col("latitude").abs() <= 90) & (pl.col("longitude").abs() <= 180)  # noqa: PLR2004, degrees
    located = states.select("latitude", "longitude", column=pl.when(on_earth).then(pl.col("longitude").floor()))
    order = located.select(pl.arg_sort_by("column", "latitude", nulls_last=True)).to_series()
    return located.select(pl.all().gather(order)).with_columns(row=order)


def _slices(columns: pl.Series) -> dict[int, tuple[int, int]]:
    lengths = columns.drop_nulls().rle().struct.unnest()
    ends = lengths["len"].cum_sum().to_list()
    starts = [0, *ends[:-1]] if ends else []
    return dict(zip(lengths["value"].cast(pl.Int32).to_list(), zip(starts, ends, strict=True), strict=True))


def _documents(rows: pl.DataFrame) -> list[bytes]:
    """The JSON of each row."""
    lines = rows.with_columns(flags(rows["quality"])).write_ndjson()
    return lines.encode().split(b"\n")[: rows.height]
