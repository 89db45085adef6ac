"""Columns of JSON values into typed polars series, with the places of the values that are of the wrong type.

JSON knows one kind of number: the same column holds `0` in one row and `0.33` in the next. Python's `True` is no
number here. Polars looks at each value's type anyway while it builds the series; rows are looked at one by one only
where it refuses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Kind:
    """What a column may hold and what it becomes. `largest`: the greatest magnitude that fits."""

    accepts: frozenset[type]
    dtype: pl.DataType
    largest: float | None = None

    def fits(self, value: Any) -> bool:
        if value is None:
            return True
        return type(value) in self.accepts and (self.largest is None or abs(value) <= self.largest)


TEXT = Kind(frozenset({str}), pl.String())
NUMBER = Kind(frozenset({int, float}), pl.Float64())
FLAG = Kind(frozenset({bool}), pl.Boolean())
CODE = Kind(frozenset({int}), pl.Int8(), largest=127)

Column = Sequence[Any]


def series(name: str, values: Column, kind: Kind) -> tuple[pl.Series, frozenset[int]]:
    """`values` as a series of `kind`, and the indices of those that are not of it (null in the series)."""
    built = _build(name, values, kind)
    if built is not None and not _holds_flags(built, values, kind):
        return built, frozenset()
    wrong = frozenset(index for index, value in enumerate(values) if not kind.fits(value))
    kept = [None if index in wrong else value for index, value in enumerate(values)]
    return pl.Series(name, kept, dtype=kind.dtype, strict=True), wrong


def _build(name: str, values: Column, kind: Kind) -> pl.Series | None:
    """None where polars refuses a value. Whole numbers go in as such: a third of the cost of converting each."""
    dtypes = (pl.Int64(), kind.dtype) if kind is NUMBER and values and type(values[0]) is int else (kind.dtype,)
    for dtype in dtypes:
        try:
            return pl.Series(name, values, dtype=dtype, strict=True).cast(kind.dtype)
        except (TypeError, OverflowError):
            continue
    return None


def _holds_flags(built: pl.Series, values: Column, kind: Kind) -> bool:
    """Whether a boolean passed for a number: polars takes true for 1 and false for 0, so only those are looked at."""
    if bool in kind.accepts or str in kind.accepts:
        return False
    suspects = ((built == 0) | (built == 1)).fill_null(value=False).arg_true()
    return any(type(values[index]) is bool for index in suspects)
