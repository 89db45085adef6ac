"""What every decoder hands over, and the rules that all formats share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from flightdata.models.states import STATE_SCHEMA
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.validation.columns import Column, Kind, frame
from flightdata.validation.quality import mask_of

FUTURE_TOLERANCE: Seconds = 60.0
"""How far `last_contact` may lie after its snapshot's time. Seen in 2.6 million recorded rows: 1 s."""

_BLANKS_OCCUR = ("callsign", "origin_country", "squawk", "registration", "typecode")
_ICAO24 = r"^~?[0-9a-f]{6}$"


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


def finish(rows: pl.DataFrame, time: EpochSeconds, source: str, rejections: Rejections) -> pl.DataFrame:
    """A decoder's rows as a state table: tidied, complete in its columns, flagged, without those that are no state."""
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in STATE_SCHEMA.items() if name not in rows.columns]
    finished = (
        rows.lazy()
        .with_columns(*_tidy_addresses(rows), *_blank_is_null(rows), *absent)
        .with_columns(
            pl.col("on_ground", "spi").fill_null(value=False),
            pl.when(pl.col("longitude").is_not_null()).then(pl.col("latitude")),
            pl.when(pl.col("latitude").is_not_null()).then(pl.col("longitude")),
            source=pl.lit(source),
        )
        .with_columns(quality=mask_of(time), _reason=_reason(time))
        .select(*STATE_SCHEMA, "_reason")
        .collect()
    )
    reasons = finished["_reason"]
    states = finished.drop("_reason")
    if reasons.null_count() == states.height:
        return states
    for reason, count in reasons.drop_nulls().value_counts().iter_rows():
        rejections.add(reason, count)
    return states.filter(reasons.is_null())


def _tidy_addresses(rows: pl.DataFrame) -> list[pl.Expr]:
    """Nothing to do where all are as they should be, which is nearly always."""
    if rows.select(pl.col("icao24").str.contains(_ICAO24).all(ignore_nulls=False)).item():
        return []
    return [pl.col("icao24").str.strip_chars().str.to_lowercase()]


def _blank_is_null(rows: pl.DataFrame) -> list[pl.Expr]:
    texts = [pl.col(name).str.strip_chars() for name in _BLANKS_OCCUR if name in rows.columns]
    return [pl.when(text != "").then(text) for text in texts]


def _reason(time: EpochSeconds) -> pl.Expr:
    """Why a row is no state; null for those that are."""
    contact = pl.col("last_contact")
    return (
        pl.when(~pl.col("icao24").str.contains(_ICAO24).fill_null(value=False))
        .then(pl.lit("icao24"))
        .when(contact.is_null())
        .then(pl.lit("last_contact_missing"))
        .when(contact <= 0)
        .then(pl.lit("last_contact_out_of_range"))
        .when(contact > time + FUTURE_TOLERANCE)
        .then(pl.lit("last_contact_in_future"))
    )
