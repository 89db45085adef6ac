import math
import re
from itertools import pairwise
from random import Random

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightdata.clients.simulation import Simulation
from flightdata.clients.simulation.fleet import assemble_fleet, most_aircraft
from flightdata.errors import ConfigurationError
from flightdata.ports import Source
from flightdata.reference.airports import find_airport

EARTH_RADIUS = 6_371_008.8
START = 1_785_000_000
AIRCRAFT = 600
COLUMNS = {
    "icao24": pl.String,
    "callsign": pl.String,
    "origin_country": pl.String,
    "time_position": pl.Int64,
    "last_contact": pl.Int64,
    "longitude": pl.Float64,
    "latitude": pl.Float64,
    "baro_altitude": pl.Float64,
    "on_ground": pl.Boolean,
    "velocity": pl.Float64,
    "true_track": pl.Float64,
    "vertical_rate": pl.Float64,
    "sensors": pl.Null,
    "geo_altitude": pl.Float64,
    "squawk": pl.String,
    "spi": pl.Boolean,
    "position_source": pl.Int64,
    "category": pl.Int64,
}
TIMES = st.integers(START - 30 * 86_400, START + 30 * 86_400)
some = settings(max_examples=20, deadline=None)


class Sky:
    """A simulation with a clock of its own, to be looked at at any time."""

    def __init__(self, aircraft, **options):
        self.now = START
        self.simulation = Simulation(aircraft, clock=lambda: self.now, **options)

    def body(self, at):
        self.now = at
        return self.simulation.fetch().body

    def states(self, at):
        return pl.DataFrame(orjson.loads(self.body(at))["states"], orient="row", schema=COLUMNS)

    def rows(self, at):
        return self.states(at).to_dicts()

    def flights(self, at):
        return self.simulation.flights(at).to_dicts()


@pytest.fixture(scope="module")
def sky():
    return Sky(AIRCRAFT)


def position(row):
    return row["latitude"], row["longitude"]


def place(icao):
    airport = find_airport(icao)
    return airport.latitude, airport.longitude


def distance(a, b):
    (south, west), (north, east) = (map(math.radians, point) for point in (a, b))
    chord = math.sin((north - south) / 2) ** 2
    chord += math.cos(south) * math.cos(north) * math.sin((east - west) / 2) ** 2
    return 2 * EARTH_RADIUS * math.asin(math.sqrt(chord))


def bearing(a, b):
    (south, west), (north, east) = (map(math.radians, point) for point in (a, b))
    y = math.sin(east - west) * math.cos(north)
    x = math.cos(south) * math.sin(north) - math.sin(south) * math.cos(north) * math.cos(east - west)
    return math.degrees(math.atan2(y, x)) % 360


def turn(a, b):
    return abs((a - b + 180) % 360 - 180)


def off_the_circle(point, origin, destination):
    angle = distance(origin, point) / EARTH_RADIUS
    aside = math.radians(bearing(origin, point) - bearing(origin, destination))
    return abs(math.asin(math.sin(angle) * math.sin(aside))) * EARTH_RADIUS


@given(times=st.lists(TIMES, min_size=2, max_size=5))
@some
def test_a_snapshot_depends_on_seed_and_time_only_whatever_was_asked_before(times):
    forwards, backwards = Sky(30, seed=7), Sky(30, seed=7)
    expected = {at: forwards.body(at) for at in sorted(times)}
    assert {at: backwards.body(at) for at in sorted(times, reverse=True)} == expected


def test_another_seed_is_another_sky():
    assert Sky(30, seed=1).body(START) != Sky(30, seed=2).body(START)


@given(at=TIMES)
@some
def test_every_snapshot_has_all_aircraft_once_in_the_shape_of_opensky(sky, at):
    document = orjson.loads(sky.body(at))
    assert list(document) == ["time", "states"]
    assert document["time"] == at
    assert {len(row) for row in document["states"]} == {18}
    states = sky.states(at)
    assert states["icao24"].n_unique() == len(states) == AIRCRAFT
    assert states.drop("sensors", "baro_altitude", "vertical_rate", "geo_altitude").null_count().row(0) == (0,) * 14


def test_values_look_as_opensky_writes_them(sky):
    for row in sky.rows(START):
        assert re.fullmatch("[0-9a-f]{6}", row["icao24"])
        assert re.fullmatch("[A-Z]{3}([0-9]{1,4}|[0-9]{1,2}[A-Z]{2}) *", row["callsign"])
        assert len(row["callsign"]) == 8
        assert re.fullmatch("[0-7]{4}", row["squawk"])
        assert row["origin_country"]
        assert row["category"] in {3, 4, 6}
        assert START - 2 <= row["time_position"] <= row["last_contact"] <= START
        assert 0 <= row["true_track"] < 360


