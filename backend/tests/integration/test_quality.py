"""Flags and enrichment on real traffic: raised where an oddity is known to be, and nowhere absurd.

Judged as scripts/quality-report.py does; docs/quality-report.md has all counts.
"""

import runpy

import pytest
from fixtures.recordings import REPOSITORY, folder

from flightdata.clients.recording.frames import frames
from flightdata.models.snapshot import RawSnapshot
from flightdata.reference.enrich import Reference
from flightdata.validation.gate import decode
from flightdata.validation.quality import BITS

AIRLINE_FORM = r"^[A-Z]{3}[0-9][A-Z0-9]*$"
CLEAN = ("quickstart", "zurich_airport", "belevingsvlucht")

COMMON = {"stale_position": 0.21, "no_position": 0.02}
"""The greatest share of a recording's states that may have these; of any other flag it is 0.7 %."""


@pytest.fixture(scope="module")
def report():
    return runpy.run_path(str(REPOSITORY / "backend" / "scripts" / "quality-report.py"))


@pytest.fixture(scope="module")
def counted(report):
    """`counted(name)`: the counts of a recording or a trajectory; each is played once."""
    found = {}

    def counts(name):
        if name not in found:
            recorded = report["RECORDINGS"].get(name)
            played = report["recording"](folder() / recorded) if recorded else report["trajectory"](folder(), name)
            found[name] = report["counted"](played)
        return found[name]

    return counts


def share(counts, *flags):
    return sum(counts[flag] for flag in flags) / counts["states"]


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        (
            "globe 2025-12",
            """stale_position no_position altitude_out_of_range altitudes_disagree speed_impossible on_ground_fast
            vertical_rate_impossible on_ground_high slow_at_altitude callsign_malformed squawk_7600
            position_jump speed_disagrees altitude_jump possible_spoofing""",
        ),
        ("globe 2026-05", "squawk_7500 squawk_7600 squawk_7700 slow_at_altitude position_jump possible_spoofing"),
        ("globe 2021", "track_out_of_range"),
        ("noisy_spoofing", "slow_at_altitude position_jump possible_spoofing"),
        ("noisy_time_issue", "position_frozen position_jump speed_disagrees altitude_jump possible_time_trouble"),
        ("zurich_airport", "on_ground_fast vertical_rate_impossible"),
    ],
)
def test_where_an_oddity_is_known_to_be_it_is_flagged(counted, name, flags):
    counts = counted(name)
    assert [flag for flag in flags.split() if counts[flag] == 0] == []


@pytest.mark.parametrize("name", ["globe 2025-12", "globe 2026-05", "globe 2021", "globe 2022", "Washington 1 s"])
def test_no_flag_is_raised_absurdly_often(counted, name):
    counts = counted(name)
    often = {flag: share(counts, flag) for flag in BITS if share(counts, flag) > COMMON.get(flag, 0.007)}
    assert often == {}


def test_spoofing_is_flagged_where_it_is_and_not_in_clean_traffic(counted):
    assert share(counted("noisy_spoofing"), "possible_spoofing") > 0.1
    assert share(counted("noisy_spoofing"), "slow_at_altitude") > 0.2
    assert {name: counted(name)["possible_spoofing"] for name in CLEAN} == dict.fromkeys(CLEAN, 0)


def test_time_trouble_is_flagged_where_it_is_and_not_in_clean_traffic(counted):
    assert share(counted("noisy_time_issue"), "possible_time_trouble") > 0.1
    assert all(share(counted(name), "possible_time_trouble") < 0.001 for name in CLEAN)


def test_clean_traffic_hardly_jumps(counted):
    assert all(share(counted(name), "position_jump", "track_disagrees", "time_backwards") == 0 for name in CLEAN)


def test_the_globe_of_2021_has_exactly_its_eight_odd_tracks(counted):
    assert counted("globe 2021")["track_out_of_range"] == 8


@pytest.mark.parametrize(
    ("file", "aircraft", "known"),
    [
        ("opensky/global_20251230/2025-12-30T181959Z.json.gz", 10_789, 0.725),
        ("opensky/global_20260508/2026-05-08T195959Z.json.gz", 11_506, 0.735),
    ],
)
def test_as_many_aircraft_and_airlines_are_known_as_the_tables_allow(file, aircraft, known):
    (frame,) = frames(folder() / file)
    states = decode(RawSnapshot("test", frame.time, frame.body)).states
    enriched = Reference().enrich(states)
    assert enriched.height == aircraft
    assert 1 - enriched["registration"].null_count() / aircraft > known
    flights = enriched.filter(enriched["callsign"].str.contains(AIRLINE_FORM))
    assert 1 - flights["airline"].null_count() / flights.height > 0.965
    assert enriched["country"].null_count() / aircraft < 0.001
    assert enriched["typecode"].count() / aircraft > 0.6


def test_the_country_of_the_address_is_the_one_that_opensky_says():
    (frame,) = frames(folder() / "opensky/global_20260508/2026-05-08T195959Z.json.gz")
    states = decode(RawSnapshot("test", frame.time, frame.body)).states
    ours = Reference().enrich(states.with_columns(origin_country=None).cast(dict(states.schema)))
    assert (ours["origin_country"] == states["origin_country"]).mean() > 0.97
