"""Quality rules: what is odd about a state that is kept all the same, as one table of expressions.

Bit i of the column `quality` is rule i of RULES: new rules go to the end, none is ever taken out or moved, so that
stored masks keep their meaning. A rule is given the snapshot's time and sees the columns of the state table; null
counts as "nothing odd".
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from flightdata.models.units import EpochSeconds


@dataclass(frozen=True)
class Rule:
    """`odd(time)` is true for the rows to flag; `why` says where the bound comes from."""

    name: str
    odd: Callable[[EpochSeconds], pl.Expr]
    why: str


RULES: tuple[Rule, ...] = (
    Rule(
        "stale_position",
        lambda now: now - pl.col("time_position") > 15,
        "OpenSky calls a position older than 15 s stale; 18 % of recorded rows",
    ),
    Rule(
        "no_position",
        lambda _: pl.col("latitude").is_null() | pl.col("longitude").is_null(),
        "heard, but never located",
    ),
    Rule(
        "null_island",
        lambda _: (pl.col("latitude") == 0) & (pl.col("longitude") == 0),
        "0° N 0° E is what unset coordinates look like; 2 in 2.6 million recorded rows",
    ),
    Rule(
        "position_out_of_range",
        lambda _: (pl.col("latitude").abs() > 90) | (pl.col("longitude").abs() > 180),
        "WGS84 has no such place",
    ),
    Rule(
        "track_out_of_range",
        lambda _: ~pl.col("true_track").is_between(0, 360),
        "a track is 0 to 360 degrees; negative ones occur in a recording of 2021",
    ),
)


def mask_of(time: EpochSeconds) -> pl.Expr:
    """The column `quality` of a state table, as seen at `time`."""
    bits = (
        pl.when(rule.odd(time)).then(pl.lit(1 << bit, pl.UInt32)).otherwise(pl.lit(0, pl.UInt32))
        for bit, rule in enumerate(RULES)
    )
    return pl.sum_horizontal(bits).cast(pl.UInt32)


def names(mask: int) -> tuple[str, ...]:
    """The names of the flags in a `quality` mask."""
    return tuple(rule.name for bit, rule in enumerate(RULES) if mask >> bit & 1)


def mask(flags: Iterable[str]) -> int:
    """The `quality` mask of these flags. Raises KeyError for a name that is no rule."""
    bits = {rule.name: 1 << bit for bit, rule in enumerate(RULES)}
    return sum(bits[flag] for flag in set(flags))