def test_on_the_ground_there_is_no_altitude_as_with_opensky(sky):
    for row in sky.rows(START):
        for column in ("baro_altitude", "geo_altitude", "vertical_rate"):
            assert (row[column] is None) == row["on_ground"]


@pytest.mark.parametrize("at", [START, 1_767_225_600, 0])
def test_aircraft_are_in_all_phases_of_flight_from_the_first_snapshot(sky, at):
    states = sky.states(at)
    ground, rate = pl.col("on_ground"), pl.col("vertical_rate")
    phases = {
        "parked": ground & (pl.col("velocity") == 0),
        "taxiing": ground & pl.col("velocity").is_between(0, 9, closed="none"),
        "climbing": rate > 5,
        "cruising": (rate == 0) & (pl.col("velocity") > 110),
        "descending": rate < -3,
    }
    assert all(states.filter(phase).height > 3 for phase in phases.values())
    assert states.filter(~ground).height > states.height / 2


@given(at=TIMES)
@some
def test_positions_lie_on_the_great_circle_between_origin_and_destination(sky, at):
    for row, flight in zip(sky.rows(at), sky.flights(at), strict=True):
        origin, destination = place(flight["origin"]), place(flight["destination"])
        assert off_the_circle(position(row), origin, destination) < 20


@given(at=TIMES)
@some
def test_flights_are_neither_too_short_nor_too_long(sky, at):
    for flight in sky.flights(at):
        length = distance(place(flight["origin"]), place(flight["destination"]))
        assert 149_000 < length < 14_001_000
        assert 90 < length / (flight["arrival"] - flight["departure"]) < 270


@given(at=TIMES)
@some
def test_from_one_snapshot_to_the_next_aircraft_move_as_their_speed_and_track_say(sky, at):
    for before, after in zip(sky.rows(at), sky.rows(at + 10), strict=True):
        duration = after["time_position"] - before["time_position"]
        moved = distance(position(before), position(after))
        assert duration in {9, 12}
        assert moved / duration == pytest.approx((before["velocity"] + after["velocity"]) / 2, abs=8)
        if moved > 800:
            assert turn(bearing(position(before), position(after)), before["true_track"]) < 2
        if not before["on_ground"] and not after["on_ground"]:
            climbed = after["baro_altitude"] - before["baro_altitude"]
            rates = before["vertical_rate"], after["vertical_rate"]
            assert min(rates) * duration - 8 < climbed < max(rates) * duration + 8


def test_in_a_whole_day_nobody_jumps_not_even_across_the_antimeridian(sky):
    crossed = 0
    for earlier, later in pairwise(map(sky.rows, range(START, START + 86_400, 600))):
        for before, after in zip(earlier, later, strict=True):
            assert distance(position(before), position(after)) < 275 * 602
            crossed += abs(before["longitude"] - after["longitude"]) > 300
    assert crossed > 0


@given(at=TIMES)
@some
def test_speeds_are_those_of_airliners(sky, at):
    for row in sky.rows(at):
        if row["on_ground"]:
            assert 0 <= row["velocity"] <= 77
        else:
            assert 70 <= row["velocity"] <= 270
            assert -9 <= row["vertical_rate"] <= 14.2
            assert row["baro_altitude"] < 12_600


