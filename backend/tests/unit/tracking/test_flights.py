"""Flights as `advance` tells them apart. The world has three airports; aircraft fly along its first parallels."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import NOW, state, states

from flightdata.models.flight import FLIGHT_SCHEMA, HIGH_CONFIDENCE, Flight, check_tracked, no_tracked
from flightdata.models.states import no_states
from flightdata.tracking.flights import advance
from flightdata.tracking.nearby import AIRPORT_SCHEMA, Airports
from flightdata.tracking.reports import LATENESS, Distrust

HOUR = 3600.0
INFINITE, NAN = float("inf"), float("nan")
WEST, EAST, FIELD = (48.0, 2.0), (48.0, 8.0), (48.03, 2.0)
AIRPORTS = Airports(
    pl.DataFrame(
        [("WEST", *WEST, 100.0, True), ("EAST", *EAST, 200.0, True), ("FIEL", *FIELD, 100.0, False)],
        schema=AIRPORT_SCHEMA,
        orient="row",
    )
)


def ground(at, place=WEST, **more):
    return report(at, place, None, velocity=5.0, on_ground=True, **more)


def air(at, place, altitude, **more):
    return report(at, place, altitude, **more)


def report(at, place, altitude, **more):
    known = {
        "last_contact": NOW + at,
        "time_position": NOW + at,
        "latitude": place[0],
        "longitude": place[1],
        "baro_altitude": altitude,
        "velocity": 200.0,
        "true_track": 90.0,
        "vertical_rate": None if altitude is None else 0.0,
        "callsign": "TEST1",
    }
    return state(more.pop("icao24", "aaaaaa"), **known | more)


class Sky:
    """Reports one after the other; `flights` is what a store would hold."""

    def __init__(self):
        self.tracked = no_tracked()
        self.flights = {}
        self.changes = []

    def see(self, *rows, now=None):
        incoming = states(*rows) if rows else no_states()
        now = incoming["last_contact"].max() if now is None else NOW + now
        step = advance(self.tracked, incoming, now, AIRPORTS)
        self.tracked = check_tracked(step.tracked)
        assert dict(step.changed.schema) == dict(FLIGHT_SCHEMA)
        self.changes.append(step.changed.height)
        for row in step.changed.iter_rows(named=True):
            Flight.model_validate(row)
            self.flights[row["icao24"], row["first_seen"]] = row
        return self

    def all_of(self, *rows):
        for row in rows:
            self.see(row)
        return self

    @property
    def only(self):
        (flight,) = self.flights.values()
        return flight

    @property
    def phases(self):
        return [self.flights[key]["phase"] for key in sorted(self.flights)]


@pytest.fixture
def sky():
    return Sky()


TAKE_OFF = [ground(0), ground(30), air(60, (48.0, 2.03), 300, velocity=80.0, vertical_rate=10.0)]
EN_ROUTE = [air(600, (48.0, 3.0), 9000), air(1200, (48.0, 5.0), 11000), air(1800, (48.0, 7.0), 9000)]
APPROACH = [
    air(2100, (48.0, 7.8), 1200, vertical_rate=-4.0, velocity=90.0),
    air(2200, (48.0, 7.96), 350, vertical_rate=-4.0, velocity=75.0),
]
LANDING = [ground(2240, (48.0, 7.99))]


# From gate to gate.


def test_a_flight_lasts_from_the_first_report_in_the_air_to_the_touch_down(sky):
    flight = sky.all_of(*TAKE_OFF, *EN_ROUTE, *APPROACH, *LANDING, ground(2300, EAST)).only
    assert (flight["first_seen"], flight["last_seen"], flight["phase"]) == (NOW + 60, NOW + 2240, "landed")
    assert (flight["departure"], flight["arrival"], flight["callsign"]) == ("WEST", "EAST", "TEST1")
    assert flight["departure_confidence"] >= HIGH_CONFIDENCE
    assert flight["arrival_confidence"] >= HIGH_CONFIDENCE
    assert flight["highest_altitude"] == 11000
    assert flight["distance"] == pytest.approx(443_500, rel=0.01)


def test_the_distances_are_those_of_the_first_and_last_position_in_the_air(sky):
    flight = sky.all_of(*TAKE_OFF, *EN_ROUTE, *APPROACH, *LANDING).only
    assert flight["departure_horizontal"] == pytest.approx(2232, abs=5)
    assert flight["departure_vertical"] == 200
    assert flight["arrival_horizontal"] == pytest.approx(2976, abs=5)
    assert flight["arrival_vertical"] == 150


def test_departure_is_known_in_the_step_in_which_it_lifts_off(sky):
    sky.all_of(*TAKE_OFF)
    assert (sky.only["departure"], sky.only["phase"], sky.only["arrival"]) == ("WEST", "airborne", None)


def test_the_small_field_beside_a_scheduled_airport_is_a_candidate_only(sky):
    between = (48.016, 2.0)  # a little nearer to the field
    sky.all_of(ground(0, between), air(60, (48.0, 2.1), 400, vertical_rate=9.0))
    assert (sky.only["departure"], sky.only["departure_candidates"]) == ("WEST", 1)


def test_from_the_small_field_itself_it_is_the_field(sky):
    sky.all_of(ground(0, (48.065, 2.0)), air(60, (48.1, 2.1), 400, vertical_rate=9.0))
    assert sky.only["departure"] == "FIEL"


def test_coming_down_the_arrival_is_estimated_before_it_lands(sky):
    sky.all_of(*EN_ROUTE, APPROACH[0])
    (tracked,) = sky.tracked.to_dicts()
    assert (tracked["arrival"], tracked["phase"]) == ("EAST", "airborne")
    assert tracked["arrival_confidence"] < HIGH_CONFIDENCE


def test_a_go_around_takes_the_estimate_back(sky):
    sky.all_of(*EN_ROUTE, APPROACH[0], air(2300, (48.0, 8.05), 900, vertical_rate=10.0))
    (tracked,) = sky.tracked.to_dicts()
    assert (tracked["arrival"], tracked["phase"]) == (None, "airborne")


def test_an_estimate_that_moves_with_every_report_changes_no_flight_before_it_lands(sky):
    sky.all_of(*EN_ROUTE, *APPROACH)
    assert sky.changes == [1, 0, 0, 0, 0]
    sky.all_of(*LANDING)
    assert (sky.only["arrival"], sky.only["phase"]) == ("EAST", "landed")


def test_first_seen_en_route_nothing_is_said_of_its_departure(sky):
    assert sky.all_of(EN_ROUTE[0]).only["departure"] is None


def test_first_seen_while_it_comes_down_nothing_is_said_of_its_departure(sky):
    assert sky.all_of(APPROACH[1]).only["departure"] is None


def test_first_seen_in_the_climb_its_departure_is_a_guess_of_little_confidence(sky):
    flight = sky.all_of(air(0, (48.0, 2.12), 900, vertical_rate=10.0)).only
    assert flight["departure"] == "WEST"
    assert flight["departure_confidence"] < HIGH_CONFIDENCE


# Neither split nor merged.


def test_a_hole_in_the_reception_does_not_split_a_flight(sky):
    sky.all_of(air(0, (48.0, 3.0), 10000), air(1500, (48.0, 7.0), 10000))
    assert sky.only["first_seen"] == NOW


def test_an_ocean_does_not_split_a_flight(sky):
    seven_hours = 7 * HOUR
    sky.see(air(0, (48.0, -150.0), 10000)).see(now=seven_hours - 1)
    sky.see(air(seven_hours, (48.0, -82.3), 10000))
    assert sky.only["phase"] == "airborne"


@pytest.mark.parametrize(
    ("why", "again"),
    [
        ("callsign", air(1500, (48.0, 7.0), 10000, callsign="TEST2")),
        ("time", air(5 * HOUR, (48.0, 7.0), 10000)),
        ("too long", air(13 * HOUR, (48.0, 150.0), 10000)),
    ],
)
def test_after_a_hole_it_is_another_flight_when_something_does_not_agree(sky, why, again):
    sky.all_of(air(0, (48.0, 3.0), 10000), again)
    assert sky.phases == ["lost", "airborne"]


def test_last_seen_on_approach_it_has_landed_in_the_hole(sky):
    sky.all_of(*EN_ROUTE, *APPROACH, air(4000, (48.0, 8.1), 900, vertical_rate=8.0))
    assert sky.phases == ["lost", "airborne"]
    first, second = (sky.flights[key] for key in sorted(sky.flights))
    assert (first["arrival"], second["departure"]) == ("EAST", "EAST")


def test_another_callsign_without_a_hole_is_the_same_flight(sky):
    sky.all_of(*EN_ROUTE[:2], air(1210, (48.0, 5.02), 11000, callsign="TEST2"))
    assert sky.only["callsign"] == "TEST1"


def test_the_callsign_that_is_used_most_is_the_flight_s(sky):
    sky.all_of(air(0, (48.0, 3.0), 9000, callsign="WRONG"))
    sky.all_of(*(air(10.0 * step, (48.0, 3 + 0.02 * step), 9000) for step in range(1, 4)))
    assert sky.only["callsign"] == "TEST1"


def test_the_next_leg_is_another_flight(sky):
    sky.all_of(*TAKE_OFF, *EN_ROUTE, *APPROACH, *LANDING, ground(2600, EAST), ground(4000, EAST))
    sky.all_of(air(4060, (48.0, 7.97), 500, callsign="TEST2", velocity=80.0, vertical_rate=9.0))
    assert sky.phases == ["landed", "airborne"]
    second = sky.flights[max(sky.flights)]
    assert (second["departure"], second["callsign"], second["arrival"], second["distance"]) == (
        "EAST",
        "TEST2",
        None,
        0,
    )


# Runways touched.


def test_a_touch_and_go_is_one_flight(sky):
    touch = ground(2240, (48.0, 7.99)) | {"velocity": 60.0}
    climb = air(2270, (48.0, 8.03), 300, velocity=75.0, vertical_rate=8.0)
    sky.all_of(*TAKE_OFF, *EN_ROUTE, *APPROACH, touch, climb)
    assert (sky.only["phase"], sky.only["touch_and_goes"], sky.only["arrival"]) == ("airborne", 1, None)


def test_a_full_stop_is_a_landing(sky):
    climb = air(2390, (48.0, 8.03), 300, velocity=75.0, vertical_rate=8.0)
    sky.all_of(*TAKE_OFF, *EN_ROUTE, *APPROACH, ground(2240, EAST), ground(2300, EAST) | {"velocity": 3.0}, climb)
    assert sky.phases == ["landed", "airborne"]


def test_one_report_from_the_ground_at_cruise_is_none(sky):
    sky.all_of(EN_ROUTE[0], ground(610, (48.0, 3.02)), air(620, (48.0, 3.04), 9000))
    assert (sky.only["phase"], sky.only["touch_and_goes"]) == ("airborne", 0)


# No flights.


def test_taxiing_is_no_flight(sky):
    sky.all_of(ground(0), ground(60, (48.0, 2.01)), ground(120, (48.0, 2.02)))
    assert sky.flights == {}


def test_standing_still_with_the_air_bit_is_no_flight(sky):
    sky.all_of(ground(0), air(60, (48.0001, 2.0), 10000, velocity=70.0))
    assert sky.flights == {}


def test_too_slow_for_an_aeroplane_is_no_flight_but_a_helicopter_may(sky):
    sky.all_of(air(0, WEST, 120, velocity=8.0), air(0, EAST, 220, velocity=8.0, icao24="bbbbbb", category=8))
    assert [icao24 for icao24, _ in sky.flights] == ["bbbbbb"]


def test_a_vehicle_is_no_flight(sky):
    sky.all_of(air(0, WEST, 120, velocity=40.0, category=16))
    assert sky.tracked.is_empty()


# Without a position, late, distrusted.


def test_what_has_no_position_is_heard_only(sky):
    silent = {"latitude": None, "longitude": None, "time_position": None}
    sky.all_of(air(0, (48.0, 3.0), 9000), air(60, (0, 0), 9000) | silent)
    assert sky.tracked.select("heard", "time_position").row(0) == (NOW + 60, NOW)
    assert sky.see(air(0, (0, 0), 9000, icao24="bbbbbb") | silent).tracked.height == 1


def test_a_report_that_is_not_newer_changes_nothing(sky):
    sky.all_of(*TAKE_OFF)
    before = sky.tracked
    sky.see(air(60, (48.0, 4.0), 9000)).see(ground(10, EAST))
    assert sky.tracked.equals(before)
    assert sky.changes[-2:] == [0, 0]


def test_a_position_that_is_flagged_is_not_believed():
    flagged = states(air(0, (48.0, 3.0), 9000, quality=4))
    assert advance(no_tracked(), flagged, NOW, AIRPORTS, Distrust(place=4)).tracked.is_empty()
    assert advance(no_tracked(), flagged, NOW, AIRPORTS, Distrust(place=3)).tracked.height == 1


def test_an_altitude_that_is_flagged_is_not_believed():
    flagged = states(air(0, (48.0, 3.0), 9000, quality=4))
    (row,) = advance(no_tracked(), flagged, NOW, AIRPORTS, Distrust(height=4)).tracked.to_dicts()
    assert (row["phase"], row["latitude"], row["altitude"], row["highest_altitude"]) == ("airborne", 48.0, None, None)


@pytest.mark.parametrize("reports", [1, 30])
def test_a_position_that_nobody_can_reach_changes_nothing(sky, reports):
    sky.all_of(*EN_ROUTE)
    before = sky.only
    last = sky.tracked["time_position"].item() - NOW
    sky.all_of(*(air(last + 10 * n, (58.0, 5.0), 9000) for n in range(1, reports + 1)))
    assert sky.tracked["heard"].item() == NOW + last + 10 * reports
    assert sky.only == before


def test_who_is_out_of_reach_for_an_hour_is_on_another_flight(sky):
    sky.all_of(air(-60, (48.0, 2.9), 9000), air(0, (48.0, 3.0), 9000))
    sky.all_of(*(air(at, (-30.0, 120.0), 9000) for at in range(600, 4300, 600)))
    assert [(one["phase"], one["distance"]) for one in sky.flights.values()] == [
        ("lost", pytest.approx(7_440, rel=0.01)),
        ("airborne", 0.0),
    ]


FALSE = (-30.0, 120.0)


def test_of_a_first_position_that_is_false_the_flight_knows_nothing_any_more(sky):
    sky.all_of(air(1190, FALSE, 9000, callsign=None), *EN_ROUTE[1:], *APPROACH, *LANDING)
    flight = sky.only
    assert (flight["first_seen"], flight["phase"], flight["arrival"]) == (NOW + 1190, "landed", "EAST")
    assert (flight["first_latitude"], flight["first_longitude"]) == (48.0, 5.0)
    assert flight["distance"] == pytest.approx(222_500, rel=0.01)


def test_a_first_position_that_is_false_hides_no_departure(sky):
    climbing = [air(at, (48.0, 2.0 + 0.001 * at), 100 + 10 * at, vertical_rate=10.0) for at in range(20, 60, 10)]
    assert sky.all_of(air(10, FALSE, 200), *climbing).only["departure"] == "WEST"


def test_a_first_position_on_the_ground_that_is_false_hides_no_departure(sky):
    flight = sky.all_of(ground(-10, FALSE), *TAKE_OFF).only
    assert (flight["first_seen"], flight["departure"]) == (NOW + 60, "WEST")
    assert flight["departure_confidence"] >= HIGH_CONFIDENCE


def test_in_the_air_at_a_false_position_first_and_on_the_ground_then_it_has_landed_nowhere(sky):
    sky.all_of(air(0, FALSE, 9000), ground(20), ground(40))
    assert (sky.only["phase"], sky.only["arrival"]) == ("lost", None)
    assert sky.tracked["phase"].item() == "ground"


def test_whose_take_off_was_seen_is_not_moved_away_by_false_positions(sky):
    flight = sky.all_of(*TAKE_OFF, air(70, FALSE, 400), air(80, FALSE, 500)).only
    assert (flight["departure"], flight["first_latitude"]) == ("WEST", 48.0)


@pytest.mark.parametrize("gap", [3000, 3600 * 3])
def test_a_hole_over_an_ocean_loses_no_flight(sky, gap):
    degrees = 240 * gap / 74_400
    sky.all_of(air(0, (48.0, -60.0), 11000), air(10, (48.0, -59.97), 11000))
    sky.see(air(10 + gap, (48.0, -59.97 + degrees), 11000))
    assert len(sky.flights) == 1
    assert sky.tracked["distance"].item() == pytest.approx(240 * gap, rel=0.03)


def test_who_flies_twice_the_speed_of_sound_loses_no_flight_while_it_is_well_received(sky):
    sky.all_of(*(air(at, (48.0, 2.0 + 600 * at / 74_400), 15000, velocity=600.0) for at in range(0, 601, 8)))
    assert len(sky.flights) == 1
    assert sky.tracked["distance"].item() == pytest.approx(360_000, rel=0.02)


# What only pretends to fly.


@pytest.mark.parametrize("claims", [{"velocity": 45.0, "baro_altitude": 11_000.0}, {"velocity": None}])
def test_taxiing_is_no_flight_whatever_it_says(sky, claims):
    sky.all_of(ground(0), air(10, (48.0, 2.0019), None, **claims), ground(20, (48.0, 2.0038)))
    assert sky.flights == {}


def test_what_says_neither_height_nor_speed_is_not_known_to_fly(sky):
    assert sky.all_of(air(0, (48.0, 3.0), None, velocity=None)).flights == {}


def test_what_still_sinks_after_a_report_from_the_ground_arrives_there(sky):
    landing = ground(2210, (48.0, 7.99)) | {"velocity": 65.0}
    sky.all_of(*EN_ROUTE, *APPROACH, landing, air(2220, (48.0, 8.0), 210, velocity=65.0, vertical_rate=-3.0))
    assert (sky.only["arrival"], sky.only["phase"]) == ("EAST", "airborne")


def test_what_is_too_late_is_ignored(sky):
    assert sky.see(air(0, (48.0, 3.0), 9000), now=LATENESS + 1).tracked.is_empty()


# Silence.


def test_a_flight_that_is_silent_on_approach_is_lost_soon_with_its_estimate(sky):
    sky.all_of(*EN_ROUTE, *APPROACH)
    assert sky.see(now=2200 + 900).only["phase"] == "airborne"
    lost = sky.see(now=2200 + 901).only
    assert (lost["phase"], lost["arrival"], lost["last_seen"]) == ("lost", "EAST", NOW + 2200)


def test_a_lost_flight_that_lands_after_all_has_landed(sky):
    sky.all_of(*EN_ROUTE, *APPROACH).see(now=3200).see(ground(3300, EAST))
    assert (sky.only["phase"], sky.only["last_seen"]) == ("landed", NOW + 3300)


def test_en_route_a_flight_stays_open_for_twelve_hours(sky):
    sky.see(EN_ROUTE[0])
    assert sky.see(now=600 + 12 * HOUR).only["phase"] == "airborne"
    assert sky.see(now=601 + 12 * HOUR).only["phase"] == "lost"


def test_what_can_no_longer_matter_is_forgotten(sky):
    sky.see(ground(0), EN_ROUTE[0] | {"icao24": "bbbbbb"}, now=600)
    assert sky.see(now=HOUR + LATENESS + 1).tracked["icao24"].to_list() == ["bbbbbb"]
    assert sky.see(now=601 + 12 * HOUR + LATENESS).tracked.is_empty()


def test_a_landed_flight_ends_with_its_touch_down_however_long_it_stands(sky):
    sky.all_of(*TAKE_OFF, *EN_ROUTE, *APPROACH, *LANDING, ground(4000, EAST)).see(now=3 * HOUR)
    assert (sky.only["phase"], sky.only["last_seen"]) == ("landed", NOW + 2240)


# Whatever the reports say. Few aircraft and places, so that all that can meet does.

REPORTS = st.builds(
    report,
    st.sampled_from([0, 10, 60, 250, 700, 3000, 4300, 9000, 50_000]),
    st.sampled_from([WEST, EAST, FIELD, (48.0, 2.05), (48.0, 5.0), (0.0, 0.0), (NAN, 2.0), (91.0, 200.0)]),
    st.sampled_from([None, 150.0, 900.0, 4000.0, 11_000.0, 1e308, INFINITE, NAN]),
    icao24=st.sampled_from(["aaaaaa", "bbbbbb"]),
    on_ground=st.booleans(),
    velocity=st.sampled_from([None, 3.0, 60.0, 220.0, INFINITE, NAN]),
    vertical_rate=st.sampled_from([None, -5.0, 0.0, 8.0, -INFINITE, NAN]),
    true_track=st.sampled_from([None, 90.0, -10.0, 1e300, INFINITE]),
    callsign=st.sampled_from([None, "TEST1", "TEST2"]),
    time_position=st.sampled_from([None, NAN, NOW, NOW + 55, NOW + 2990, NOW + 50_000]),
)
STEP = st.lists(REPORTS, max_size=4, unique_by=lambda row: (row["icao24"], row["last_contact"]))
STEPS = st.lists(STEP, min_size=1, max_size=5)


def seen(steps):
    sky, latest = Sky(), 0.0
    for rows in steps:
        latest = max([latest, *(row["last_contact"] - NOW for row in rows)])
        sky.see(*rows, now=latest)
    return sky


@given(STEPS)
def test_a_flight_begins_before_it_ends_and_flights_of_an_aircraft_have_different_beginnings(steps):
    sky = seen(steps)
    assert all(flight["first_seen"] <= flight["last_seen"] for flight in sky.flights.values())
    assert sky.tracked["icao24"].is_unique().all()
    in_progress = sky.tracked.drop_nulls("first_seen")
    assert set(in_progress.select("icao24", "first_seen").iter_rows()) <= set(sky.flights)


@given(STEPS)
def test_the_same_again_changes_nothing(steps):
    once, twice = seen(steps), seen([rows for rows in steps for _ in range(2)])
    assert twice.tracked.sort("icao24").equals(once.tracked.sort("icao24"))
    assert twice.flights == once.flights
    assert not any(twice.changes[1::2])


@given(STEPS, st.data())
def test_a_table_may_come_in_parts(steps, data):
    parts = Sky()
    latest = 0.0
    for rows in steps:
        latest = max([latest, *(row["last_contact"] - NOW for row in rows)])
        ordered = sorted(rows, key=lambda row: (row["icao24"], row["last_contact"]))
        cut = data.draw(st.integers(0, len(ordered)))
        for part in (ordered[:cut], ordered[cut:]):
            parts.see(*part, now=latest)
    whole = seen(steps)
    assert parts.tracked.sort("icao24").equals(whole.tracked.sort("icao24"))
    assert parts.flights == whole.flights
