"""A polygon on the globe, as people write it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from flightdata.models.units import Degrees

MOST_CORNERS = 500
_LEAST_CORNERS = 3
_HALF_TURN: Degrees = 180.0
_NORTH_POLE: Degrees = 90.0

Corner = tuple[Degrees, Degrees]


@dataclass(frozen=True)
class Polygon:
    """The inside of a ring of corners (longitude, latitude); straight edges on the plate carrée, each the shorter way
    round the globe, so that a ring across the antimeridian is written as it lies. Closed by itself; a point on an edge
    is in or out. Raises ValueError for a ring around a pole, for fewer than 3 corners and for more than MOST_CORNERS.
    """

    corners: tuple[Corner, ...]

    def __post_init__(self) -> None:
        if any(not (abs(x) <= _HALF_TURN and abs(y) <= _NORTH_POLE) for x, y in self.corners):
            raise ValueError("a corner is longitude -180…180, latitude -90…90")
        if len(set(self.corners)) < _LEAST_CORNERS or len(self.corners) > MOST_CORNERS:
            raise ValueError(f"a polygon has {_LEAST_CORNERS} to {MOST_CORNERS} corners, not {len(self.corners)}")
        first, last = self.unrolled[0][0], self.unrolled[-1][0]
        west, east = self.reach
        if abs(last + _shorter(first - last) - first) > _HALF_TURN or east - west >= 2 * _HALF_TURN:
            raise ValueError("the polygon goes around a pole; ask for a box or a circle there")

    @cached_property
    def unrolled(self) -> tuple[Corner, ...]:
        """The corners with longitudes that run on beyond ±180 where the ring does."""
        longitude, ring = self.corners[0][0], []
        for corner in self.corners:
            longitude += _shorter(corner[0] - longitude)
            ring.append((longitude, corner[1]))
        return tuple(ring)

    @property
    def reach(self) -> tuple[Degrees, Degrees]:
        """Its westernmost and easternmost longitude, unrolled."""
        longitudes = [longitude for longitude, _ in self.unrolled]
        return min(longitudes), max(longitudes)


def parse_polygon(text: str) -> Polygon:
    """`lon,lat;lon,lat;…`, or GeoJSON: a Polygon without holes, or a Feature with one. Raises ValueError."""
    return Polygon(_geojson(text) if text.lstrip().startswith("{") else _pairs(text))


def _pairs(text: str) -> tuple[Corner, ...]:
    try:
        return tuple(_corner([float(number) for number in pair.split(",")]) for pair in text.strip(" ;").split(";"))
    except ValueError as error:
        raise ValueError(f"lon,lat;lon,lat;… is wanted, or GeoJSON: {error}") from error


def _geojson(text: str) -> tuple[Corner, ...]:
    try:
        document = orjson.loads(text)
        geometry = document.get("geometry", document)
        (ring,) = {"Polygon": geometry["coordinates"]}[geometry["type"]]
        corners = tuple(_corner(place) for place in ring)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"no GeoJSON polygon of one ring: {error}") from error
    return corners[:-1] if len(corners) > 1 and corners[0] == corners[-1] else corners


def _corner(place: Sequence[Any]) -> Corner:
    longitude, latitude = (float(number) for number in place[:2])
    return longitude, latitude


def _shorter(difference: Degrees) -> Degrees:
    """A difference of longitudes, -180 to 180."""
    return (difference + _HALF_TURN) % 360 - _HALF_TURN