@pytest.mark.parametrize("seed", range(5))
def test_a_flight_climbs_cruises_at_a_level_and_descends(seed):
    sky = Sky(1, seed=seed)
    (flight,) = sky.flights(START)
    step = (flight["arrival"] - flight["departure"]) / 150
    rows = [sky.rows(flight["departure"] + 3 + step * index)[0] for index in range(150)]
    altitudes = [row["baro_altitude"] for row in rows]
    level = max(altitudes)
    top, end = altitudes.index(level), len(rows) - altitudes[::-1].index(level)
    assert altitudes[: top + 1] == sorted(altitudes[: top + 1])
    assert set(altitudes[top:end]) == {level}
    assert altitudes[end:] == sorted(altitudes[end:], reverse=True)
    assert end - top > 15
    assert level / 304.8 == pytest.approx(round(level / 304.8), abs=0.03)
    assert max(row["velocity"] for row in rows) == rows[(top + end) // 2]["velocity"]


def test_eastbound_levels_are_odd_and_westbound_levels_even(sky):
    cruising = sky.states(START).filter(vertical_rate=0).with_columns(level=(pl.col("baro_altitude") / 304.8).round())
    flights = {flight["icao24"]: flight for flight in sky.flights(START)}
    for row in cruising.to_dicts():
        flight = flights[row["icao24"]]
        eastbound = bearing(place(flight["origin"]), place(flight["destination"])) < 180
        assert row["level"] % 2 == eastbound


def test_the_truth_and_the_states_agree_on_who_is_in_the_air(sky):
    for row, flight in zip(sky.rows(START), sky.flights(START), strict=True):
        if min(abs(START - flight["departure"]), abs(START - flight["arrival"])) > 3:
            assert row["callsign"].strip() == flight["callsign"]
            assert row["on_ground"] != (flight["departure"] < START < flight["arrival"])


@pytest.mark.parametrize("seed", range(5))
def test_lift_off_and_touch_down_are_at_the_airports(seed):
    sky = Sky(1, seed=seed)
    (flight,) = sky.flights(START)
    for icao, outside, inside in (
        (flight["origin"], flight["departure"] - 1, flight["departure"] + 4),
        (flight["destination"], flight["arrival"] + 4, flight["arrival"] - 1),
    ):
        (ground,), (air,) = sky.rows(outside), sky.rows(inside)
        assert ground["on_ground"]
        assert not air["on_ground"]
        assert distance(position(ground), place(icao)) < 5_000
        assert distance(position(air), place(icao)) < 5_000
        assert air["baro_altitude"] == pytest.approx(find_airport(icao).elevation, abs=70)


@pytest.mark.parametrize("seed", range(5))
def test_the_next_flight_starts_where_the_last_one_ended_and_after_a_turnaround(seed):
    sky = Sky(1, seed=seed)
    flights = []
    for at in range(START, START + 3 * 86_400, 900):
        (flight,) = sky.flights(at)
        if flight not in flights:
            flights.append(flight)
    assert len(flights) > 2
    for last, following in pairwise(flights):
        assert following["origin"] == last["destination"]
        assert 900 < following["departure"] - last["arrival"] < 9000


def test_with_speed_the_schedule_runs_faster_and_times_stay_those_of_the_clock():
    epoch = 1_767_225_600
    real, fast = Sky(50), Sky(50, speed=10)
    slow_rows, fast_rows = real.rows(epoch + 100_000), fast.rows(epoch + 10_000)
    fresh = [index for index, row in enumerate(fast_rows) if row["time_position"] == epoch + 10_000]
    assert [position(fast_rows[index]) for index in fresh] == [position(slow_rows[index]) for index in fresh]
    assert [fast_rows[index]["velocity"] for index in fresh] == [slow_rows[index]["velocity"] for index in fresh]
    for slow, quick in zip(real.flights(epoch + 100_000), fast.flights(epoch + 10_000), strict=True):
        assert (quick["departure"] - epoch) * 10 == pytest.approx(slow["departure"] - epoch)
        assert (quick["arrival"] - epoch) * 10 == pytest.approx(slow["arrival"] - epoch)


def test_the_schedule_also_runs_before_its_epoch():
    sky = Sky(50, speed=1000)
    assert len(sky.rows(1_000_000_000)) == 50


def test_a_snapshot_says_whose_it_is_and_when_it_was_taken():
    source: Source = Simulation(3, clock=lambda: START + 0.75, name="My Sky")
    snapshot = source.fetch()
    assert (source.name, snapshot.source, snapshot.received_at) == ("my-sky", "my-sky", START + 0.75)
    assert orjson.loads(snapshot.body)["time"] == START


def test_due_at_once_and_then_at_each_multiple_of_the_interval():
    sky = Sky(1, interval=10)
    assert sky.simulation.next_due() <= START
    for at, due in ((START, START + 10), (START + 9.9, START + 10), (START + 10, START + 20)):
        sky.body(at)
        assert sky.simulation.next_due() == due


@pytest.mark.parametrize(
    "options", [{"aircraft": 0}, {"aircraft": 10**6}, {"interval": 0}, {"speed": -1}, {"speed": math.nan}]
)
def test_arguments_that_cannot_work_are_refused(options):
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        Simulation(**options, clock=lambda: START)


def test_the_largest_fleet_has_no_address_twice():
    fleet = list(assemble_fleet(most_aircraft(), Random(0)))
    assert len({aircraft.icao24 for aircraft in fleet}) == len(fleet) == most_aircraft()


def test_no_two_flights_have_the_same_callsign(sky):
    assert sky.states(START)["callsign"].n_unique() == AIRCRAFT
