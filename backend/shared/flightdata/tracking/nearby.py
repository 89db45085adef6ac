"""Which airport an aircraft comes from or goes to, judged by where it was seen last or first.

An aircraft seen in the air is thought on along its track to where a usual slope meets the ground; an airport fits as
well as it lies close to that line. `docs/flights.md` has the measurements behind the constants.
"""

from collections.abc import Sequence
from functools import cache
from math import pi

import polars as pl
from polars import col

from flightdata.models.units import Degrees, Metres
from flightdata.tracking.distance import EARTH_RADIUS, distance

AIRPORT_SCHEMA = {
    "ident": pl.String(),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
    "elevation": pl.Float64(),
    "scheduled": pl.Boolean(),
}
"""An airports table: ICAO code, place (°), elevation (m), whether airlines can be expected there."""

POINT_SCHEMA = {
    "row": pl.UInt32(),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
    "altitude": pl.Float64(),
    "grounded": pl.Boolean(),
    "bearing": pl.Float64(),
    "slope": pl.Float64(),
    "trust": pl.Float64(),
    "air_latitude": pl.Float64(),
    "air_longitude": pl.Float64(),
    "air_altitude": pl.Float64(),
}
"""Where to look from. altitude: null on the ground (`grounded`) or unknown; `bearing`: towards the airport (°, null:
unknown); `slope`: m along the ground for a metre of height; `trust`: factor of the confidence; `air_…`: the first or
last position in the air, from which the airport's distances are told.
"""

ESTIMATE_SCHEMA = {
    "row": pl.UInt32(),
    "ident": pl.String(),
    "candidates": pl.Int32(),
    "confidence": pl.Float64(),
    "horizontal": pl.Float64(),
    "vertical": pl.Float64(),
}
"""Of a point: the best airport, how many others it might be, 0…1; m from the airport to the position in the air."""

_LONGEST_LINE: Metres = 20_000
_NEVER_BEYOND: Metres = 10_000
_RADIUS: Metres = _LONGEST_LINE / 2 + _NEVER_BEYOND
_CELL: Degrees = 0.25
_ROWS, _COLUMNS = int(180 / _CELL), int(360 / _CELL)
_NEAR_POLE = 0.01
_METRES_A_DEGREE = EARTH_RADIUS * pi / 180
_UNSCHEDULED: Metres = 3_000
_RIVAL: Metres = 5_000
_CERTAIN_WITHIN: Metres = 5_000
_PRESSURE: Metres = 150
_RUNWAY: Metres = 3_000
_SURE_HEIGHT: Metres = 100
_HIGHEST: Metres = 1_500
_FADING: Metres = 1_900
_HEIGHT_UNKNOWN = 0.5
_LEAD: Metres = 2_000
_LEAST_CONFIDENCE = 0.2


class Airports:
    """An airports table, laid out so that the airports around many points are found without a search.

    Every airport is listed in each cell of a quarter of a degree that is less than `_RADIUS` away; those of a cell are
    listed side by side, and dense tables say where, and how high the highest is.
    """

    def __init__(self, airports: pl.DataFrame) -> None:
        reach = _RADIUS / _METRES_A_DEGREE
        wide = reach / col("latitude").radians().cos().clip(_NEAR_POLE)
        listed = (
            airports.lazy()
            .with_row_index("airport")
            .select(
                "airport",
                "elevation",
                row=_cells_between(col("latitude") - reach, col("latitude") + reach),
                column=_cells_between(col("longitude") - wide, col("longitude") + wide),
            )
            .explode("row")
            .explode("column")
            .select("airport", "elevation", cell=_cell(col("row"), col("column")))
            .unique(["cell", "airport"])
            .sort("cell", "airport")
            .collect()
        )
        cells = listed.group_by("cell").agg(count=pl.len(), highest=col("elevation").max())
        none = pl.repeat(0, _ROWS * _COLUMNS, dtype=pl.UInt32, eager=True)
        self._listed = listed["airport"]
        self._counts = none.scatter(cells["cell"], cells["count"])
        self._firsts = self._counts.cum_sum() - self._counts
        self._highest = none.cast(pl.Float64).scatter(cells["cell"], cells["highest"])
        self._idents = airports.select("ident")
        self._places = airports.select("scheduled", "elevation", there="latitude", east="longitude")

    def estimate(self, points: pl.DataFrame) -> pl.DataFrame:
        """The best airport for each of `points` that has one, as `ESTIMATE_SCHEMA` says."""
        if points.is_empty():
            return pl.DataFrame(schema=ESTIMATE_SCHEMA)
        best = _best(_measured(self._pairs(_aimed(points))))
        air = points.select("row", "grounded", "trust", "^air_.*$")[best["point"]]
        return _told(pl.concat([best, air, self._idents[best["airport"]]], how="horizontal"))

    def _pairs(self, aimed: pl.DataFrame) -> pl.DataFrame:
        """Each point that is low enough with each airport around it; `point` and `airport` are row numbers."""
        cell = aimed["cell"]
        firsts, counts, highest = (pl.lit(table.gather(cell)) for table in (self._firsts, self._counts, self._highest))
        low = (col("altitude") <= highest + _HIGHEST).fill_null(value=True)
        places = pl.int_ranges(firsts, firsts + pl.when(low).then(counts).otherwise(0)).alias("place")
        pairs = aimed.select(places).with_row_index("point").explode("place").drop_nulls()
        airport = self._listed.gather(pairs["place"])
        around = self._places[airport].with_columns(airport)
        return pl.concat([pairs.select("point"), aimed[pairs["point"]], around], how="horizontal")


def _aimed(points: pl.DataFrame) -> pl.DataFrame:
    """Where `points` look, and the cell in which to look: that of the middle of the line."""
    for columns in _aiming():
        points = points.select(columns)
    return points


