"""What every decoder hands over, and the rules that all formats share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import polars as pl

from flightdata.models.states import STATE_SCHEMA
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.validation.columns import Column, Kind, frame
from flightdata.validation.quality import mask_of

FUTURE_TOLERANCE: Seconds = 60.0
"""How far `last_contact` may lie after its snapshot's time. Seen in 2.6 million recorded rows: 1 s."""

WHITE_SPACE = "".join(one for one in map(chr, range(0x3001)) if one.isspace())
"""All of Unicode's."""

_BLANKS_OCCUR = ("callsign", "origin_country", "squawk", "registration", "typecode")
_ICAO24 = r"^~?[0-9a-f]{6}$"
_IS_ADDRESS = pl.col("icao24").str.contains(_ICAO24)
_LOWER_CASE = pl.col("icao24").str.to_lowercase()


class Unreadable(Exception):
    """The body is no snapshot at all. The message is the reason it is counted under."""


@dataclass(frozen=True)
class Decoded:
    """`states` is a state table, `time` the snapshot's own time, `rows` what came in: len(states) + rejections."""

    time: EpochSeconds
    rows: int
    states: pl.DataFrame = field(repr=False)
    rejected: dict[str, int]


class Rejections:
    """Counts rejected rows by reason. A row is rejected once, for the first reason found."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, reason: str, count: int = 1) -> None:
        if count:
            self._counts[reason] += count

    def as_dict(self) -> dict[str, int]:
        return dict(sorted(self._counts.items()))


def number(value: Any, what: str) -> float:
    """`value` as a float; Unreadable if it is no JSON number."""
    if type(value) not in (int, float):
        raise Unreadable(f"{what} is no number")
    return float(value)


def table(columns: Sequence[tuple[str, Column, Kind]], rejections: Rejections) -> pl.DataFrame:
    """The columns as a frame, without the rows that hold a value of the wrong type: those are counted."""
    built, wrong = frame(columns)
    for column in wrong.values():
        rejections.add(f"wrong_type:{column}")
    return built[[place for place in range(built.height) if place not in wrong]] if wrong else built


def finish(
    rows: pl.DataFrame, time: EpochSeconds, source: str, rejections: Rejections, padding: str = WHITE_SPACE
) -> pl.DataFrame:
    """A decoder's rows as a state table: tidied, complete in its columns, flagged, without those that are no state.

    `padding`: the characters around texts that do not belong to them.
    """
    finished = (
        rows.lazy()
        .with_columns(*_completing(tuple(rows.columns), padding), source=pl.lit(source), _now=pl.lit(time))
        .with_columns(quality=_flags())
        .select(*STATE_SCHEMA)
        .collect()
    )
    in_time = pl.col("last_contact").is_between(0, time + FUTURE_TOLERANCE, closed="right")
    if finished.select(_IS_ADDRESS.all(ignore_nulls=False) & in_time.all(ignore_nulls=False)).item():
        return finished
    return _without_misfits(finished.with_columns(_LOWER_CASE), time, rejections)


@cache
def _completing(columns: tuple[str, ...], padding: str) -> list[pl.Expr]:
    """What makes rows of these columns complete: no padding, null for blank texts, both coordinates or none."""
    given = {*columns, "source", "quality"}
    texts = [pl.col(name).str.strip_chars(padding) for name in _BLANKS_OCCUR if name in given]
    located = pl.col("longitude").is_not_null() & pl.col("latitude").is_not_null()
    return [
        pl.col("icao24").str.strip_chars(padding),
        *(pl.when(text.str.len_bytes() > 0).then(text) for text in texts),
        *(pl.lit(None, dtype).alias(name) for name, dtype in STATE_SCHEMA.items() if name not in given),
        pl.col("on_ground", "spi").fill_null(value=False),
        pl.when(located).then(pl.col("latitude", "longitude")),
    ]


@cache
def _flags() -> pl.Expr:
    """A tenth of the time of all this is saved when it is not made anew for each snapshot (measured)."""
    return mask_of(pl.col("_now"))


def _without_misfits(states: pl.DataFrame, time: EpochSeconds, rejections: Rejections) -> pl.DataFrame:
    """`states` without the rows that are none; those are counted."""
    reasons = states.select(_reason(time)).to_series()
    for reason, count in reasons.drop_nulls().value_counts().iter_rows():
        rejections.add(reason, count)
    return states.filter(reasons.is_null())


def _reason(time: EpochSeconds) -> pl.Expr:
    """Why a row is no state; null for those that are."""
    contact = pl.col("last_contact")
    return (
        pl.when(~_IS_ADDRESS.fill_null(value=False))
        .then(pl.lit("icao24"))
        .when(contact.is_null())
        .then(pl.lit("last_contact_missing"))
        .when(contact <= 0)
        .then(pl.lit("last_contact_out_of_range"))
        .when(contact > time + FUTURE_TOLERANCE)
        .then(pl.lit("last_contact_in_future"))
    )
