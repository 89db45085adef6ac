"""What a report means for the flight of its aircraft: it opens, goes on, lands, touches and goes, or is over.

Works on the tracked table joined with one report an aircraft (`reports`): `both` below. Every report is exactly one of
these, or heard only:

| | |
| --- | --- |
| continues | was in the air and still is, on the same flight |
| lands | was in the air, is on the ground |
| touches | landed a moment ago, never slowed down, is in the air again: the same flight |
| opens | in the air on another flight than the one known, if any |
| rests | on the ground, or too slow to fly |
"""

from collections.abc import Sequence
from functools import cache

import polars as pl
from polars import col

from flightdata.models.flight import HIGH_CONFIDENCE
from flightdata.models.units import Metres, MetresPerSecond, Seconds
from flightdata.tracking.distance import distance
from flightdata.tracking.reports import HIGHEST_GROUND

HOLE: Seconds = 600
"""A gap between positions up to which an aircraft in the air is on the same flight without further questions."""

# docs/flights.md says where each bound comes from.
_EN_ROUTE: Metres = 3_000
_OCEAN: Seconds = 12 * 3600
_HOUR: Seconds = 3600
_APPROACH: Seconds = 900
_LIKELY_APPROACH = 0.4
_SLOWEST: MetresPerSecond = 100
_UNACCOUNTED: Seconds = 2_100
_UNACCOUNTED_TO_GROUND: Seconds = 3_600
_UNACCOUNTED_SHARE = 0.3
_LANDING_GAP: Seconds = 2_700
_TOUCH: Seconds = 180
_ROLLING: MetresPerSecond = 25
_STEEPEST: MetresPerSecond = 50
_TAKING_OFF: MetresPerSecond = 20
_TAKE_OFF_RUN: Seconds = 30
_FASTEST: MetresPerSecond = 400
_CLOCKS: Seconds = 2
_SKEW: Metres = 1_000


def forgotten_after() -> pl.Expr:
    """Seconds of silence after which an aircraft is taken for a new one (columns of the tracked table)."""
    return pl.when(_in_flight() & (col("altitude") >= _EN_ROUTE)).then(_OCEAN).otherwise(_HOUR)


def lost_after() -> pl.Expr:
    """Seconds of silence after which a flight in the air is lost."""
    approaching = (col("arrival_confidence") >= _LIKELY_APPROACH).fill_null(value=False)
    return pl.when(approaching).then(_APPROACH).otherwise(forgotten_after())


def judge(both: pl.LazyFrame) -> pl.LazyFrame:
    """`both` with the events above, and:

    `fresh`: the report is newer than what is tracked; `known`: the aircraft is not new, nor forgotten; `gap`, `leap`:
    s and m since its last position; `moved`: there is a newer one that it can have reached; `mistaken`: or that tells
    that the last one was false; `down`: on the ground; `closes`: its flight in the air ends without a landing seen;
    `vanishes`: nothing is known of it any more; `grounded`: on the ground without a flight.
    """
    for columns in _layers():
        both = both.with_columns(columns)
    return both


@cache
def _layers() -> Sequence[list[pl.Expr]]:
    """The columns of `judge`, those that need others after them. Made once: that takes as long as their use."""
    layers: list[dict[str, pl.Expr]] = [
        {
            "fresh": (col("new_heard") > col("heard")).fill_null(col("new_heard").is_not_null()),
            "gap": col("new_time") - col("time_position"),
            "leap": distance("latitude", "longitude", "new_latitude", "new_longitude"),
            "known": (col("new_heard") - col("heard") <= forgotten_after()).fill_null(col("heard").is_not_null()),
            "flew": _in_flight(),
        },
        {
            "mistaken": col("fresh") & col("known") & (col("gap").is_between(0, _HOUR, closed="right")) & _mistaken(),
            "flew": col("known") & col("flew"),
            "same": _same_flight(),
        },
        {
            "moved": col("fresh")
            & col("new_time").is_not_null()
            & (~col("known") | col("mistaken") | ((col("gap") > 0) & _can_be())),
            "down": col("new_down") & (col("mistaken") | ~(col("flew") & _too_high_to_land())),
        },
        {
            "continues": col("moved") & col("flew") & ~col("down") & col("same"),
            "lands": col("moved") & col("flew") & col("down") & ~col("mistaken") & _reaches_ground(),
            "touches": col("moved") & col("known") & ~col("down") & _touched() & _left_its_place(),
        },
        {"goes_on": col("continues") | col("lands") | col("touches")},
        {
            "opens": col("moved")
            & ~col("down")
            & ~col("goes_on")
            & (col("flew") | (col("new_flies") & _left_its_place()))
        },
        {
            "rests": col("moved") & ~col("goes_on") & ~col("opens"),
            "vanishes": col("fresh") & ~col("moved") & ~col("known"),
        },
        {
            "closes": (col("phase") == "airborne")
            & col("fresh")
            & (~col("known") | (~col("goes_on") & col("moved") & ~(col("mistaken") & col("opens")))),
            "grounded": col("rests") & ~(col("known") & (col("phase") == "landed")),
        },
    ]
    return [[_named(name, expression) for name, expression in layer.items()] for layer in layers]