@cache
def _aiming() -> Sequence[list[pl.Expr]]:
    bearing, latitude = col("bearing").radians(), col("latitude").radians()
    line = ((col("altitude") + _PRESSURE) * col("slope")).clip(_RUNWAY, _LONGEST_LINE)
    aside = (line / 2 / _METRES_A_DEGREE).fill_null(0)
    north = col("latitude") + aside * col("cosine").fill_null(0)
    east = col("longitude") + aside * col("sine").fill_null(0) / col("wide").clip(_NEAR_POLE)
    places = [col("latitude", "longitude", "altitude", "slope")]
    cell = _cell((north / _CELL).floor().cast(pl.Int64), (east / _CELL).floor().cast(pl.Int64))
    directions = {"sine": bearing.sin(), "cosine": bearing.cos(), "wide": latitude.cos()}
    return [
        [*places, *(expression.alias(name) for name, expression in directions.items())],
        [*places, *(col(name) for name in directions), cell.alias("cell")],
    ]


def _cells_between(least: pl.Expr, most: pl.Expr) -> pl.Expr:
    return pl.int_ranges((least / _CELL).floor().cast(pl.Int64), (most / _CELL).floor().cast(pl.Int64) + 1)


def _cell(row: pl.Expr, column: pl.Expr) -> pl.Expr:
    return ((row + _ROWS // 2).clip(0, _ROWS - 1) * _COLUMNS + column % _COLUMNS).cast(pl.UInt32)


def _measured(pairs: pl.DataFrame) -> pl.DataFrame:
    """How far each airport is from the line, and how much speaks against it (`score`, m)."""
    can_be, (offset, turned, off), score = _measures()
    return (
        pairs.filter(can_be)
        .with_columns(offset)
        .with_columns(turned)
        .with_columns(off)
        .filter(col("off") < _NEVER_BEYOND)
        .with_columns(score)
    )


@cache
def _measures() -> tuple[pl.Expr, tuple[list[pl.Expr], list[pl.Expr], pl.Expr], pl.Expr]:
    """What `_measured` computes, step by step: x, y, vertical; along, across; off; score."""
    east = (col("east") - col("longitude") + 540) % 360 - 180
    x, y = col("x"), col("y")
    line = ((col("vertical").fill_null(0) + _PRESSURE) * col("slope")).clip(_RUNWAY, _LONGEST_LINE)
    beyond = pl.max_horizontal(-col("along"), col("along") - line, 0.0)
    offset = [
        (east * col("wide") * _METRES_A_DEGREE).alias("x"),
        ((col("there") - col("latitude")) * _METRES_A_DEGREE).alias("y"),
        (col("altitude") - col("elevation")).alias("vertical"),
    ]
    turned = [
        (x * col("sine") + y * col("cosine")).alias("along"),
        (x * col("cosine") - y * col("sine")).alias("across"),
    ]
    off = pl.coalesce(col("across") ** 2 + beyond**2, x**2 + y**2).sqrt().alias("off")
    steep = (col("vertical") * col("slope") / 2 - _RUNWAY / 2 - col("along")).clip(0).fill_null(0.0)
    score = (col("off") + steep + pl.when("scheduled").then(0.0).otherwise(_UNSCHEDULED)).alias("score")
    can_be = (col("altitude") <= col("elevation") + _HIGHEST).fill_null(value=True)
    return can_be, (offset, turned, off), score


def _best(pairs: pl.DataFrame) -> pl.DataFrame:
    """One row a point: neighbours in the order of the scores tell the best, how many rivals it has, and its lead."""
    first, (lead, rivals), in_all, candidates = _ranking()
    ranked = pairs.sort("point", "score", "airport").with_columns(first)
    return ranked.with_columns(lead, rivals, in_all).filter("first").with_columns(candidates)


@cache
def _ranking() -> tuple[pl.Expr, tuple[pl.Expr, pl.Expr], pl.Expr, pl.Expr]:
    first = (col("point") != col("point").shift(1)).fill_null(value=True).alias("first")
    least = pl.when("first").then("score").forward_fill()
    rivals = (~col("first") & (col("score") < least + _RIVAL)).cast(pl.Int32)
    lead = pl.when(~col("first").shift(-1, fill_value=True)).then(col("score").shift(-1) - col("score"))
    candidates = col("rivals").shift(-1).fill_null(col("in_all")) - col("rivals")
    return (
        first,
        (lead.alias("lead"), rivals.cum_sum().alias("rivals")),
        rivals.sum().alias("in_all"),
        candidates.alias("candidates"),
    )


def _told(best: pl.DataFrame) -> pl.DataFrame:
    confidence, claimed, columns = _telling()
    return best.with_columns(confidence).filter(claimed).select(columns)


@cache
def _telling() -> tuple[pl.Expr, pl.Expr, list[pl.Expr]]:
    near = ((_NEVER_BEYOND - col("off")) / (_NEVER_BEYOND - _CERTAIN_WITHIN)).clip(0, 1)
    low = 0.85 - 0.6 * (col("vertical") - _SURE_HEIGHT).clip(0) / _FADING
    low = pl.when("grounded").then(1.0).otherwise(low.fill_null(_HEIGHT_UNKNOWN))
    alone = (0.7 + 0.3 * col("lead") / _LEAD).clip(0, 1).fill_null(1.0)
    columns = [
        col("row", "ident", "candidates", "confidence"),
        distance("there", "east", "air_latitude", "air_longitude").alias("horizontal"),
        (col("air_altitude") - col("elevation")).alias("vertical"),
    ]
    confidence = (near * low * alone * col("trust")).round(3).alias("confidence")
    return confidence, col("confidence") >= _LEAST_CONFIDENCE, columns
