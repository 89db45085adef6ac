"""Flights: the table of those that are tracked, the table and the document of those that are kept.

A flight lasts from lift-off to touch-down, as far as both were seen. Its id is (icao24, first_seen).

| column | unit | |
| --- | --- | --- |
| first_seen, last_seen | s since 1970 | first report in the air; touch-down, or the last contact |
| phase | | `airborne`; `landed`: seen on the ground; `lost`: no longer heard. Tracked only: `ground`, no flight yet |
| callsign | | the one that was used most |
| departure, arrival | | ICAO code of the estimated airport; null where nothing can be said |
| …_horizontal, …_vertical | m | from that airport to the first, the last position in the air |
| …_candidates | | how many other airports it might have been |
| …_confidence | 0…1 | `HIGH_CONFIDENCE` and more: that end of the flight was seen |
| highest_altitude, distance | m | above the 1013.25 hPa surface; flown, along the positions |
| touch_and_goes | | runways touched on the way |
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from flightdata.models.units import Degrees, EpochSeconds, Metres, Seconds

HIGH_CONFIDENCE = 0.8

LIKELY = 0.5
"""An airport is told of a live aircraft from this confidence on: more likely right than not (docs/flights.md)."""

CALLSIGN = re.compile(r"[0-9A-Za-z]{1,8}")
"""What flights can be asked for by; others that are heard are malformed (docs/quality.md)."""

Phase = pl.Enum(["ground", "airborne", "landed", "lost"])


FLIGHT_END: Mapping[str, pl.DataType] = {
    "": pl.String(),
    "_horizontal": pl.Float64(),
    "_vertical": pl.Float64(),
    "_candidates": pl.Int32(),
    "_confidence": pl.Float64(),
}
"""What is estimated of a departure and of an arrival: what follows on `departure` or `arrival` in a column's name."""


def _end(name: str) -> dict[str, pl.DataType]:
    return {name + suffix: dtype for suffix, dtype in FLIGHT_END.items()}


FLIGHT_SCHEMA: Mapping[str, pl.DataType] = {
    "icao24": pl.String(),
    "first_seen": pl.Float64(),
    "last_seen": pl.Float64(),
    "phase": pl.String(),
    "callsign": pl.String(),
    **_end("departure"),
    **_end("arrival"),
    "first_longitude": pl.Float64(),
    "first_latitude": pl.Float64(),
    "first_altitude": pl.Float64(),
    "last_longitude": pl.Float64(),
    "last_latitude": pl.Float64(),
    "last_altitude": pl.Float64(),
    "highest_altitude": pl.Float64(),
    "distance": pl.Float64(),
    "touch_and_goes": pl.Int32(),
}
"""A row is a flight as it is known at some moment; a later one of the same id takes its place."""

LONGEST_FLIGHT: Seconds = 86_400
"""Of one that lasts longer nobody is told where it goes after so long."""

FLIGHT_ENDS: Mapping[str, pl.DataType] = {
    name: FLIGHT_SCHEMA[name]
    for name in ("icao24", "departure", "departure_confidence", "arrival", "arrival_confidence")
}
"""Where a flight comes from and goes to."""

TRACKED_SCHEMA: Mapping[str, pl.DataType] = {
    "icao24": pl.String(),
    "heard": pl.Float64(),
    "time_position": pl.Float64(),
    "longitude": pl.Float64(),
    "latitude": pl.Float64(),
    "altitude": pl.Float64(),
    "velocity": pl.Float64(),
    "phase": Phase,
    "callsign": pl.String(),
    "callsign_votes": pl.Int32(),
    "first_seen": pl.Float64(),
    "first_longitude": pl.Float64(),
    "first_latitude": pl.Float64(),
    "first_altitude": pl.Float64(),
    **_end("departure"),
    **_end("arrival"),
    "highest_altitude": pl.Float64(),
    "distance": pl.Float64(),
    "touch_and_goes": pl.Int32(),
    "landed_at": pl.Float64(),
    "slowest": pl.Float64(),
}
"""One row per icao24: its last contact and position, and its flight, if it has one.

`callsign_votes`: how many reports the callsign is ahead; `landed_at`: touch-down; `slowest`: least speed since then.
"""


