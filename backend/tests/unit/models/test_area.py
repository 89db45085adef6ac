import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from flightdata.models.area import Area

latitudes = st.integers(-90, 90) | st.floats(-90, 90)
longitudes = st.integers(-180, 180) | st.floats(-180, 180)
degrees = st.integers(-180, 180)


def eastwards(west, east):
    """How many degrees it goes east from one meridian to the other."""
    return (east - west) % 360


def test_without_edges_it_is_the_whole_globe():
    area = Area()
    corners = [(latitude, longitude) for latitude in (-90, 0, 90) for longitude in (-180, 0, 180)]
    assert all(area.contains(*corner) for corner in corners)


def test_its_edges_belong_to_it():
    area = Area(lamin=48, lamax=50, lomin=1, lomax=4)
    assert all(area.contains(latitude, longitude) for latitude in (48, 50) for longitude in (1, 4))
    assert not area.contains(47.999999, 1)
    assert not area.contains(50.000001, 1)
    assert not area.contains(48, 0.999999)
    assert not area.contains(48, 4.000001)


def test_across_the_antimeridian_it_is_the_short_way_round():
    fiji = Area(lomin=170, lomax=-170)
    assert all(fiji.contains(0, longitude) for longitude in (170, 175, 180, -180, -175, -170))
    assert not any(fiji.contains(0, longitude) for longitude in (169.9, -169.9, 0, 90, -90))


def test_it_may_be_a_single_point():
    point = Area(lamin=48.5, lamax=48.5, lomin=2.5, lomax=2.5)
    assert point.contains(48.5, 2.5)
    assert not point.contains(48.5, 2.6)


@given(west=degrees, east=degrees, longitude=degrees)
@example(west=180, east=-180, longitude=180)
@example(west=170, east=-170, longitude=-180)
def test_it_reaches_from_west_eastwards_to_east(west, east, longitude):
    # On whole degrees arithmetic is exact. ±180 are one meridian with two names, so they are left to the examples
    # above where they are edges.
    if {west, east, longitude} & {-180, 180}:
        return
    within = eastwards(west, longitude) <= eastwards(west, east)
    assert Area(lomin=west, lomax=east).contains(0, longitude) is within


@given(west=longitudes, east=longitudes)
def test_its_spans_are_ranges_that_cover_it_once(west, east):
    spans = Area(lomin=west, lomax=east).longitude_spans
    assert all(-180 <= start <= end <= 180 for start, end in spans)
    if west <= east:
        assert spans == ((west, east),)
    else:
        (first, last_meridian), (first_meridian, last) = spans
        assert (first, last_meridian, first_meridian, last) == (west, 180, -180, east)
        assert last < first


@given(south=latitudes, north=latitudes, latitude=latitudes)
def test_it_reaches_from_south_to_north_and_never_over_a_pole(south, north, latitude):
    if south > north:
        with pytest.raises(ValidationError, match="is north of"):
            Area(lamin=south, lamax=north)
    else:
        assert Area(lamin=south, lamax=north).contains(latitude, 0) is (south <= latitude <= north)


@pytest.mark.parametrize("edge", ["lamin", "lamax", "lomin", "lomax"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 180.0001, -180.0001, "x", None])
def test_edges_that_are_no_place_on_earth_are_refused(edge, value):
    with pytest.raises(ValidationError) as caught:
        Area(**{edge: value})
    assert caught.value.errors()[0]["loc"] == (edge,)


@pytest.mark.parametrize(("edge", "value"), [("lamin", -90.0001), ("lamax", 90.0001)])
def test_latitudes_end_at_the_poles(edge, value):
    with pytest.raises(ValidationError):
        Area(**{edge: value})


def test_it_has_no_other_members_and_does_not_change():
    with pytest.raises(ValidationError):
        Area(radius=5)
    with pytest.raises(ValidationError):
        Area().lamin = 5
