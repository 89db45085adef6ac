"""Where flights begin and end: asks `nearby` for those that opened, landed or are coming down."""

from collections.abc import Sequence
from functools import cache

import polars as pl
from polars import col

from flightdata.models.units import Metres, MetresPerSecond, Seconds
from flightdata.tracking.nearby import POINT_SCHEMA, Airports

# docs/flights.md says where each bound comes from.
_CLIMB_OUT = 12.0
_GLIDE = 19.0
_COMING_DOWN: MetresPerSecond = -1.0
_GOING_UP: MetresPerSecond = 1.5
_LOW: Metres = 5_000
_GROUND_MEMORY: Seconds = 3_600
_FASTEST: MetresPerSecond = 350
_ROOM: Metres = 10_000
_CLOSELY: Seconds = 300
_LESS_CLOSELY = 0.9
_FIELDS = ("horizontal", "vertical", "candidates", "confidence")


def with_ends(judged: pl.DataFrame, airports: Airports) -> pl.DataFrame:
    """`judged` with the estimates of this step, `end…`: departures for `departs`, arrivals for `settles`."""
    points = pl.concat([judged.lazy().filter(asked).select(point) for asked, point in _questions()]).collect()
    found = airports.estimate(points)
    ends = judged.lazy().select("row").join(found.lazy().select(_named()), on="row", how="left", maintain_order="left")
    return pl.concat([judged, ends.drop("row").collect()], how="horizontal")


@cache
def _named() -> list[pl.Expr]:
    return [col("row"), col("ident").alias("end"), *(col(one).alias(f"end_{one}") for one in _FIELDS)]


@cache
def marks() -> Sequence[list[pl.Expr]]:
    """`stood`: it was seen on the ground lately, and can have come from there.

    `departs`, `settles`: its departure, its arrival can be estimated now, never both; `climbs_away`: what was estimated
    of its arrival no longer holds; `row`: its number.
    """
    lately = (col("gap") <= _GROUND_MEMORY) & (col("leap") <= _ROOM + _FASTEST * col("gap"))
    coming_down = (col("new_rate") < _COMING_DOWN).fill_null(value=False)
    on_its_way = col("continues") | col("touches") | (col("opens") & ~col("stood"))
    approaches = coming_down & (col("new_altitude") < _LOW) & on_its_way
    going_up = (col("new_rate") > _GOING_UP).fill_null(value=False)
    return [
        [(col("opens") & col("known") & ~col("flew") & lately).fill_null(value=False).alias("stood")],
        [
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
            (col("stood") | (col("opens") & ~coming_down)).alias("departs"),
            (col("lands") | approaches).fill_null(value=False).alias("settles"),
            (col("touches") | (col("continues") & going_up)).alias("climbs_away"),
        ],
    ]


@cache
def _questions() -> list[tuple[pl.Expr, list[pl.Expr]]]:
    """Who asks, and where it looks from."""
    departures = _point(col("stood"), "", (col("new_track") + 180) % 360, _CLIMB_OUT)
    arrivals = _point(col("lands"), "new_", col("new_track"), _GLIDE)
    return [(col("departs"), departures), (col("settles"), arrivals)]


def _point(grounded: pl.Expr, ground: str, bearing: pl.Expr, slope: float) -> list[pl.Expr]:
    """`ground`: prefix of the place where those stand that are `grounded`; the others are in the air."""
    closely = pl.when(col("gap") > _CLOSELY).then(_LESS_CLOSELY).otherwise(1.0)
    lands = col("lands")
    columns = {
        "row": col("row"),
        "latitude": pl.when(grounded).then(ground + "latitude").otherwise("new_latitude"),
        "longitude": pl.when(grounded).then(ground + "longitude").otherwise("new_longitude"),
        "grounded": grounded,
        "altitude": pl.when(~grounded).then("new_altitude"),
        "bearing": pl.when(~grounded).then(bearing),
        "slope": pl.lit(slope),
        "trust": pl.when(grounded).then(closely).otherwise(1.0),
        "air_latitude": pl.when(lands).then("latitude").otherwise("new_latitude"),
        "air_longitude": pl.when(lands).then("longitude").otherwise("new_longitude"),
        "air_altitude": pl.when(lands).then("altitude").otherwise("new_altitude"),
    }
    return [columns[name].cast(dtype).alias(name) for name, dtype in POINT_SCHEMA.items()]
