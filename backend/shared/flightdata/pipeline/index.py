"""The live index: one version of the picture, laid out so that a small box is answered in microseconds.

Rows lie sorted by (whole degree of longitude, latitude). A box is then, for each degree column it touches, one slice
found by two binary searches; only the columns at its edges need a look at each longitude. Every aircraft's JSON
exists once as bytes; an answer is a join. Each begins with its icao24, so sorting the bytes sorts by icao24.
"""

from bisect import bisect_left, bisect_right
from functools import cached_property
from itertools import takewhile
from math import floor

import polars as pl

from flightdata.models.area import Area
from flightdata.models.picture import Picture
from flightdata.validation.quality import names

_OPENING = b'{"icao24":"'
_ICAO24 = slice(len(_OPENING), None)


class LiveIndex:
    """One picture, ready to be asked. Immutable."""

    def __init__(self, picture: Picture) -> None:
        self.version = picture.version
        self.time = picture.time
        rows = _laid_out(picture.states)
        self._documents = _documents(rows.drop("column"))
        self._latitudes: list[float] = rows["latitude"].to_list()
        self._longitudes: list[float] = rows["longitude"].to_list()
        self._callsigns: pl.Series = rows["callsign"]
        self._rows_of = dict(zip(rows["icao24"].to_list(), range(rows.height), strict=True))
        self._columns = _slices(rows["column"])

    def __len__(self) -> int:
        return len(self._documents)

    def aircraft(self, icao24: str) -> bytes | None:
        """Its JSON, None if it is not in the picture."""
        row = self._rows_of.get(icao24)
        return None if row is None else self._documents[row]

    @cached_property
    def everything(self) -> list[bytes]:
        """The JSON of all aircraft in the order of icao24."""
        return sorted(self._documents)

    def inside(self, area: Area) -> list[bytes]:
        """The JSON of those in `area`, unordered."""
        found: list[bytes] = []
        for west, east in area.longitude_spans:
            for column in range(floor(west), floor(east) + 1):
                if bounds := self._columns.get(column):
                    edge = column < west or column + 1 > east
                    found += self._slice(bounds, area, west if edge else None, east)
        return found

    def called(self, prefix: str) -> list[bytes]:
        """The JSON of those whose callsign begins with `prefix`, unordered."""
        callsigns, rows = self._by_callsign
        first = bisect_left(callsigns, prefix)
        matching = takewhile(lambda place: callsigns[place].startswith(prefix), range(first, len(callsigns)))
        return [self._documents[rows[place]] for place in matching]

    def _slice(self, bounds: tuple[int, int], area: Area, west: float | None, east: float) -> list[bytes]:
        """The rows of one column within the latitudes; `west` None: no need to look at longitudes."""
        first = bisect_left(self._latitudes, area.lamin, *bounds)
        last = bisect_right(self._latitudes, area.lamax, first, bounds[1])
        if west is None:
            return self._documents[first:last]
        return [
            document
            for document, longitude in zip(self._documents[first:last], self._longitudes[first:last], strict=True)
            if west <= longitude <= east
        ]

    @cached_property
    def _by_callsign(self) -> tuple[list[str], list[int]]:
        known = [(name, row) for row, name in enumerate(self._callsigns.to_list()) if name]
        known.sort()
        return [name for name, _ in known], [row for _, row in known]


def icao24_of(document: bytes) -> str:
    """The icao24 that an aircraft's JSON begins with."""
    return document[_ICAO24].split(b'"', 1)[0].decode()


def opening(icao24: str) -> bytes:
    """What the JSON of this aircraft begins with: less than any other document of its and later aircraft."""
    return _OPENING + icao24.encode() + b'"'


def _laid_out(states: pl.DataFrame) -> pl.DataFrame:
    """Without a position come last, in a column of no longitude."""
    located = pl.col("latitude").is_not_null() & pl.col("longitude").is_not_null()
    column = pl.when(located).then(pl.col("longitude").floor().cast(pl.Int32, strict=False)).alias("column")
    return states.with_columns(column).sort("column", "latitude", nulls_last=True)


def _slices(columns: pl.Series) -> dict[int, tuple[int, int]]:
    lengths = columns.drop_nulls().rle().struct.unnest()
    ends = lengths["len"].cum_sum().to_list()
    starts = [0, *ends[:-1]] if ends else []
    return dict(zip(lengths["value"].to_list(), zip(starts, ends, strict=True), strict=True))


def _documents(rows: pl.DataFrame) -> list[bytes]:
    """The JSON of each row."""
    if rows.is_empty():
        return []
    masks = rows["quality"].unique()
    flags = pl.DataFrame(
        {"quality": masks, "flags": [list(names(mask)) for mask in masks]},
        schema={"quality": pl.UInt32, "flags": pl.List(pl.String)},
    )
    readable = rows.join(flags, on="quality", how="left", maintain_order="left")
    lines = readable.drop("quality").rename({"flags": "quality"}).write_ndjson()
    return lines.encode().split(b"\n")[: rows.height]
