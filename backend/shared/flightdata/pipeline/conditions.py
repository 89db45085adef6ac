"""What a search asks of single columns, as one expression over the picture."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from flightdata.models.region import inside
from flightdata.models.search import FlightSearch
from flightdata.models.states import altitude


def _is(column: str) -> Callable[[Any], pl.Expr]:
    return lambda value: pl.col(column) == value


def _reads(*columns: str) -> Callable[[str], pl.Expr]:
    """Any of these texts, without regard to capitals."""
    return lambda text: pl.any_horizontal(
        pl.col(column).str.to_lowercase() == pl.lit(text).str.to_lowercase() for column in columns
    )


_CONDITIONS: Mapping[str, Callable[[Any], pl.Expr]] = {
    "circle": inside,
    "registration": _reads("registration"),
    "typecode": _reads("typecode"),
    "operator": _reads("operator", "airline"),
    "origin_country": _reads("origin_country"),
    "squawk": _is("squawk"),
    "category": _is("category"),
    "on_ground": _is("on_ground"),
    "altitude_min": lambda least: altitude() >= least,
    "altitude_max": lambda most: altitude() <= most,
    "velocity_min": lambda least: pl.col("velocity") >= least,
    "velocity_max": lambda most: pl.col("velocity") <= most,
    "departure": _is("departure"),
    "arrival": _is("arrival"),
    "source": _is("source"),
}


def condition(search: FlightSearch) -> pl.Expr | None:
    """All of them; null counts as false. None if the search asks for none."""
    given = search.__dict__
    asked = [make(given[name]) for name, make in _CONDITIONS.items() if given[name] is not None]
    return pl.all_horizontal(asked) if asked else None
