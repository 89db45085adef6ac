"""Where a simulated aircraft is on its leg, how high, how fast.

A leg is a chain of segments, in each of which ground speed and altitude change evenly. Along the ground it
is one great circle from the origin's reference point to the destination's (mean earth radius); it begins
with the stand at the gate and ends when the aircraft has taxied in. Columns of a leg that are read here:

| column | unit | |
| --- | --- | --- |
| parked, taxi_out, taxi_in | s | drawn |
| vigour | | share of the usual rate of climb |
| distance | m | gate to gate |
| origin_elevation, destination_elevation, level | m | |
| cruise | m/s | over ground |
| origin_x … _z | | unit vector of the origin |
| heading_x … _z | | unit vector at right angles to it, towards the destination |
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import polars as pl
from polars import col, lit

from flightdata.clients.simulation.fleet import EARTH_RADIUS
from flightdata.models.units import Metres, MetresPerSecond

TERMINAL_AREA: Metres = 2_000.0  # above the airport: where climb gets flatter, and approach begins

_TAXI: MetresPerSecond = 8.0
_LIFT_OFF: MetresPerSecond = 77.0
_TOUCH_DOWN: MetresPerSecond = 70.0
_LOW: MetresPerSecond = 130.0  # at the edge of the terminal area
_KEPT = ("altitude", "velocity", "vertical_rate", "on_ground")


class Segment(NamedTuple):
    """A stretch of a leg: s; ground speed at its two ends, m/s; altitude gained, m."""

    name: str
    duration: pl.Expr
    enter: pl.Expr
    leave: pl.Expr
    climb: pl.Expr

    @property
    def distance(self) -> pl.Expr:
        return self.duration * (self.enter + self.leave) / 2


def segments() -> tuple[Segment, ...]:
    """All of a leg, in order. Cruise takes what the others leave of the distance, which must be something."""
    up = col("level") - col("origin_elevation") - TERMINAL_AREA
    down = col("level") - col("destination_elevation") - TERMINAL_AREA
    low, cruise, none, terminal = lit(_LOW), col("cruise"), lit(0.0), lit(TERMINAL_AREA)
    departure = (
        Segment("parked", col("parked"), none, none, none),
        Segment("taxi_out", col("taxi_out"), none, lit(_TAXI), none),
        Segment("take_off", lit(34.0), lit(_TAXI), lit(_LIFT_OFF), none),
        Segment("initial_climb", terminal / (12.0 * col("vigour")), lit(_LIFT_OFF), low, terminal),
        Segment("climb", up / (8.5 * col("vigour")), low, cruise, up),
    )
    arrival = (
        Segment("descent", down / 9.0, cruise, low, -down),
        Segment("approach", terminal / 5.0, low, lit(_TOUCH_DOWN), -terminal),
        Segment("landing", lit(40.0), lit(_TOUCH_DOWN), lit(_TAXI), none),
        Segment("taxi_in", col("taxi_in"), lit(_TAXI), none, none),
    )
    rest = col("distance") - _total(segment.distance for segment in departure + arrival)
    return (*departure, Segment("cruising", rest / cruise, cruise, cruise, none), *arrival)


def move(legs: pl.DataFrame) -> pl.DataFrame:
    """One row for each of `legs`, of which `elapsed` (s since the leg's start) says how far it is.

    longitude, latitude, true_track in degrees, altitude in m, velocity and vertical_rate in m/s, on_ground.
    Besides the columns above it takes the duration of each segment under the segment's name.
    """
    chain = segments()
    begins = lit(0.0)
    progress = {}
    for segment in chain:
        progress[_progress(segment)] = ((col("elapsed") - begins) / col(segment.name)).clip(0, 1)
        begins = begins + col(segment.name)
    return legs.with_columns(**progress).select(*_profile(chain)).select(*_on_great_circle(), *_KEPT)


def _progress(segment: Segment) -> str:
    """The column that says which share of the segment lies behind, 0…1."""
    return f"{segment.name}_progress"


def _profile(chain: Sequence[Segment]) -> Iterable[pl.Expr]:
    """Adds up what each segment has contributed so far."""
    travelled, altitude, velocity, rate = [], [col("origin_elevation")], [], []
    for segment in chain:
        done, duration, gain = col(_progress(segment)), col(segment.name), segment.leave - segment.enter
        travelled.append(duration * done * (segment.enter + gain * done / 2))
        altitude.append(segment.climb * done)
        velocity.append(gain * done)
        rate.append(((done > 0) & (done < 1)) * segment.climb / duration)
    yield (_total(travelled) / EARTH_RADIUS).alias("angle")
    yield _total(altitude).alias("altitude")
    yield _total(velocity).alias("velocity")
    yield _total(rate).alias("vertical_rate")
    yield ((col("initial_climb_progress") <= 0) | (col("approach_progress") >= 1)).alias("on_ground")
    yield col("^(origin|heading)_[xyz]$")


def _on_great_circle() -> Iterable[pl.Expr]:
    """Position and direction after `angle`, from the two unit vectors that span the circle."""
    sine, cosine = col("angle").sin(), col("angle").cos()
    x, y, z = (col(f"origin_{axis}") * cosine + col(f"heading_{axis}") * sine for axis in "xyz")
    dx, dy, dz = (col(f"heading_{axis}") * cosine - col(f"origin_{axis}") * sine for axis in "xyz")
    yield pl.arctan2(y, x).degrees().alias("longitude")
    yield pl.arctan2(z, (x**2 + y**2).sqrt()).degrees().alias("latitude")
    # East and north, both times cos(latitude); for north because direction and position are at right angles.
    yield (pl.arctan2(x * dy - y * dx, dz).degrees() % 360).alias("true_track")


def _total(parts: Iterable[pl.Expr]) -> pl.Expr:
    return reduce(add, parts)
