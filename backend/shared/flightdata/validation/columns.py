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
    """What a column may hold and what it becomes. `bounds`: the least and the greatest that fit."""

    accepts: frozenset[type]
    dtype: pl.DataType
    bounds: tuple[int, int] | None = None

    def fits(self, value: Any) -> bool:
        if value is None:
            return True
        return type(value) in self.accepts and (self.bounds is None or self.bounds[0] <= value <= self.bounds[1])


TEXT = Kind(frozenset({str}), pl.String())
NUMBER = Kind(frozenset({int, float}), pl.Float64())
FLAG = Kind(frozenset({bool}), pl.Boolean())
CODE = Kind(frozenset({int}), pl.Int8(), bounds=(-128, 127))

Column = Sequence[Any]


def frame(columns: Sequence[tuple[str, Column, Kind]]) -> tuple[pl.DataFrame, dict[int, str]]:
    """The columns (name, values, kind) as a frame, and the rows that hold a value of the wrong type: index → name of
    the first such column. Those values are null in the frame.
    """
    built = [_build(name, values, kind) for name, values, kind in columns]
    suspects = _flags_among_numbers(columns, built)
    wrong: dict[int, str] = {}
    for place, (name, values, kind) in enumerate(columns):
        if built[place] is None or name in suspects:
            built[place] = _without_misfits(name, values, kind, wrong)
    return pl.DataFrame(built), wrong


def _build(name: str, values: Column, kind: Kind) -> pl.Series | None:
    """None where polars refuses a value. Whole numbers go in as such: a third of the cost of converting each."""
    dtypes = (pl.Int64(), kind.dtype) if kind is NUMBER and values and type(values[0]) is int else (kind.dtype,)
    for dtype in dtypes:
        try:
            return pl.Series(name, values, dtype=dtype, strict=True).cast(kind.dtype)
        except (TypeError, OverflowError):
            continue
    return None


def _flags_among_numbers(columns: Sequence[tuple[str, Column, Kind]], built: Sequence[pl.Series | None]) -> set[str]:
    """The names of numeric columns in which a boolean passed for a number.

    Polars takes true for 1 and false for 0, so only the values that came out as these are looked at.
    """
    numeric = {
        series.name: values
        for series, (_, values, kind) in zip(built, columns, strict=True)
        if series is not None and kind.dtype.is_numeric()
    }
    places = pl.DataFrame([series for series in built if series is not None and series.name in numeric]).select(
        ((pl.col(name) == 0) | (pl.col(name) == 1)).arg_true().implode() for name in numeric
    )
    return {
        name
        for name, values in numeric.items()
        if bool in set(map(type, map(values.__getitem__, places[name].item().to_list())))
    }


def _without_misfits(name: str, values: Column, kind: Kind, wrong: dict[int, str]) -> pl.Series:
    misfits = {place for place, value in enumerate(values) if not kind.fits(value)}
    for place in misfits:
        wrong.setdefault(place, name)
    kept = [None if place in misfits else value for place, value in enumerate(values)]
    return pl.Series(name, kept, dtype=kind.dtype, strict=True)
