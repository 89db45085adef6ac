"""Places that can be asked for: a box, a circle, a polygon. Each is an expression over longitude and latitude, so a
whole table is looked at in one step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, cos, degrees, radians, sin

import polars as pl

from flightdata.models.area import Area
from flightdata.models.polygon import Corner, Polygon
from flightdata.models.units import Degrees, Metres

EARTH_RADIUS: Metres = 6_371_008.8
"""The mean one, IUGG."""

_POLE: Degrees = 90.0
_HALF_TURN: Degrees = 180.0


@dataclass(frozen=True)
class Circle:
    """All points within `radius` of a point, along the surface of a sphere."""

    latitude: Degrees
    longitude: Degrees
    radius: Metres


Region = Area | Circle | Polygon


def bounds(region: Region) -> Area:
    """The box around `region`."""
    if isinstance(region, Circle):
        return _around_circle(region)
    if isinstance(region, Polygon):
        latitudes = [latitude for _, latitude in region.corners]
        west, east = region.reach
        return Area(lamin=min(latitudes), lamax=max(latitudes), lomin=_turned(west), lomax=_turned(east))
    return region


def inside(region: Region) -> pl.Expr:
    """One boolean a row; a row without position is in no region."""
    box = bounds(region)
    spans = [pl.col("longitude").is_between(west, east) for west, east in box.longitude_spans]
    in_box = pl.col("latitude").is_between(box.lamin, box.lamax) & pl.any_horizontal(spans)
    if isinstance(region, Circle):
        return in_box & (_distance(region) <= region.radius)
    if isinstance(region, Polygon):
        return in_box & _in_polygon(region)
    return in_box


def _around_circle(circle: Circle) -> Area:
    angle = circle.radius / EARTH_RADIUS
    south, north = circle.latitude - degrees(angle), circle.latitude + degrees(angle)
    if south <= -_POLE or north >= _POLE:
        return Area(lamin=max(south, -_POLE), lamax=min(north, _POLE))
    # Where a meridian touches the circle, it is farther east than due east of the centre.
    widest = degrees(asin(min(1.0, sin(angle) / cos(radians(circle.latitude)))))
    west, east = circle.longitude - widest, circle.longitude + widest
    return Area(lamin=south, lamax=north, lomin=_turned(west), lomax=_turned(east))


def _distance(circle: Circle) -> pl.Expr:
    """By haversines, in m."""
    latitude, longitude = pl.col("latitude").radians(), pl.col("longitude").radians()
    there = radians(circle.latitude)
    north = ((latitude - there) / 2).sin() ** 2
    east = ((longitude - radians(circle.longitude)) / 2).sin() ** 2
    return 2 * EARTH_RADIUS * (north + latitude.cos() * cos(there) * east).clip(0, 1).sqrt().arcsin()


def _in_polygon(polygon: Polygon) -> pl.Expr:
    """Even-odd: how many edges lie east of the point on its parallel."""
    west = polygon.reach[0]
    x, y = (pl.col("longitude") - west) % 360 + west, pl.col("latitude")
    crossings = [_crosses(x, y, one, other) for one, other in _edges(polygon.unrolled)]
    return (pl.sum_horizontal(crossings) % 2 == 1).fill_null(value=False)


def _edges(ring: Sequence[Corner]) -> list[tuple[Corner, Corner]]:
    """Those that cross a parallel at all."""
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return [(one, other) for one, other in pairs if one[1] != other[1]]


def _crosses(x: pl.Expr, y: pl.Expr, one: Corner, other: Corner) -> pl.Expr:
    slope = (other[0] - one[0]) / (other[1] - one[1])
    south, north = sorted((one[1], other[1]))
    return ((y >= south) & (y < north) & (x < one[0] + (y - one[1]) * slope)).cast(pl.UInt32)


def _turned(longitude: Degrees) -> Degrees:
    """-180 to 180, the antimeridian as 180 or -180 as it came."""
    return longitude if abs(longitude) <= _HALF_TURN else (longitude + _HALF_TURN) % 360 - _HALF_TURN
