"""The simulation's timetable: which aircraft flies which leg when.

Each aircraft repeats a rotation: from its hub to some airport and back, to another one and back, and so on.
What it does at a time then needs no memory of the time before. Times are milliseconds of the schedule,
whole numbers, so that they stay exact.
"""

from collections.abc import Iterator, Sequence
from itertools import count
from random import Random
from typing import NamedTuple

import polars as pl
from polars import col

from flightdata.clients.simulation import fleet
from flightdata.clients.simulation.motion import TERMINAL_AREA, segments
from flightdata.models.units import FOOT, Metres, MetresPerSecond

_DESTINATIONS = 4
_JET_STREAM: MetresPerSecond = 12.0  # from the west
_THIN_AIR: MetresPerSecond = 250.0  # true airspeed where it stops growing with altitude
_CLIMB_AND_DESCENT: Metres = 47.0  # along the ground, for a metre of altitude, at the least vigour
_TERMINAL_AREAS: Metres = 70_000  # along the ground, from the gate and to the gate
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_ALPHANUMERIC = ("3", "4")  # where the addresses of Europe begin

_DRAWN = {
    "aircraft": pl.UInt32,
    "callsign": pl.String,
    "squawk": pl.String,
    "origin": pl.String,
    "destination": pl.String,
    "ceiling": pl.Int64,
    "pace": pl.Float64,
    "vigour": pl.Float64,
    "parked": pl.Float64,
    "taxi_out": pl.Float64,
    "taxi_in": pl.Float64,
    "phase": pl.Float64,
}


class Timetable(NamedTuple):
    """`aircraft`: one row each: icao24, origin_country, category.

    `legs`: the rotations, in the order of `aircraft`. `offset`, `period`, `start`, `end` in ms: a leg lasts
    while `start <= (time + offset) mod period < end`. Of a leg: aircraft (row number), callsign, squawk,
    origin and destination (ICAO codes), and what `motion` needs.
    """

    aircraft: pl.DataFrame
    legs: pl.DataFrame


def draw_timetable(aircraft: int, seed: int) -> Timetable:
    """The same for the same arguments. Takes about a second for 12,000 aircraft."""
    random = Random(seed)  # noqa: S311 # dice, no secret
    airframes = list(fleet.assemble_fleet(aircraft, random))
    frame = pl.DataFrame(
        {
            "icao24": [one.icao24 for one in airframes],
            "origin_country": [one.country for one in airframes],
            "category": [one.kind.category for one in airframes],
        }
    )
    legs = pl.DataFrame(list(_draw_legs(airframes, random)), orient="row", schema=_DRAWN)
    return Timetable(frame, _schedule(_fly_at_levels(_route(legs))))


def _draw_legs(airframes: Sequence[fleet.Aircraft], random: Random) -> Iterator[tuple[object, ...]]:
    """Rows of `_DRAWN`."""
    numbers = {airline.code: count(1) for airline in fleet.AIRLINES}
    for index, one in enumerate(airframes):
        phase = random.random()
        letters = one.icao24.startswith(_ALPHANUMERIC)
        for spoke in fleet.draw_destinations(one.hub, one.kind, _DESTINATIONS, random):
            for origin, destination in ((one.hub, spoke), (spoke, one.hub)):
                yield (
                    index,
                    one.airline + _flight_number(next(numbers[one.airline]), alphanumeric=letters),
                    f"{random.randrange(0o1000, 0o7000):04o}",
                    origin,
                    destination,
                    random.randint(*one.kind.ceilings),
                    one.kind.pace,
                    random.uniform(0.85, 1.15),
                    random.uniform(*one.kind.turnaround),
                    random.uniform(180, 420),
                    random.uniform(120, 300),
                    phase,
                )


