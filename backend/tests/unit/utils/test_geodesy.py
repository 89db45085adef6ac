"""Great circles against places whose distances are known."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightdata.utils.geodesy import EARTH_RADIUS, angle, bearing, distance

DEGREE = EARTH_RADIUS * 3.141592653589793 / 180
latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


def between(measure, *places):
    table = pl.DataFrame([places], schema=["a", "b", "c", "d"], orient="row", schema_overrides={"a": pl.Float64})
    return table.select(measure(*(pl.col(name).cast(pl.Float64) for name in "abcd"))).item()


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ((0, 0, 1, 0), DEGREE),
        ((0, 179.5, 0, -179.5), DEGREE),
        ((89.5, 0, 89.5, 180), DEGREE),
        ((0, 0, 0, 180), 180 * DEGREE),
        ((51.4775, -0.4614, 40.6398, -73.7789), 5_540_000),  # Heathrow to Kennedy
        ((48.5, 2.5, 48.5, 2.5), 0),
    ],
)
def test_distances(places, expected):
    assert between(distance, *places) == pytest.approx(expected, rel=2e-3, abs=1e-9)


@pytest.mark.parametrize(
    ("places", "expected"),
    [((0, 0, 1, 0), 0), ((0, 0, 0, 1), 90), ((1, 0, 0, 0), 180), ((0, 0, 0, -1), 270), ((0, 179, 0, -179), 90)],
)
def test_bearings(places, expected):
    assert between(bearing, *places) == pytest.approx(expected)


@given(latitudes, longitudes, latitudes, longitudes)
def test_there_and_back_is_the_same_way(latitude, longitude, to_latitude, to_longitude):
    there = between(distance, latitude, longitude, to_latitude, to_longitude)
    back = between(distance, to_latitude, to_longitude, latitude, longitude)
    assert 0 <= there <= 180.001 * DEGREE
    assert there == pytest.approx(back, abs=1e-3)


@pytest.mark.parametrize(
    ("one", "other", "expected"), [(10, 20, 10), (350, 10, 20), (10, 350, 20), (0, 180, 180), (90, 90, 0)]
)
def test_angles(one, other, expected):
    assert pl.select(angle(pl.lit(float(one)), pl.lit(float(other)))).item() == pytest.approx(expected)


def test_an_unknown_place_is_at_no_distance():
    assert between(distance, None, 0, 1, 0) is None
    assert between(bearing, None, 0, 1, 0) is None
