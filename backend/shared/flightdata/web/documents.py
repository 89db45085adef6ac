"""The answers as the API documents them. They are not built from these models (that would cost milliseconds), but the
tests hold every answer against them.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from flightdata.models.flight import Flight


class StateProperties(BaseModel):
    """The state of one aircraft, SI units, OpenSky's names, but for its position."""

    model_config = ConfigDict(extra="forbid")

    icao24: str = Field(description="ICAO 24-bit address, 6 hex digits; `~` in front of a non-ICAO one")
    callsign: str | None
    origin_country: str | None
    time_position: float | None = Field(description="Time of the last position, s since 1970")
    last_contact: float = Field(description="Time of the last message of any kind, s since 1970")
    baro_altitude: float | None = Field(description="m, above the 1013.25 hPa surface")
    on_ground: bool
    velocity: float | None = Field(description="m/s over ground")
    true_track: float | None = Field(description="° clockwise from north")
    vertical_rate: float | None = Field(description="m/s, positive is up")
    geo_altitude: float | None = Field(description="m, above the WGS84 ellipsoid")
    squawk: str | None
    spi: bool
    position_source: int | None = Field(description="0 ADS-B, 1 ASTERIX, 2 MLAT, 3 FLARM")
    position_type: str | None = Field(description="readsb's `type`, such as `adsb_icao`, where the source says it")
    category: int | None = Field(description="OpenSky's code of the emitter category, 0…20")
    registration: str | None
    typecode: str | None = Field(description="ICAO type designator")
    operator: str | None = Field(description="name of who flies it")
    airline: str | None = Field(description="ICAO code of the airline that the callsign names")
    country: str | None = Field(description="of the block of its address, ISO 3166-1 alpha-2")
    military: bool | None = Field(description="whether its address is in a block of armed forces")
    source: str = Field(description="the source this state came from")
    quality: list[str] = Field(description="what is odd about it")


class State(StateProperties):
    """The state of one aircraft, SI units, OpenSky's names."""

    longitude: float | None = Field(description="°, WGS84")
    latitude: float | None = Field(description="°, WGS84")


class LiveProperties(StateProperties):
    """The live state of one aircraft, and where its flight seems to come from and to go, but for its position."""

    departure: str | None = Field(description="estimated airport that it comes from, ICAO code")
    arrival: str | None = Field(description="estimated airport that it comes down to or has landed at, ICAO code")


class LiveFlight(LiveProperties, State):
    """The live state of one aircraft, and where its flight seems to come from and to go."""


class FlightPage(BaseModel):
    """One page of live states."""

    model_config = ConfigDict(extra="forbid")

    time: float = Field(description="the picture's time, s since 1970")
    version: int = Field(description="the picture's version; it grows")
    total: int = Field(description="how many aircraft the search found")
    count: int = Field(description="how many are on this page")
    next_cursor: str | None = Field(description="ask again with `cursor` set to this for the next page")
    flights: list[LiveFlight]


class Point(BaseModel):
    """Where it is."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["Point"]
    coordinates: list[float] = Field(
        description="longitude, latitude, and the altitude above the WGS84 ellipsoid in m where known",
        min_length=2,
        max_length=3,
    )


class LiveFeature(BaseModel):
    """One aircraft."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["Feature"]
    geometry: Point | None = Field(description="null without a position")
    properties: LiveProperties


class FlightCollection(BaseModel):
    """One page of live states as GeoJSON (RFC 7946), with the members of the JSON answer."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["FeatureCollection"]
    time: float = Field(description="the picture's time, s since 1970")
    version: int = Field(description="the picture's version; it grows")
    total: int = Field(description="how many aircraft the search found")
    count: int = Field(description="how many are on this page")
    next_cursor: str | None = Field(description="ask again with `cursor` set to this for the next page")
    features: list[LiveFeature]


class FlownPage(BaseModel):
    """One page of past flights."""

    model_config = ConfigDict(extra="forbid")

    begin: float = Field(description="s since 1970")
    end: float = Field(description="s since 1970")
    count: int = Field(description="how many flights are on this page")
    next_cursor: str | None = Field(description="ask again with `cursor` set to this for the next page")
    flights: list[Flight]


class TrackPoint(BaseModel):
    """One place where the aircraft was."""

    model_config = ConfigDict(extra="forbid")

    time: float = Field(description="of the position, s since 1970")
    longitude: float = Field(description="°, WGS84")
    latitude: float = Field(description="°, WGS84")
    baro_altitude: float | None = Field(description="m, above the 1013.25 hPa surface")
    geo_altitude: float | None = Field(description="m, above the WGS84 ellipsoid")
    on_ground: bool
    velocity: float | None = Field(description="m/s over ground")
    true_track: float | None = Field(description="° clockwise from north")
    vertical_rate: float | None = Field(description="m/s, positive is up")
    squawk: str | None
    source: str
    quality: list[str]


class Track(BaseModel):
    """Where one aircraft was."""

    model_config = ConfigDict(extra="forbid")

    icao24: str
    callsign: str | None = Field(description="the last one that was heard")
    count: int
    points: list[TrackPoint]


class StatesDocument(BaseModel):
    """States of the past."""

    model_config = ConfigDict(extra="forbid")

    states: list[State]
    count: int = Field(description="how many; an answer that ends without it was cut off")


class SourceStatus(BaseModel):
    """How a source is doing."""

    name: str
    last_success: float | None
    data_time: float | None = Field(description="the time of its newest data, as it says itself")
    error: str | None = Field(description="what went wrong last; null while it works")
    kind: str | None = Field(description="the same in one word, such as `timeout`, `throttled`, `unreadable`, `stale`")
    failing_since: float | None
    failures_in_a_row: int
    next_attempt: float | None


class ReadinessDocument(BaseModel):
    """Whether and how well questions can be answered."""

    status: str = Field(description="`ready`, `degraded` or `starting`")
    degraded: list[str] = Field(description="what is wrong")
    version: int
    time: float
    age: float | None = Field(description="seconds since the picture's time")
    aircraft: int
    sources: list[SourceStatus]