def _named(name: str, expression: pl.Expr) -> pl.Expr:
    """What cannot be told is not the case; numbers stay null."""
    return (expression if name in _NUMBERS else expression.fill_null(value=False)).alias(name)


_NUMBERS = ("gap", "leap")


def _in_flight() -> pl.Expr:
    return (col("phase") == "airborne") | (col("phase") == "lost")


def _unaccounted() -> pl.Expr:
    """Seconds of the gap that flying straight on from the one position to the other does not explain."""
    return col("gap") - col("leap") / pl.max_horizontal("velocity", "new_velocity", pl.lit(_SLOWEST))


def _same_flight() -> pl.Expr:
    """A hole in the reception, an ocean: callsign, time and distance must agree, and it was not about to land."""
    agrees = (col("callsign") == col("new_callsign")).fill_null(value=True)
    about_to_land = (col("arrival_confidence") >= _LIKELY_APPROACH).fill_null(value=False)
    in_time = _unaccounted() <= pl.max_horizontal(pl.lit(_UNACCOUNTED), col("gap") * _UNACCOUNTED_SHARE)
    return _flyable() & ((col("gap") <= HOLE) | (agrees & ~about_to_land & in_time))


def _reaches_ground() -> pl.Expr:
    in_time = _unaccounted() <= pl.max_horizontal(pl.lit(_UNACCOUNTED_TO_GROUND), col("gap") * _UNACCOUNTED_SHARE)
    return (col("gap") <= _LANDING_GAP) | in_time


def _too_high_to_land() -> pl.Expr:
    """A single report from the ground in the middle of a flight."""
    return (col("altitude") > HIGHEST_GROUND + _STEEPEST * col("gap")).fill_null(value=False)


def _left_its_place() -> pl.Expr:
    """What stood or taxied moves faster when it flies, whatever its speed and its altitude pretend."""
    moved = col("leap") >= _TAKING_OFF * pl.min_horizontal("gap", pl.lit(_TAKE_OFF_RUN))
    return ~col("known") | moved.fill_null(value=True)


def _flyable() -> pl.Expr:
    """Whether any aircraft could get there in the gap."""
    return (col("leap") <= _SKEW + _FASTEST * (col("gap") + _CLOCKS)).fill_null(value=True)


def _can_be() -> pl.Expr:
    """A position out of reach is none, but when it has been for an hour, the one believed before is what was wrong."""
    return _flyable() | (col("gap") > _HOUR)


def _mistaken() -> pl.Expr:
    """A position from which the new one is out of reach, and which nothing bears out: the only one of its flight, whose
    take-off was not seen, or one on the ground (now it is said to stand elsewhere).
    """
    seen = (col("departure_confidence") >= HIGH_CONFIDENCE).fill_null(value=False)
    only = _in_flight() & (col("distance") == 0) & ~seen
    return ~_flyable() & (only | ((col("phase") == "ground") & col("new_down")))


def _touched() -> pl.Expr:
    rolled = (col("slowest") >= _ROLLING).fill_null(value=True)
    return ((col("phase") == "landed") & rolled & (col("new_time") - col("landed_at") <= _TOUCH)).fill_null(value=False)
