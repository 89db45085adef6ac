"""The airports around a point, beside a search through all of them."""

from math import asin, cos, radians, sin, sqrt

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flightdata.models.flight import HIGH_CONFIDENCE
from flightdata.tracking.nearby import AIRPORT_SCHEMA, POINT_SCHEMA, Airports

PLACES = [
    ("EAST", -17.0, 179.98, 10.0, True),
    ("WEST", -17.02, -179.97, 10.0, True),
    ("POLE", 89.5, 10.0, 0.0, False),
    ("NORT", 78.25, 15.47, 27.0, True),
    ("NULL", 0.0, 0.0, 0.0, True),
    ("FIEL", 0.03, 0.03, 0.0, False),
    ("HIGH", -16.51, -68.19, 4061.0, True),
]
AIRPORTS = Airports(pl.DataFrame(PLACES, schema=AIRPORT_SCHEMA, orient="row"))


def point(latitude, longitude, altitude=None, *, bearing=None, trust=1.0):
    air = (latitude, longitude, altitude)
    return (0, latitude, longitude, altitude, altitude is None, bearing, 19.0, trust, *air)


def estimated(*points):
    rows = [(row, *one[1:]) for row, one in enumerate(points)]
    return AIRPORTS.estimate(pl.DataFrame(rows, schema=POINT_SCHEMA, orient="row"))


def distance(latitude, longitude, place):
    south, north = radians(latitude), radians(place[1])
    chord = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(radians(place[2] - longitude) / 2) ** 2
    return 2 * 6_371_008.8 * asin(sqrt(chord))


@given(st.sampled_from(PLACES), st.floats(-0.12, 0.12), st.floats(-0.12, 0.12))
def test_on_the_ground_it_is_the_nearest_one_a_scheduled_one_preferred(place, north, east):
    latitude = min(max(place[1] + north, -89.9), 89.9)
    longitude = (place[2] + east / max(cos(radians(latitude)), 0.01) + 540) % 360 - 180
    scores = sorted((distance(latitude, longitude, one) + (0 if one[4] else 3000), one[0]) for one in PLACES)
    found = estimated(point(latitude, longitude))
    assume(scores[1][0] - scores[0][0] > 50)  # m; else it is too close to call
    assume(scores[0][0] < 6000)
    assert found["ident"].to_list() == [scores[0][1]]
    place = next(one for one in PLACES if one[0] == scores[0][1])
    assert found["horizontal"][0] == pytest.approx(distance(latitude, longitude, place), abs=1)


def test_nobody_asks_nobody_is_answered():
    assert estimated().schema == estimated(point(0.0, 0.0)).schema


def test_where_there_is_no_airport_there_is_no_row():
    found = estimated(point(45.0, 45.0), point(0.0, 0.0), point(-45.0, 45.0))
    assert found["row"].to_list() == [1]


def test_on_the_glide_it_is_the_airport_ahead_not_the_one_passed():
    ahead = estimated(point(-17.0, 179.85, 800.0, bearing=90.0))
    assert ahead["ident"].to_list() == ["EAST"]
    away = estimated(point(-17.0, 179.85, 800.0, bearing=270.0))
    assert away["ident"].is_empty() or away["confidence"][0] < ahead["confidence"][0]


def test_of_two_fields_it_is_the_one_it_can_still_come_down_to():
    fields = [("PAST", 0.0, 0.0, 0.0, True), ("NEXT", 0.02, 0.1, 0.0, True)]
    beside = Airports(pl.DataFrame(fields, schema=AIRPORT_SCHEMA, orient="row"))
    sinking = pl.DataFrame([point(0.002, 0.01, 500.0, bearing=90.0)], schema=POINT_SCHEMA, orient="row")
    assert beside.estimate(sinking)["ident"].to_list() == ["NEXT"]


def test_height_counts_above_the_field_not_the_sea():
    assert estimated(point(-16.51, -68.20, 4161.0, bearing=90.0))["vertical"].to_list() == [100.0]
    assert estimated(point(0.0, 0.01, 4161.0, bearing=270.0)).is_empty()


def test_only_what_was_seen_to_the_end_is_of_high_confidence():
    heights = [0, 100, 250, 300, 600, 1200]
    found = estimated(*(point(78.25, 15.47, 27.0 + height, bearing=0.0) for height in heights))
    assert [one >= HIGH_CONFIDENCE for one in found["confidence"]] == [True, True, True, False, False, False]
    assert found["confidence"].is_sorted(descending=True)


def test_without_an_altitude_in_the_air_it_is_a_guess():
    row = list(point(78.25, 15.47))
    row[4] = False
    assert estimated(tuple(row))["confidence"].to_list() == [0.5]


def test_rivals_are_counted_and_cost_confidence():
    between = estimated(point(-17.01, -179.995))
    alone = estimated(point(78.25, 15.47))
    assert (between["candidates"].to_list(), alone["candidates"].to_list()) == ([1], [0])
    assert between["confidence"][0] < alone["confidence"][0] == 1.0


def test_less_trust_is_less_confidence():
    assert estimated(point(0.0, 0.0, trust=0.5))["confidence"].to_list() == [0.5]
