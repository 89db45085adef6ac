"""Pages in the order of a column: what is not known comes last, equals in the order of icao24.

A cursor is the icao24 of the last aircraft of the page before and, if it has any, its value: `3944ee:480.06`. The next
page begins behind that place in the order, whatever the picture has become: an aircraft whose value stays is on one
page.
"""

from bisect import bisect_right
from collections.abc import Sequence

import polars as pl

from flightdata.errors import BadRequest
from flightdata.pipeline.index import LiveIndex


class Order:
    """The `rows` of `index` by `sort`, a column's name, with `-` in front the greatest first."""

    def __init__(self, index: LiveIndex, rows: Sequence[int], sort: str) -> None:
        self._index = index
        self._descending = sort.startswith("-")
        values = index.values(sort.removeprefix("-"), rows)
        table = pl.DataFrame({"value": values, "row": pl.Series(rows, dtype=pl.Int64)})
        self._sorted = table.sort("value", "row", descending=[self._descending, False], nulls_last=True)

    @property
    def rows(self) -> list[int]:
        return self._sorted["row"].to_list()

    def after(self, cursor: str) -> int:
        """How many are at the cursor's place or before it. Raises BadRequest if it is none of this order."""
        icao24, known, text = cursor.partition(":")
        not_behind = pl.col("row") < bisect_right(self._index.icao24s, icao24)
        if not known:
            before = pl.col("value").is_not_null() | not_behind
        else:
            value = pl.lit(self._parsed(text))
            sooner = pl.col("value") > value if self._descending else pl.col("value") < value
            before = (sooner | ((pl.col("value") == value) & not_behind)).fill_null(value=False)
        return int(self._sorted.select(before.sum()).item())

    def cursor(self, place: int) -> str:
        """Of the aircraft at this place."""
        value, row = self._sorted.row(place)
        icao24 = self._index.icao24s[row]
        return icao24 if value is None else f"{icao24}:{value}"

    def _parsed(self, text: str) -> str | float:
        if self._sorted["value"].dtype == pl.String:
            return text
        try:
            return float(text)
        except ValueError:
            raise BadRequest("cursor: this is none of pages in this order", parameter="cursor") from None
