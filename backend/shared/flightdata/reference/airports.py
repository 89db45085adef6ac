"""Airports by ICAO code.

Source: PyPI `airportsdata` (about 28,000 airports; its elevations are in feet, ours in metres).
"""

from dataclasses import dataclass
from functools import cache

import airportsdata

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


@cache
def _table() -> dict[str, airportsdata.Airport]:
    """Read once, lazily: it takes 0.2 s."""
    return airportsdata.load("ICAO")
