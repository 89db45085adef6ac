"""Regions as expressions, held against a plain point-by-point reading."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightdata.models.area import Area
from flightdata.models.polygon import MOST_CORNERS, Polygon, parse_polygon
from flightdata.models.region import EARTH_RADIUS, Circle, bounds, inside

longitudes = st.integers(-1800, 1800).map(lambda tenth: tenth / 10)
latitudes = st.integers(-900, 900).map(lambda tenth: tenth / 10)
places = st.lists(st.tuples(longitudes, latitudes), min_size=1, max_size=30)


def found(region, points):
    table = pl.DataFrame(points, schema={"longitude": pl.Float64, "latitude": pl.Float64}, orient="row")
    return table.select(inside(region)).to_series().to_list()


def distance(one, other):
    """By the law of cosines in three dimensions: the angle between two unit vectors."""
    (x, y, z), (u, v, w) = (
        (math.cos(b) * math.cos(a), math.cos(b) * math.sin(a), math.sin(b))
        for a, b in (map(math.radians, place) for place in (one, other))
    )
    cross = math.hypot(y * w - z * v, z * u - x * w, x * v - y * u)
    return EARTH_RADIUS * math.atan2(cross, x * u + y * v + z * w)


@given(places, longitudes, latitudes, st.floats(1, 20_000_000))
def test_a_circle_is_what_is_near_enough(points, longitude, latitude, radius):
    for point, answer in zip(points, found(Circle(latitude, longitude, radius), points), strict=True):
        far = distance((longitude, latitude), point)
        if abs(far - radius) > 1:
            assert answer == (far < radius), (point, far)


@given(places, longitudes, latitudes, latitudes, longitudes)
def test_a_box_is_what_the_area_contains(points, lomin, lamin, lamax, lomax):
    area = Area(lomin=lomin, lomax=lomax, lamin=min(lamin, lamax), lamax=max(lamin, lamax))
    assert found(area, points) == [area.contains(latitude, longitude) for longitude, latitude in points]


@given(places, longitudes, st.integers(0, 170), st.integers(-85, 60), st.integers(1, 25))
def test_a_rectangle_as_polygon_is_the_box(points, west, width, south, height):
    east = (west + width + 1 + 180) % 360 - 180
    ring = ((west, south), (east, south), (east, south + height), (west, south + height))
    area = Area(lomin=west, lomax=east, lamin=south, lamax=south + height)
    for point, one, other in zip(points, found(Polygon(ring), points), found(area, points), strict=True):
        on_an_edge = point[1] in (south, south + height) or any(abs(point[0] - x) < 1e-9 for x in (west, east))
        assert one == other or on_an_edge


def in_box(region, point):
    return bounds(region).contains(point[1], point[0])


@given(places, st.lists(st.tuples(longitudes, latitudes), min_size=3, max_size=8, unique=True))
def test_a_polygon_lies_within_its_bounds(points, corners):
    try:
        polygon = Polygon(tuple(corners))
    except ValueError:
        return
    for point, answer in zip(points, found(polygon, points), strict=True):
        assert in_box(polygon, point) or not answer


@given(places, longitudes, latitudes, st.floats(1, 20_000_000))
def test_a_circle_lies_within_its_bounds(points, longitude, latitude, radius):
    circle = Circle(latitude, longitude, radius)
    for point in points:
        assert in_box(circle, point) or distance((longitude, latitude), point) > radius - 1


def test_a_concave_polygon():
    arrow = Polygon(((0, 0), (10, 5), (0, 10), (4, 5)))
    assert found(arrow, [(2, 5), (5, 5), (1, 2), (9.5, 5), (-1, 5)]) == [False, True, False, True, False]


def test_a_polygon_across_the_antimeridian():
    pacific = Polygon(((175, -5), (-170, 0), (175, 5)))
    assert found(pacific, [(180, 0), (-180, 0), (-175, 0), (176, 0), (174, 0), (0, 0), (-169, 0)]) == [
        True,
        True,
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize("region", [Area(), Circle(0, 0, 2e7), Polygon(((-9, -9), (9, -9), (9, 9), (-9, 9)))])
def test_what_has_no_position_is_nowhere(region):
    table = pl.DataFrame({"longitude": [None, 1.0], "latitude": [None, 1.0]})
    assert table.filter(inside(region)).height == 1


@pytest.mark.parametrize(
    "text",
    [
        "0,0;10,0;10,10",
        " 0,0 ; 10,0 ; 10,10 ; ",
        '{"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,0]]]}',
        '{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":[[[0,0,5],[10,0],[10,10],[0,0]]]}}',
    ],
)
def test_how_a_polygon_is_written(text):
    assert parse_polygon(text) == Polygon(((0.0, 0.0), (10.0, 0.0), (10.0, 10.0)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2",
        "1,2;3,4",
        "1,1;1,1;1,1",
        "a,b;c,d;e,f",
        "1;2;3",
        "0,0;10,0;10,95",
        "0,0;10,0;181,10",
        "0,0;10,0;nan,10",
        "0,80;120,80;-120,80",
        ";".join(f"{n / 10},{n % 2}" for n in range(MOST_CORNERS + 1)),
        "{",
        "{}",
        '{"type":"Point","coordinates":[0,0]}',
        '{"type":"Polygon","coordinates":[]}',
        '{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]],[[0,0],[1,0],[1,1]]]}',
        '{"type":"Polygon","coordinates":[[["a",0],[1,0],[1,1]]]}',
        '{"type":"Polygon","coordinates":[[[],[1,0],[1,1]]]}',
        '{"type":"Polygon","coordinates":7}',
        '{"type":["Polygon"],"coordinates":7}',
        '{"geometry":null}',
        "[1,2]",
    ],
)
def test_what_is_no_polygon(text):
    with pytest.raises(ValueError, match=r"."):
        parse_polygon(text)
