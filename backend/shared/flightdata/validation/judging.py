"""A state beside the one before it of the same aircraft: the flags that need both.

Why this and not something else is in docs/decisions/0008-quality-against-the-held-state.md.
"""

import math
from functools import cache

import polars as pl

from flightdata.models.states import RELATIVE_QUALITY, STATE_SCHEMA
from flightdata.utils.geodesy import bearing, distance
from flightdata.validation.quality import COMPARISONS, CONCLUSIONS, mask, mask_of

_HELD = (
    "time_position",
    "last_contact",
    "longitude",
    "latitude",
    "baro_altitude",
    "velocity",
    "true_track",
    "quality",
)
_OF_THE_ALTITUDE = mask(["altitude_jump"])


_ANY_TIME = math.nan
"""Two states are compared by their own times; the snapshot's is nothing to them."""


def judge(incoming: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """`incoming` with the flags it has beside `held`, what the same source said of each aircraft before.

    Both are state tables, `held` with one row an aircraft and source, `incoming` of one source.
    Only a state that was heard later than the held one is compared. The same position keeps the verdict of when it came
    first, and so does the same state; an older one is not judged. So repeating a snapshot changes no flag.
    """
    between, compared, concluded = _expressions()
    return (
        pl.concat([incoming, _before(incoming, held)], how="horizontal")
        .lazy()
        .with_columns(*between)
        .with_columns(compared)
        .with_columns(concluded)
        .select(*STATE_SCHEMA)
        .collect()
    )


@cache
def _expressions() -> tuple[list[pl.Expr], pl.Expr, pl.Expr]:
    """What lies between two states, and `quality` with the flags of COMPARISONS, then with those of CONCLUSIONS.

    Always the same, and a quarter of the time when they are made anew for each snapshot (measured).
    """
    kept = _kept() & pl.lit(RELATIVE_QUALITY, pl.UInt32)
    compared = pl.col("quality") | _unless_late(mask_of(_ANY_TIME, COMPARISONS)) | kept
    return _between(), compared, pl.col("quality") | _unless_late(mask_of(_ANY_TIME, CONCLUSIONS))


def _before(incoming: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """The held state of each incoming one's aircraft, null where there is none.

    Looked up by row and then gathered: half the time of a join that carries all columns (measured).
    """
    theirs = pl.col("source").eq_missing(pl.lit(incoming["source"].first()))
    rows = held.lazy().select("icao24", "source").with_row_index("row").filter(theirs).drop("source")
    places = (
        incoming.lazy().select("icao24").join(rows, on="icao24", how="left", maintain_order="left").collect()["row"]
    )
    return held.select(pl.col(name).alias(f"held_{name}") for name in _HELD)[places]


def _between() -> list[pl.Expr]:
    here = pl.col("held_latitude"), pl.col("held_longitude"), pl.col("latitude"), pl.col("longitude")
    return [
        distance(*here).alias("distance"),
        bearing(*here).alias("bearing"),
        (pl.col("time_position") - pl.col("held_time_position")).alias("elapsed"),
        (pl.col("last_contact") - pl.col("held_last_contact")).alias("silence"),
    ]


def _unless_late(flags: pl.Expr) -> pl.Expr:
    """Those of an aircraft that is new, too: what two flags of its own say needs no state before."""
    return pl.when(pl.col("silence") <= 0).then(pl.lit(0, pl.UInt32)).otherwise(flags)


def _kept() -> pl.Expr:
    """What the held state's flags say about the incoming one too."""
    position = (pl.col("elapsed") == 0) & (pl.col("distance") == 0)
    of_the_position = pl.col("held_quality") & pl.lit(~_OF_THE_ALTITUDE & 0xFFFF_FFFF, pl.UInt32)
    return (
        pl.when(position & (pl.col("silence") > 0))
        .then(of_the_position)
        .when(pl.col("silence") == 0)
        .then("held_quality")
        .otherwise(pl.lit(0, pl.UInt32))
    )
