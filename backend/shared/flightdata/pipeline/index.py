"""The live index: one version of the picture, laid out so that a small box is answered in microseconds.

An aircraft is known by its row: rows are numbered in the order of icao24. Places lie sorted by (whole degree of
longitude, latitude). A box is then, for each degree column it touches, one run of places found by two binary searches;
only the columns at its edges need a look at each longitude. Every aircraft's JSON is made once, in blocks of
neighbours, when the first of a block is asked for; an answer is a join of bytes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import compress, takewhile
from math import floor

import polars as pl

from flightdata.models.area import Area
from flightdata.models.picture import Shown
from flightdata.models.states import on_earth
from flightdata.pipeline.formats.flags import flags
from flightdata.tracking.merge import freshest

_BLOCK = 512
"""Aircraft whose JSON is made together: 0.8 ms, a fifteenth of a global picture's (measured)."""


class LiveIndex:
    """One picture, ready to be asked. It does not change; what it has made once it keeps."""

    def __init__(self, shown: Shown) -> None:
        self.version = shown.version
        self.time = shown.time
        self.edition = shown.edition
        self._states = freshest(shown.states).sort("icao24")
        layout = _layout(self._states)
        self._order = layout["row"]
        self._rows: list[int] = self._order.to_list()
        self._latitudes: list[float] = layout["latitude"].to_list()
        self._longitudes: list[float] = layout["longitude"].to_list()
        self._columns = _slices(layout["column"])
        self._documents: list[bytes | None] = [None] * len(layout)

    def __len__(self) -> int:
        return self._states.height

    def table(self, rows: Sequence[int]) -> pl.DataFrame:
        """These rows of the picture (`models.picture.SHOWN_SCHEMA`)."""
        return self._states[rows]

    def values(self, column: str, rows: Sequence[int]) -> pl.Series:
        """What these rows have in one column."""
        return self._states[column].gather(rows)

    def documents(self, rows: Sequence[int]) -> list[bytes]:
        """The JSON of each."""
        documents = self._documents
        found = [documents[row] for row in rows]
        if None in found:
            for block in (self._place_of.gather(rows) // _BLOCK).unique():
                self._make(block * _BLOCK)
            found = [documents[row] for row in rows]
        return found  # type: ignore[return-value]  # none is None any more

    @cached_property
    def icao24s(self) -> list[str]:
        """Of each row."""
        return self._states["icao24"].to_list()

    def row(self, icao24: str) -> int | None:
        """Where this aircraft is, None if it is not in the picture."""
        row = bisect_left(self.icao24s, icao24)
        return row if row < len(self) and self.icao24s[row] == icao24 else None

    def inside(self, area: Area) -> list[int]:
        """The rows of those in `area`, unordered."""
        found: list[int] = []
        for west, east in area.longitude_spans:
            for column in range(floor(west), floor(east) + 1):
                if bounds := self._columns.get(column):
                    edge = column < west or column + 1 > east
                    places = self._places(bounds, area)
                    found += self._between(places, west, east) if edge else places
        rows = self._rows
        return [rows[place] for place in found]

    def called(self, prefix: str) -> list[int]:
        """The rows of those whose callsign begins with `prefix` (capitals), unordered."""
        callsigns, rows = self._by_callsign
        first = bisect_left(callsigns, prefix)
        matching = takewhile(lambda one: callsigns[one].startswith(prefix), range(first, len(callsigns)))
        return [rows[one] for one in matching]

    def that(self, condition: pl.Expr, among: Sequence[int] | None = None) -> list[int]:
        """The rows for which `condition` is true; `among`: of these only. In the order they had."""
        states = self._states.select(set(condition.meta.root_names()))
        if among is None:
            return states.select(condition).to_series().arg_true().to_list()
        true = states[among].select(condition).to_series().fill_null(value=False)
        return list(compress(among, true))

    def _places(self, bounds: tuple[int, int], area: Area) -> range:
        """Those of one column within the latitudes."""
        first = bisect_left(self._latitudes, area.lamin, *bounds)
        return range(first, bisect_right(self._latitudes, area.lamax, first, bounds[1]))

    def _between(self, places: Iterable[int], west: float, east: float) -> list[int]:
        return [place for place in places if west <= self._longitudes[place] <= east]

    def _make(self, first: int) -> None:
        """Two threads may make the same block: they make the same bytes."""
        order = self._order[first : first + _BLOCK]
        for row, document in zip(order, _documents(self._states[order]), strict=True):
            self._documents[row] = document

    @cached_property
    def _place_of(self) -> pl.Series:
        """Of each row."""
        return self._order.arg_sort()

    @cached_property
    def _by_callsign(self) -> tuple[list[str], list[int]]:
        known = sorted((name.upper(), row) for row, name in enumerate(self._states["callsign"]) if name)
        return [name for name, _ in known], [row for _, row in known]


def _layout(states: pl.DataFrame) -> pl.DataFrame:
    """The places: which row of `states` lies there and where it is.

    Those that no box can contain, having no position or one that does not exist, come last, in no column.
    """
    located = states.select("latitude", "longitude", column=pl.when(on_earth()).then(pl.col("longitude").floor()))
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