def _flight_number(number: int, *, alphanumeric: bool) -> str:
    """`123`; or, every second one where that is usual, `4AB`."""
    if number % 2 or not alphanumeric:
        return str(number)
    rest, last = divmod(number // 2, len(_LETTERS))
    leading, middle = divmod(rest, len(_LETTERS))
    return f"{leading + 1}{_LETTERS[middle]}{_LETTERS[last]}"


def _route(legs: pl.DataFrame) -> pl.DataFrame:
    """Adds the great circle: distance in m, the unit vectors origin and heading."""
    for end in ("origin", "destination"):
        legs = legs.join(_airports(end), on=end, how="left", maintain_order="left")
    cross = (_product("y", "z"), _product("z", "x"), _product("x", "y"))
    sine = sum((part**2 for part in cross), start=pl.lit(0.0)).sqrt()
    cosine = sum((col(f"origin_{axis}") * col(f"destination_{axis}") for axis in "xyz"), start=pl.lit(0.0))
    legs = legs.with_columns(angle=pl.arctan2(sine, cosine))
    heading = {
        f"heading_{axis}": col(f"destination_{axis}") - col(f"origin_{axis}") * col("angle").cos() for axis in "xyz"
    }
    legs = legs.with_columns(**{name: part / col("angle").sin() for name, part in heading.items()})
    legs = legs.with_columns(distance=col("angle") * fleet.EARTH_RADIUS)
    return legs.drop("angle", "destination_x", "destination_y", "destination_z")


def _product(first: str, second: str) -> pl.Expr:
    """One component of the cross product of origin and destination."""
    straight = col(f"origin_{first}") * col(f"destination_{second}")
    return straight - col(f"origin_{second}") * col(f"destination_{first}")


def _airports(end: str) -> pl.DataFrame:
    """Unit vector and elevation of each airport, under names that begin with `end`."""
    airports = pl.DataFrame([fleet.airport(icao) for icao in fleet.AIRPORTS])
    latitude, longitude = col("latitude").radians(), col("longitude").radians()
    return airports.select(
        col("icao").alias(end),
        (latitude.cos() * longitude.cos()).alias(f"{end}_x"),
        (latitude.cos() * longitude.sin()).alias(f"{end}_y"),
        latitude.sin().alias(f"{end}_z"),
        col("elevation").alias(f"{end}_elevation"),
    )


def _fly_at_levels(legs: pl.DataFrame) -> pl.DataFrame:
    """Adds level (m) and cruise (m/s over ground).

    Semicircular rule (ICAO Annex 2, appendix 3): odd thousands of feet eastwards, even ones westwards; the
    highest that leaves about a third of the leg for cruise.
    """
    room = 0.7 * (col("distance") - _TERMINAL_AREAS) / _CLIMB_AND_DESCENT
    field = pl.max_horizontal("origin_elevation", "destination_elevation")
    highest = pl.min_horizontal(field + TERMINAL_AREA + room, col("ceiling") * 100 * FOOT)
    # (-y, x, 0) points east; only its sign and share matter here.
    east = col("origin_x") * col("heading_y") - col("origin_y") * col("heading_x")
    east /= (col("origin_x") ** 2 + col("origin_y") ** 2).sqrt()
    odd = (east > 0).cast(pl.Int64)
    thousands = ((highest / (1000 * FOOT) - odd) / 2).floor() * 2 + odd
    legs = legs.with_columns(level=thousands * (1000 * FOOT), wind=_JET_STREAM * east)
    airspeed = pl.min_horizontal(130 + 0.011 * col("level"), pl.lit(_THIN_AIR))
    return legs.with_columns(cruise=col("pace") * airspeed + col("wind")).drop("ceiling", "pace", "wind")


def _schedule(legs: pl.DataFrame) -> pl.DataFrame:
    """Adds how long each segment lasts, and when a leg starts, lifts off, touches down and ends."""
    chain = {segment.name: segment.duration for segment in segments()}
    before, after = ("parked", "taxi_out", "take_off"), ("landing", "taxi_in")
    legs = legs.with_columns(**chain).with_columns(lasts=(pl.sum_horizontal(*chain) * 1000).ceil().cast(pl.Int64))
    legs = legs.with_columns(
        end=col("lasts").cum_sum().over("aircraft"),
        period=col("lasts").sum().over("aircraft"),
    )
    return legs.with_columns(
        start=col("end") - col("lasts"),
        lift_off=col("end") - col("lasts") + _milliseconds(before),
        touch_down=col("end") - _milliseconds(after),
        offset=(col("phase") * col("period")).cast(pl.Int64),
    ).drop("lasts", "phase")


def _milliseconds(names: Sequence[str]) -> pl.Expr:
    return (pl.sum_horizontal(*names) * 1000).round().cast(pl.Int64)
