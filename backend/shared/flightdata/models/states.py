"""The state table: one row per aircraft, one polars frame per set of states, SI units, OpenSky's names.

| column | unit | |
| --- | --- | --- |
| icao24 | | 6 lower-case hex digits; a leading `~` marks an address that is not ICAO's (readsb) |
| callsign | | without padding; null when unknown |
| origin_country | | as the source says |
| time_position, last_contact | s since 1970 | of the last position; of the last message of any kind |
| longitude, latitude | °, WGS84 | both or neither |
| baro_altitude, geo_altitude | m | above the 1013.25 hPa surface; above the WGS84 ellipsoid |
| on_ground | | |
| velocity, vertical_rate | m/s | over ground; positive is up |
| true_track | °, clockwise from north | |
| squawk | | 4 octal digits |
| spi | | special position identification |
| position_source | | OpenSky's code: 0 ADS-B, 1 ASTERIX, 2 MLAT, 3 FLARM; null when it has none |
| position_type | | readsb's `type` (`adsb_icao`, `tisb_other`, …), where the source says it |
| category | | OpenSky's code 0…20 |
| registration, typecode | | of the airframe; ICAO type designator |
| operator, airline | | name of who flies it; ICAO code of the airline that the callsign names |
| country, military | | of the block of its address: ISO 3166-1 alpha-2; whether it is one of armed forces |
| source | | whose row this is |
| quality | | set of quality flags: their bits are in `validation.quality` |
"""

from collections.abc import Mapping

import polars as pl

STATE_SCHEMA: Mapping[str, pl.DataType] = {
    "icao24": pl.String(),
    "callsign": pl.String(),
    "origin_country": pl.String(),
    "time_position": pl.Float64(),
    "last_contact": pl.Float64(),
    "longitude": pl.Float64(),
    "latitude": pl.Float64(),
    "baro_altitude": pl.Float64(),
    "on_ground": pl.Boolean(),
    "velocity": pl.Float64(),
    "true_track": pl.Float64(),
    "vertical_rate": pl.Float64(),
    "geo_altitude": pl.Float64(),
    "squawk": pl.String(),
    "spi": pl.Boolean(),
    "position_source": pl.Int8(),
    "position_type": pl.String(),
    "category": pl.Int8(),
    "registration": pl.String(),
    "typecode": pl.String(),
    "operator": pl.String(),
    "airline": pl.String(),
    "country": pl.String(),
    "military": pl.Boolean(),
    "source": pl.String(),
    "quality": pl.UInt32(),
}

RELATIVE_QUALITY = 0xFFF0_0000
"""The bits of `quality` that say how a state stands to the one before it. Those below are its own."""


def no_states() -> pl.DataFrame:
    """A state table of no rows."""
    return pl.DataFrame(schema=STATE_SCHEMA)


def check_states(states: pl.DataFrame) -> pl.DataFrame:
    """`states` itself, once it is sure that it has the schema. A mistake here is ours, hence a TypeError."""
    if dict(states.schema) != dict(STATE_SCHEMA):
        wrong = set(states.schema.items()) ^ set(STATE_SCHEMA.items())
        raise TypeError(f"not a state table; these columns differ: {sorted(map(str, wrong))}")
    return states


def altitude() -> pl.Expr:
    """The barometric altitude, m; on the ground, where it is mostly unknown, 0 then."""
    return pl.when("on_ground").then(pl.col("baro_altitude").fill_null(0)).otherwise("baro_altitude")


def on_earth() -> pl.Expr:
    """Whether it has a position that exists; null without any."""
    return (pl.col("latitude").abs() <= 90) & (pl.col("longitude").abs() <= 180)  # noqa: PLR2004, degrees