@cache
def no_tracked() -> pl.DataFrame:
    """A tracked table of no rows."""
    return pl.DataFrame(schema=TRACKED_SCHEMA)


@cache
def no_flights() -> pl.DataFrame:
    """A flights table of no rows."""
    return pl.DataFrame(schema=FLIGHT_SCHEMA)


def check_tracked(tracked: pl.DataFrame) -> pl.DataFrame:
    """`tracked` itself, once it is sure that it has the schema. A mistake here is ours, hence a TypeError."""
    return _check(tracked, TRACKED_SCHEMA, "tracked")


def check_flights(flights: pl.DataFrame) -> pl.DataFrame:
    """As `check_tracked`, for a flights table."""
    return _check(flights, FLIGHT_SCHEMA, "flights")


def _check(table: pl.DataFrame, schema: Mapping[str, pl.DataType], name: str) -> pl.DataFrame:
    if dict(table.schema) != dict(schema):
        wrong = set(table.schema.items()) ^ set(schema.items())
        raise TypeError(f"not a {name} table; these columns differ: {sorted(map(str, wrong))}")
    return table


class Flight(BaseModel):
    """A flight as the API shows it. SI units, s since 1970."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    icao24: str = Field(description="ICAO 24-bit address, 6 hex digits; `~` in front of a non-ICAO one")
    first_seen: EpochSeconds = Field(description="lift-off, or the first report in the air")
    last_seen: EpochSeconds = Field(description="touch-down, or the last contact")
    phase: Literal["airborne", "landed", "lost"] = Field(description="`lost`: no longer heard, landing not seen")
    callsign: str | None
    departure: str | None = Field(description="estimated airport, ICAO code")
    departure_horizontal: Metres | None = Field(description="m from it to the first position in the air")
    departure_vertical: Metres | None = Field(description="m above it of that position")
    departure_candidates: int | None = Field(description="how many other airports it might have been")
    departure_confidence: float | None = Field(description=f"0…1; {HIGH_CONFIDENCE} and more: the take-off was seen")
    arrival: str | None = Field(
        description="estimated airport, ICAO code; known once it landed, or was lost on the way down"
    )
    arrival_horizontal: Metres | None = Field(description="m from it to the last position in the air")
    arrival_vertical: Metres | None = Field(description="m above it of that position")
    arrival_candidates: int | None = Field(description="how many other airports it might be")
    arrival_confidence: float | None = Field(description=f"0…1; {HIGH_CONFIDENCE} and more: the landing was seen")
    first_longitude: Degrees
    first_latitude: Degrees
    first_altitude: Metres | None
    last_longitude: Degrees
    last_latitude: Degrees
    last_altitude: Metres | None
    highest_altitude: Metres | None
    distance: Metres = Field(description="flown, along the positions, m")
    touch_and_goes: int


class Side(StrEnum):
    """Which end of a flight an airport is."""

    DEPARTURE = "departure"
    ARRIVAL = "arrival"

    @property
    def moment(self) -> Literal["first_seen", "last_seen"]:
        """The column that says when that end was."""
        return "first_seen" if self is Side.DEPARTURE else "last_seen"


@dataclass(frozen=True)
class FlightsAsked:
    """At most `limit` flights with begin ≤ moment ≤ end, the newest first; after the place `after` in that order.

    The moment is that of the list: `last_seen` of arrivals, `first_seen` of all others.
    A place is (moment, icao24).
    """

    begin: EpochSeconds
    end: EpochSeconds
    limit: int
    after: tuple[EpochSeconds, str] | None = None
