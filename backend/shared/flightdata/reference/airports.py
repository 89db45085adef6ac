"""Airports by ICAO code.

Source: PyPI `airportsdata` (about 28,000 airports; its elevations are in feet, ours in metres).
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import airportsdata
import polars as pl

from flightdata.models.units import FOOT, Degrees, Metres


@dataclass(frozen=True)
class Airport:
    """`icao` is the four-character code, `country` ISO 3166-1 alpha-2; elevation above mean sea level."""

    icao: str
    name: str
    country: str
    latitude: Degrees
    longitude: Degrees
    elevation: Metres


def find_airport(icao: str) -> Airport | None:
    """The airport of this ICAO code, in either case, or None. The first call reads the table."""
    record = _table().get(icao.strip().upper())
    if record is None:
        return None
    return Airport(
        icao=record["icao"],
        name=record["name"],
        country=record["country"],
        latitude=record["lat"],
        longitude=record["lon"],
        elevation=record["elevation"] * FOOT,
    )


def airport_table() -> pl.DataFrame:
    """All airports: ident (ICAO code), latitude, longitude (°), elevation (m), scheduled (whether it has an IATA code).

    The table knows no sizes; an IATA code says that airlines can be expected. Read as a table in 10 ms.
    """
    wanted = {"icao": pl.String, "iata": pl.String, "lat": pl.Float64, "lon": pl.Float64, "elevation": pl.Float64}
    return (
        pl.read_csv(str(files("airportsdata") / "airports.csv"), columns=list(wanted), schema_overrides=wanted)
        .filter(pl.col("icao").is_not_null())
        .select(
            ident="icao",
            latitude="lat",
            longitude="lon",
            elevation=pl.col("elevation") * FOOT,
            scheduled=pl.col("iata").fill_null("") != "",
        )
    )


@cache
def _table() -> dict[str, airportsdata.Airport]:
    """Read once, lazily: it takes 0.2 s."""
    return airportsdata.load("ICAO")
