"""Flights out of real tracks and out of the simulation, beside what is known of them otherwise."""

import gzip
import json
from collections import Counter
from importlib.resources import files

import pytest
from fixtures import movements

from bench.flights import Watch, recorded
from flightdata.models.flight import HIGH_CONFIDENCE, no_tracked
from flightdata.models.snapshot import RawSnapshot
from flightdata.reference.airports import airport_table
from flightdata.tracking.flights import advance
from flightdata.tracking.nearby import Airports
from flightdata.validation.gate import decode

HOUR = 3600.0
LIKELY = 0.5
PARIS = files("flightdata.clients.recording") / "shipped" / "paris-20211007.jsonl.gz"
PARIS_LANDINGS = {"LFPG": 46, "LFPO": 27, "LFPB": 17, "LFPV": 2}
PARIS_TAKE_OFFS = {"LFPG": 67, "LFPO": 31, "LFPB": 34, "LFPV": 1}
"""What `movements` counts in the tracks that the recording that ships is made of (`quickstart`)."""


@pytest.fixture(scope="module")
def airports():
    return Airports(airport_table())


def flights_of(bodies, airports):
    """All flights of these snapshots, as the store would hold them hours later."""
    tracked, found, time = no_tracked(), {}, 0.0
    for body in bodies:
        decoded = decode(RawSnapshot("test", 2e9, body))
        time = max(time, decoded.time)
        step = advance(tracked, decoded.states, time, airports)
        tracked = step.tracked
        found |= {(row["icao24"], row["first_seen"]): row for row in step.changed.iter_rows(named=True)}
    closing = advance(tracked, decoded.states[:0], time + 24 * HOUR, airports).changed
    found |= {(row["icao24"], row["first_seen"]): row for row in closing.iter_rows(named=True)}
    return list(found.values())


def snapshots(tracks, every=10):
    """The tracks as answers of `/states/all`, one each `every` seconds."""
    slots = {}
    for icao24, track in tracks.items():
        for sample in track:
            slots.setdefault(sample[0] // every, {})[icao24] = sample
    for slot in sorted(slots):
        rows = [_row(icao24, sample) for icao24, sample in slots[slot].items()]
        yield json.dumps({"time": (slot + 1) * every, "states": rows}).encode()


def _row(icao24, sample):
    time, latitude, longitude, altitude, on_ground, *motion = sample
    height = None if on_ground else altitude
    return [icao24, "", "", time, time, longitude, latitude, height, on_ground, *motion, None, None, None, False, 0]


def counted(flights, end, least):
    return Counter(one[end] for one in flights if (one[f"{end}_confidence"] or 0) >= least)


def test_the_recording_that_ships_has_the_movements_of_the_tracks_it_is_made_of(airports):
    flights = flights_of(gzip.decompress(PARIS.read_bytes()).splitlines(), airports)
    landings, take_offs = counted(flights, "arrival", LIKELY), counted(flights, "departure", LIKELY)
    assert all(abs(landings[airport] - count) <= 2 for airport, count in PARIS_LANDINGS.items()), landings
    assert all(abs(take_offs[airport] - count) <= 3 for airport, count in PARIS_TAKE_OFFS.items()), take_offs


@pytest.fixture(scope="module")
def tracks(recordings):
    return lambda name: movements.tracks(recordings / "trajectories" / f"{name}.json.gz")


def test_the_movements_at_paris_are_what_the_reading_says(tracks):
    landings, take_offs = movements.movements(tracks("quickstart"))
    assert {airport: landings[airport] for airport in PARIS_LANDINGS} == PARIS_LANDINGS
    assert {airport: take_offs[airport] for airport in PARIS_TAKE_OFFS} == PARIS_TAKE_OFFS


def test_landings_and_take_offs_at_zurich_are_those_of_the_reading_and_taxiing_is_none(tracks, airports):
    found = tracks("zurich_airport")
    landings, take_offs = movements.movements(found)
    flights = flights_of(snapshots(found), airports)
    assert counted(flights, "arrival", HIGH_CONFIDENCE) == landings
    assert counted(flights, "departure", HIGH_CONFIDENCE) == take_offs


def test_five_hours_of_low_passes_are_one_flight(tracks, airports):
    (flight,) = flights_of(snapshots(tracks("belevingsvlucht"), every=30), airports)
    assert (flight["departure"], flight["arrival"]) == ("EHAM", "EHAM")
    assert flight["distance"] > 1_000_000


@pytest.mark.parametrize(("interval", "hours", "holes"), [(10.0, 1, False), (60.0, 4, True)])
def test_the_simulation_is_told_as_it_was_flown(airports, interval, hours, holes):
    watch = Watch(300, interval, airports, holes=holes)
    list(watch.hours(hours))
    figures = watch.figures()
    assert [one.name for one in figures if one.reached is False] == []
    assert figures[-1].value > 300


@pytest.mark.usefixtures("recordings")
def test_half_hourly_snapshots_of_the_globe_keep_flights_whole_and_claims_honest():
    figures = {one.name: one.value for one in recorded()}
    assert figures["recorded: split or merged"] < 2
    assert figures["recorded: departure, high confidence: agreement with the route table"] > 97
    assert figures["recorded: arrival, high confidence: agreement with the route table"] > 97
