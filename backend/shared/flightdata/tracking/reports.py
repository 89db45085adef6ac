"""What the incoming states say that matters to flights, and what of it is believed."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl
from polars import col

from flightdata.models.units import EpochSeconds, Metres, MetresPerSecond, Seconds


@dataclass(frozen=True)
class Distrust:
    """Bits of `quality`: of states whose position, whose altitude is not believed."""

    place: int = 0
    height: int = 0


LATENESS: Seconds = 600
"""Older states are ignored; a position so much older than its state is not believed. The live picture expires first."""

_FASTEST_ON_GROUND: MetresPerSecond = 130
HIGHEST_GROUND: Metres = 5_000
_VEHICLES = (16, 17, 18, 19, 20)
_SLOW_FLYERS = (8, 9, 10, 12, 14)
_FLYING: MetresPerSecond = 25
_SLOWLY_FLYING: MetresPerSecond = 5


def reports(states: pl.DataFrame, now: EpochSeconds, distrust: Distrust) -> pl.DataFrame:
    """One row for each of `states` that can count, all columns but icao24 named `new_…`.

    `new_time` is null where there is no believable position; `new_down`: on the ground; `new_flies`: fast enough for
    what is no movement on the ground, or at a height, if it does not say how fast.
    """
    time, category = col("time_position"), col("category")
    altitude, velocity = pl.coalesce(_finite("baro_altitude"), _finite("geo_altitude")), _finite("velocity")
    located = (
        (_finite("time_position") >= col("last_contact") - LATENESS)
        & col("latitude").is_between(-90, 90)
        & col("longitude").is_between(-180, 180)
        & ((col("latitude") != 0) | (col("longitude") != 0))
        & (col("quality") & distrust.place == 0)
    )
    least = pl.when(category.is_in(_SLOW_FLYERS)).then(_SLOWLY_FLYING).otherwise(_FLYING)
    taken = states.filter((col("last_contact") >= now - LATENESS), ~category.is_in(_VEHICLES).fill_null(value=False))
    return taken.select(
        "icao24",
        new_heard="last_contact",
        new_time=pl.when(located).then(time),
        new_longitude="longitude",
        new_latitude="latitude",
        new_altitude=pl.when(col("quality") & distrust.height == 0).then(altitude),
        new_velocity=velocity,
        new_track=_finite("true_track"),
        new_rate=_finite("vertical_rate"),
        new_callsign="callsign",
        # Without an altitude the speed says nothing: it may be that of long before (seen at Zurich: 240 m/s at a gate).
        new_down=col("on_ground")
        & ~(altitude.is_not_null() & (velocity > _FASTEST_ON_GROUND)).fill_null(value=False)
        & (altitude <= HIGHEST_GROUND).fill_null(value=True),
        new_flies=(velocity >= least).fill_null(altitude.is_not_null()),
    )


def _finite(column: str) -> pl.Expr:
    """A number, or nothing: infinity and NaN would end the step for all."""
    return pl.when(col(column).is_finite()).then(column)


def rounds(table: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """`table` in parts with one row an aircraft, in the order of its reports. Nearly always there is one part."""
    if table["icao24"].n_unique() == table.height:
        yield table
        return
    order = [name for name in table.columns if name not in {"icao24", "new_heard", "new_time"}]
    ranked = table.sort("new_heard", "new_time", *order, nulls_last=False).with_columns(
        _round=pl.int_range(pl.len()).over("icao24")
    )
    for _, part in ranked.sort("_round", maintain_order=True).group_by("_round", maintain_order=True):
        yield part.drop("_round")
