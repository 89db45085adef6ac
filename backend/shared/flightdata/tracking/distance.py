"""Distance on the sphere as an expression."""

import polars as pl
from polars import col

EARTH_RADIUS = 6_371_008.8


def distance(latitude: str, longitude: str, other_latitude: str, other_longitude: str) -> pl.Expr:
    """Great-circle distance in m between the places in these columns (°): haversine formula."""
    south, north = col(latitude).radians(), col(other_latitude).radians()
    chord = ((north - south) / 2).sin() ** 2
    chord += south.cos() * north.cos() * ((col(other_longitude) - col(longitude)).radians() / 2).sin() ** 2
    return 2 * EARTH_RADIUS * chord.sqrt().clip(0, 1).arcsin()
