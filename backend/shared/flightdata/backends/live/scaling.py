"""Floats as scaled integers, wherever that gives back the very same floats: they compress to three quarters.

Most columns of a feed are decimals with few digits: 10972.8 m is 1097280 at a scale of 100.
"""

from collections.abc import Mapping

import polars as pl

EXACT = 2**53
"""Up to here a float holds every integer."""

_SCALES = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)


def scale(states: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """`states` with integers where these are exact, and the scale of each column that has them."""
    scales = scales_of(states)
    scaled = [integers(states[name], factor).cast(pl.Int64).alias(name) for name, factor in scales.items()]
    return states.with_columns(scaled), scales


def unscale(states: pl.DataFrame, scales: Mapping[str, int]) -> pl.DataFrame:
    """What was scaled."""
    return states.with_columns([floats(states[name], factor).alias(name) for name, factor in scales.items()])


def scales_of(states: pl.DataFrame) -> dict[str, int]:
    """The scale of each column of floats that can be had exactly as integers."""
    return {one.name: factor for one in states if one.dtype == pl.Float64 and (factor := _scale(one))}


def integers(column: pl.Series, factor: int) -> pl.Series:
    """At this scale, as floats."""
    return (column * float(factor)).round()


def floats(scaled: pl.Series, factor: int) -> pl.Series:
    """What `integers` was made of."""
    # A column divided by a number is multiplied by its inverse, and that rounds twice: so a column by a column.
    return scaled.cast(pl.Float64) / pl.repeat(float(factor), len(scaled), dtype=pl.Float64, eager=True)


def _scale(column: pl.Series) -> int | None:
    for factor in _SCALES:
        scaled = integers(column, factor)
        if not (scaled.abs() <= EXACT).all():
            return None
        if floats(scaled, factor).equals(column):
            return factor
    return None
