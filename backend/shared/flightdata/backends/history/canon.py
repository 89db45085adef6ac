"""The canonical order of an hour: sorted, each state once, in chunks that fit in memory.

A state's time is its `last_contact`. An aircraft has one state for each source and `last_contact`: of several (a
redelivered snapshot, a position that came a moment later) the last one in the order of time_position and then all
other columns stays, as in the live picture.
"""

from collections.abc import Iterator, Sequence

import polars as pl

from flightdata.models.lake import LAKE_SCHEMA

KEY = ["icao24", "last_contact", "source"]
CHUNK = 100_000
"""Rows a chunk, about: with 100,000 a stream takes 400 MB at most, with 200,000 600 (measured)."""

_TIES = ["time_position", *(name for name in LAKE_SCHEMA if name not in {*KEY, "time_position"})]


def chunks(kept: Sequence[pl.LazyFrame], wanted: pl.Expr | None = None, size: int = CHUNK) -> Iterator[pl.DataFrame]:
    """The rows of all `kept` (those `wanted`) in canonical order; each chunk holds all rows of its aircraft.

    `size`: how many rows a chunk has, about, before `wanted`.
    """
    if not kept:
        return
    everything = pl.concat(kept)
    chosen = everything if wanted is None else everything.filter(wanted)
    for first, last in _ranges(everything, size):
        chunk = chosen.filter(pl.col("icao24").is_between(pl.lit(first), pl.lit(last))).collect()
        if chunk.height:
            yield canonical(chunk)


def canonical(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` in canonical order, each state once."""
    return rows if _is_canonical(rows) else _ordered(rows)


def newest(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each aircraft and source the last state, in canonical order."""
    if _is_canonical(rows):
        return _last_of_runs(rows).unique(["icao24", "source"], keep="last", maintain_order=True)
    # To sort all of them takes twice the memory that they take themselves.
    latest = rows.filter(pl.col("last_contact") == pl.col("last_contact").max().over("icao24", "source"))
    return _ordered(latest).unique(["icao24", "source"], keep="last", maintain_order=True)


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    ordered = rows.sort(KEY)
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in KEY).fill_null(value=False)
    again = ordered.select(again=same | same.shift(-1, fill_value=False))["again"]
    if not again.any():
        return ordered
    rivals = ordered.filter(again).sort(KEY + _TIES, nulls_last=False)
    winners = rivals.unique(KEY, keep="last", maintain_order=True)
    return pl.concat([ordered.filter(~again), winners]).sort(KEY)


def _is_canonical(rows: pl.DataFrame) -> bool:
    """As what comes from one compacted file mostly is; ten times as fast to see as to sort it."""
    ahead = pl.lit(value=False)
    for name in reversed(KEY):
        this, following = pl.col(name), pl.col(name).shift(-1)
        ahead = (this < following) | ((this == following) & ahead)
    return bool(rows.select(ahead.slice(0, rows.height - 1).all()).item()) if rows.height else True


def _last_of_runs(ordered: pl.DataFrame) -> pl.DataFrame:
    """The last row of each run of rows of one aircraft and source: nearly all others go."""
    last = pl.any_horizontal(pl.col(name) != pl.col(name).shift(-1) for name in ("icao24", "source"))
    return ordered.filter(last.fill_null(value=True))


def _ranges(kept: pl.LazyFrame, size: int) -> list[tuple[str, str]]:
    """The aircraft in their order, cut so that about `size` rows fall into each range: first and last of each."""
    counts = kept.group_by("icao24").len().sort("icao24").collect()
    cut = counts.select("icao24", range=(pl.col("len").cast(pl.UInt64).cum_sum() - 1) // size)
    ranges = cut.group_by("range", maintain_order=True).agg(first=pl.first("icao24"), last=pl.last("icao24"))
    return list(zip(ranges["first"], ranges["last"], strict=True))
