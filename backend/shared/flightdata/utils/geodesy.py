"""Great circles on the mean sphere, as expressions over columns of degrees. Off by at most 0.6 % of WGS84."""

import polars as pl

EARTH_RADIUS = 6_371_008.8
"""m, the mean radius R1 of WGS84 (IUGG)."""


def distance(latitude: pl.Expr, longitude: pl.Expr, to_latitude: pl.Expr, to_longitude: pl.Expr) -> pl.Expr:
    """Metres from one place to the other (haversine: exact also for neighbours)."""
    here, there = latitude.radians(), to_latitude.radians()
    half_height, half_width = (there - here) / 2, (to_longitude - longitude).radians() / 2
    chord = half_height.sin() ** 2 + here.cos() * there.cos() * half_width.sin() ** 2
    return 2 * EARTH_RADIUS * chord.clip(0, 1).sqrt().arcsin()


def bearing(latitude: pl.Expr, longitude: pl.Expr, to_latitude: pl.Expr, to_longitude: pl.Expr) -> pl.Expr:
    """The initial track from one place to the other, ° clockwise from north, 0 to 360."""
    here, there, width = latitude.radians(), to_latitude.radians(), (to_longitude - longitude).radians()
    east = width.sin() * there.cos()
    north = here.cos() * there.sin() - here.sin() * there.cos() * width.cos()
    return pl.arctan2(east, north).degrees() % 360


def angle(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Between two directions, 0 to 180°."""
    return ((one - other + 180) % 360 - 180).abs()
