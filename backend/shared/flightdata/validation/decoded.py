"""What every decoder hands over, and the rules that all formats share."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from flightdata.models.states import STATE_SCHEMA
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.validation.columns import Column, Kind, series
from flightdata.validation.quality import flagged

FUTURE_TOLERANCE: Seconds = 60.0
"""How far `last_contact` may lie after its snapshot's time. Seen in 2.6 million recorded rows: 1 s."""

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


def table(columns: Iterable[tuple[str, Column, Kind]], rejections: Rejections) -> pl.DataFrame:
    """The columns as a frame, without the rows that hold a value of the wrong type: those are counted."""
    built: list[pl.Series] = []
    wrong: dict[int, str] = {}
    for name, values, kind in columns:
        column, bad = series(name, values, kind)
        built.append(column)
        for index in bad:
            wrong.setdefault(index, f"wrong_type:{name}")
    frame = pl.DataFrame(built)
    for reason in wrong.values():
        rejections.add(reason)
    if not wrong:
        return frame
    keep = [index for index in range(frame.height) if index not in wrong]
    return frame[keep]


def finish(frame: pl.DataFrame, time: EpochSeconds, source: str, rejections: Rejections) -> pl.DataFrame:
    """A decoder's frame as a state table: tidied, complete in its columns, flagged, without rows that are no state."""
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in STATE_SCHEMA.items() if name not in frame.columns]
    tidy = frame.with_columns(
        pl.col("icao24").str.strip_chars().str.to_lowercase(),
        *_blank_is_null(frame),
        *absent,
    ).with_columns(
        pl.col("on_ground", "spi").fill_null(value=False),
        source=pl.lit(source),
    )
    kept = _without_impossible(tidy, time, rejections)
    return flagged(kept, time).select(STATE_SCHEMA.keys())


def _blank_is_null(frame: pl.DataFrame) -> list[pl.Expr]:
    texts = [name for name in ("callsign", "origin_country", "squawk", "registration") if name in frame.columns]
    stripped = [pl.col(name).str.strip_chars() for name in texts]
    return [pl.when(text.str.len_bytes() > 0).then(text) for text in stripped]


def _without_impossible(frame: pl.DataFrame, time: EpochSeconds, rejections: Rejections) -> pl.DataFrame:
    contact = pl.col("last_contact")
    reason = (
        pl.when(~pl.col("icao24").str.contains(_ICAO24).fill_null(value=False))
        .then(pl.lit("icao24"))
        .when(contact.is_null())
        .then(pl.lit("last_contact_missing"))
        .when(contact <= 0)
        .then(pl.lit("last_contact_out_of_range"))
        .when(contact > time + FUTURE_TOLERANCE)
        .then(pl.lit("last_contact_in_future"))
    )
    reasons = frame.select(reason.alias("reason")).to_series()
    if reasons.null_count() == frame.height:
        return frame
    for name, count in reasons.drop_nulls().value_counts().iter_rows():
        rejections.add(name, count)
    return frame.filter(reasons.is_null())
