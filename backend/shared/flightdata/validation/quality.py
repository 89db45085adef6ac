"""Quality rules: what is odd about a state that is kept all the same, as one table of expressions.

Bit i of the column `quality` is rule i of RULES: new rules go to the end, none is ever taken out or moved, so that
stored masks keep their meaning. An expression sees a state table and `pl.lit(time)` of the snapshot as `NOW`; null
counts as "nothing odd".
"""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from flightdata.models.units import EpochSeconds

NOW = pl.col("_now")


@dataclass(frozen=True)
class Rule:
    """`odd` is true for the rows to flag; `why` says where the bound comes from."""

    name: str
    odd: pl.Expr
    why: str


RULES: tuple[Rule, ...] = (
    Rule(
        "stale_position",
        NOW - pl.col("time_position") > 15,
        "OpenSky calls a position older than 15 s stale; 18 % of recorded rows",
    ),
    Rule(
        "no_position",
        pl.col("latitude").is_null() | pl.col("longitude").is_null(),
        "heard, but never located",
    ),
    Rule(
        "null_island",
        (pl.col("latitude") == 0) & (pl.col("longitude") == 0),
        "0° N 0° E is what unset coordinates look like; 2 in 2.6 million recorded rows",
    ),
    Rule(
        "position_out_of_range",
        (pl.col("latitude").abs() > 90) | (pl.col("longitude").abs() > 180),
        "WGS84 has no such place",
    ),
    Rule(
        "track_out_of_range",
        ~pl.col("true_track").is_between(0, 360),
        "a track is 0 to 360 degrees; negative ones occur in a recording of 2021",
    ),
)


def flagged(states: pl.DataFrame, time: EpochSeconds) -> pl.DataFrame:
    """`states` with the column `quality` filled in, as seen at `time`."""
    bits = (
        pl.when(rule.odd).then(pl.lit(1 << bit, pl.UInt32)).otherwise(pl.lit(0, pl.UInt32))
        for bit, rule in enumerate(RULES)
    )
    return (
        states.with_columns(_now=pl.lit(time))
        .with_columns(quality=pl.sum_horizontal(bits).cast(pl.UInt32))
        .drop("_now")
    )


def names(mask: int) -> tuple[str, ...]:
    """The names of the flags in a `quality` mask."""
    return tuple(rule.name for bit, rule in enumerate(RULES) if mask >> bit & 1)


def mask(flags: Iterable[str]) -> int:
    """The `quality` mask of these flags. Raises KeyError for a name that is no rule."""
    bits = {rule.name: 1 << bit for bit, rule in enumerate(RULES)}
    return sum(bits[flag] for flag in set(flags))
