"""Flights out of real tracks and out of the simulation, beside what is known of them otherwise."""

import gzip
import json
import runpy
from collections import Counter
from dataclasses import replace
from importlib.resources import files

import pytest
from fixtures import movements
from fixtures.recordings import REPOSITORY

from bench.flights import Watch, recorded
from flightdata.models.flight import HIGH_CONFIDENCE, no_flights
from flightdata.models.picture import Picture
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.states import no_states
from flightdata.pipeline.moving import Moving
from flightdata.reference.airports import airport_table
from flightdata.tracking.flights import advance, latest
from flightdata.tracking.nearby import Airports
from flightdata.validation.decoded import Decoded
from flightdata.validation.gate import decode

HOUR = 3600.0
LIKELY = 0.5
ENDS = ("departure", "arrival")
PARIS = files("flightdata.clients.recording") / "shipped" / "paris-20211007.jsonl.gz"
PARIS_LANDINGS = {"LFPG": 48, "LFPO": 27, "LFPB": 16, "LFOB": 5, "LFPV": 2, "LFOX": 1}
PARIS_TAKE_OFFS = {"LFPG": 67, "LFPB": 35, "LFPO": 31, "LFOB": 5, "LFPN": 1, "LFPV": 1}
"""What `movements` counts in the tracks that the recording that ships is made of (`quickstart`)."""


@pytest.fixture(scope="module")
def airports():
    return Airports(airport_table())


def flights_of(bodies, airports):
    """All flights of these snapshots, as the store would hold them hours later."""
    return flights_in((decode(RawSnapshot("test", 2e9, body)) for body in bodies), airports)


def flights_in(decoded, airports):
    moving, picture, found = Moving(airports, expiry=330.0), Picture(), []
    for one in decoded:
        picture = moving.move(replace(picture, changed=no_flights()), moving.prepare(one)).picture
        found.append(picture.changed)
    closing = advance(picture.tracked, no_states(), picture.time + 24 * HOUR, airports).changed
    return latest(*found, closing).to_dicts()


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
    assert counted(flights, "arrival", LIKELY) == PARIS_LANDINGS
    assert counted(flights, "departure", LIKELY) == PARIS_TAKE_OFFS


@pytest.fixture(scope="module")
def tracks(recordings):
    return lambda name: movements.tracks(recordings / "trajectories" / f"{name}.json.gz")


def ends(flights, end, icao24):
    return sorted(one[end] for one in flights if one["icao24"] == icao24 and (one[f"{end}_confidence"] or 0) >= LIKELY)


def test_each_aircraft_at_paris_lands_and_takes_off_where_the_reading_says(tracks, airports):
    found = tracks("quickstart")
    assert movements.movements(found) == (PARIS_LANDINGS, PARIS_TAKE_OFFS)
    flights = flights_of(snapshots(found), airports)
    for icao24, (landings, take_offs) in movements.by_aircraft(found).items():
        assert ends(flights, "arrival", icao24) == sorted(landings), icao24
        assert ends(flights, "departure", icao24) == sorted(take_offs), icao24


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


# Positions that are not believed.


def far(sample, seconds):
    """300 km off, as a false satellite position is."""
    return [(sample[0] + 10 * n, sample[1] + 3, *sample[2:]) for n in range(seconds // 10)]


def frozen(sample, seconds):
    return [(sample[0] + 10 * n, *sample[1:]) for n in range(seconds // 10)]


FALSE = {
    "000001": lambda sample: far(sample, 10),
    "000002": lambda sample: far(sample, 300),
    "000003": lambda sample: frozen(sample, 300),
    "000004": lambda sample: [(sample[0], 0.0, 0.0, *sample[3:])],
    "000005": lambda sample: [(sample[0], 95.0, 2.5, *sample[3:])],
}


def falsified(track, share, false):
    """`track` with false positions for a while, after this share of its time."""
    begin = track[0][0] + share * (track[-1][0] - track[0][0])
    made = false(next(sample for sample in track if sample[0] > begin))
    kept = [one for one in track if not made[0][0] - 5 <= one[0] <= made[-1][0] + 5]
    return sorted(kept + made)


def test_false_positions_leave_a_flight_as_it_is(tracks, airports):
    (track,) = tracks("noisy_time_issue").values()
    found = {"000000": track}
    for number, share in enumerate((0.2, 0.5, 0.8)):
        found |= {f"{number}{icao24[1:]}": falsified(track, share, false) for icao24, false in FALSE.items()}
    right, *others = sorted(flights_of(snapshots(found), airports), key=lambda flight: flight["icao24"])
    assert [flight["icao24"] for flight in (right, *others)] == sorted(found)
    for flight in others:
        assert flight["distance"] == pytest.approx(right["distance"], rel=0.01), flight
        for name in ("first_seen", "departure", "arrival", "departure_confidence", "arrival_confidence", "phase"):
            assert flight[name] == right[name], flight


@pytest.mark.parametrize(
    ("name", "expected", "kilometres"),
    [
        ("noisy_spoofing", [None, None], (1500, 2000)),  # all positions, the false ones too: 2,152
        ("noisy_time_issue", ["LPPR", "LSZH"], (1770, 1790)),
        ("noisy_ground", ["LSZH", None], (78, 82)),
        ("noisy_landing", [None, "LSZH"], (85, 87)),
    ],
)
def test_a_noisy_track_is_one_flight(recordings, airports, name, expected, kilometres):
    played = runpy.run_path(str(REPOSITORY / "backend" / "scripts" / "quality-report.py"))["trajectory"]
    decoded = (Decoded(time, states.height, states, {}) for time, states in played(recordings, name))
    (flight,) = flights_in(decoded, airports)
    claimed = [flight[end] if (flight[f"{end}_confidence"] or 0) >= LIKELY else None for end in ENDS]
    assert claimed == expected
    least, most = kilometres
    assert least < flight["distance"] / 1000 < most
    assert flight["touch_and_goes"] == 0


# At large.


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
