"""What is flagged as odd, at which bound."""

import polars as pl
import pytest
from fixtures.recordings import REPOSITORY
from hypothesis import given
from hypothesis import strategies as st

from flightdata.models.states import RELATIVE_QUALITY, STATE_SCHEMA
from flightdata.validation.quality import (
    BITS,
    COMPARISONS,
    CONCLUSIONS,
    RULES,
    mask,
    mask_of,
    names,
    quality_counts,
)

TIME = 1_700_000_000.0
PAGE = REPOSITORY / "docs" / "quality.md"
ORDINARY = {
    "callsign": "DLH9LF",
    "time_position": TIME - 1,
    "latitude": 50.0,
    "longitude": 8.5,
    "baro_altitude": 1_371.6,
    "geo_altitude": 1_447.8,
    "on_ground": False,
    "velocity": 92.4,
    "true_track": 248.0,
    "vertical_rate": -3.58,
    "squawk": "1000",
}


def flags(**state):
    table = pl.DataFrame([ORDINARY | state], schema=STATE_SCHEMA)
    return names(table.select(mask_of(TIME)).item())


def test_an_ordinary_state_has_no_flag():
    assert flags() == ()


@pytest.mark.parametrize(
    ("age", "expected"), [(15, ()), (15.001, ("stale_position",)), (86_400, ("stale_position",)), (-1, ())]
)
def test_a_position_older_than_15_s_is_stale(age, expected):
    assert flags(time_position=TIME - age) == expected


def test_a_position_of_unknown_age_is_not_stale():
    assert flags(time_position=None) == ()


@pytest.mark.parametrize("missing", [("latitude",), ("longitude",), ("latitude", "longitude")])
def test_without_both_coordinates_there_is_no_position(missing):
    assert flags(**dict.fromkeys(missing)) == ("no_position",)


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (0.0, 0.0, ("null_island",)),
        (-0.0, 0.0, ("null_island",)),
        (0.0, 0.0001, ()),
        (0.0001, 0.0, ()),
        (0.0, 180.0, ()),
    ],
)
def test_nought_nought_is_null_island(latitude, longitude, expected):
    assert flags(latitude=latitude, longitude=longitude) == expected


@pytest.mark.parametrize(
    ("latitude", "longitude", "expected"),
    [
        (90.0, 180.0, ()),
        (-90.0, -180.0, ()),
        (90.001, 0.0, ("position_out_of_range",)),
        (-90.001, 0.0, ("position_out_of_range",)),
        (0.0, 180.001, ("position_out_of_range",)),
        (0.0, -180.001, ("position_out_of_range",)),
        (1e300, 1e300, ("position_out_of_range",)),
    ],
)
def test_a_position_beyond_the_globe_is_out_of_range(latitude, longitude, expected):
    assert flags(latitude=latitude, longitude=longitude) == expected


@pytest.mark.parametrize(
    ("track", "expected"),
    [
        (0.0, ()),
        (359.99, ()),
        (360.0, ()),
        (360.01, ("track_out_of_range",)),
        (-0.01, ("track_out_of_range",)),
        (-150.0, ("track_out_of_range",)),
        (None, ()),
    ],
)
def test_a_track_is_between_0_and_360(track, expected):
    assert flags(true_track=track) == expected


@pytest.mark.parametrize("name", ["baro_altitude", "geo_altitude"])
@pytest.mark.parametrize(
    ("altitude", "expected"),
    [
        (-500.0, ()),
        (-500.1, ("altitude_out_of_range",)),
        (16_000.0, ()),
        (16_000.1, ("altitude_out_of_range",)),
        (38_648.64, ("altitude_out_of_range",)),
        (None, ()),
    ],
)
def test_an_altitude_is_between_the_lowest_airport_and_the_highest_airliner(name, altitude, expected):
    assert flags(**{"baro_altitude": None, "geo_altitude": None} | {name: altitude}) == expected


@pytest.mark.parametrize(
    ("baro", "geo", "expected"),
    [
        (10_000.0, 10_950.0, ()),
        (10_000.0, 9_050.0, ()),
        (10_000.0, 10_950.1, ("altitudes_disagree",)),
        (10_000.0, 9_049.9, ("altitudes_disagree",)),
        (10_000.0, 10_000.0 - 960.12, ("altitudes_disagree",)),
        (10_000.0, None, ()),
        (None, 10_000.0, ()),
    ],
)
def test_the_two_altitudes_agree_within_950_m(baro, geo, expected):
    assert flags(baro_altitude=baro, geo_altitude=geo) == expected


@pytest.mark.parametrize(
    ("velocity", "expected"),
    [
        (0.0, ()),
        (-0.01, ("speed_impossible",)),
        (400.0, ()),
        (400.01, ("speed_impossible",)),
        (None, ()),
    ],
)
def test_no_airliner_is_faster_than_400_m_s(velocity, expected):
    assert flags(velocity=velocity) == expected


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (50.0, ()),
        (-50.0, ()),
        (50.01, ("vertical_rate_impossible",)),
        (-50.01, ("vertical_rate_impossible",)),
        (None, ()),
    ],
)
def test_no_airliner_climbs_or_sinks_with_more_than_50_m_s(rate, expected):
    assert flags(vertical_rate=rate) == expected


@pytest.mark.parametrize(
    ("on_ground", "velocity", "expected"),
    [(True, 100.0, ()), (True, 100.1, ("on_ground_fast",)), (False, 100.1, ()), (True, None, ())],
)
def test_on_the_ground_nobody_is_faster_than_100_m_s(on_ground, velocity, expected):
    assert flags(on_ground=on_ground, velocity=velocity) == expected


@pytest.mark.parametrize(
    ("on_ground", "altitudes", "expected"),
    [
        (True, (5_000.0, 5_000.0), ()),
        (True, (5_000.1, 5_000.0), ("on_ground_high",)),
        (True, (None, 5_000.1), ("on_ground_high",)),
        (True, (None, None), ()),
        (False, (5_000.1, 5_000.0), ()),
    ],
)
def test_no_ground_is_above_5000_m(on_ground, altitudes, expected):
    assert flags(on_ground=on_ground, baro_altitude=altitudes[0], geo_altitude=altitudes[1]) == expected


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, ("slow_at_altitude",)),
        ({"velocity": 50.0}, ()),
        ({"baro_altitude": 7_000.0}, ()),
        ({"on_ground": True}, ("on_ground_high",)),
        ({"category": 4}, ("slow_at_altitude",)),
        ({"category": 10}, ()),  # lighter than air
        ({"velocity": None}, ()),
        ({"baro_altitude": None}, ()),
    ],
)
def test_up_there_only_balloons_are_slow(others, expected):
    assert flags(**{"velocity": 49.9, "baro_altitude": 7_000.1, "geo_altitude": None} | others) == expected


@pytest.mark.parametrize("callsign", ["A", "DLH9LF", "N123AB", "00000001", "ABCDEFGH", None])
def test_up_to_eight_capitals_and_digits_are_a_callsign(callsign):
    assert flags(callsign=callsign) == ()


@pytest.mark.parametrize("callsign", ["FLW ME 1", "dlh9lf", "ABCDEFGHI", "ABC-1", "Ä1", "0", "00000", "00000000"])
def test_other_characters_and_noughts_alone_are_no_callsign(callsign):
    assert flags(callsign=callsign) == ("callsign_malformed",)


@pytest.mark.parametrize("squawk", ["0000", "7777", "1000", None])
def test_four_octal_digits_are_a_squawk(squawk):
    assert flags(squawk=squawk) == ()


@pytest.mark.parametrize("squawk", ["7800", "777", "70000", "12a4", "-100"])
def test_anything_else_is_no_squawk(squawk):
    assert flags(squawk=squawk) == ("squawk_malformed",)


@pytest.mark.parametrize("squawk", ["7500", "7600", "7700"])
def test_emergency_squawks_are_told(squawk):
    assert flags(squawk=squawk) == (f"squawk_{squawk}",)


@pytest.mark.parametrize("squawk", ["7501", "7577", "7601", "7701", "0750"])
def test_their_neighbours_are_not(squawk):
    assert flags(squawk=squawk) == ()


def test_what_is_unknown_is_not_odd():
    unknown = {"time_position": None, "callsign": None, "velocity": None, "true_track": None, "squawk": None}
    assert flags(**unknown | {"on_ground": None, "baro_altitude": None, "geo_altitude": None}) == ()


def test_a_state_may_have_several_flags():
    state = {"time_position": 0, "latitude": 0, "longitude": 0, "true_track": -1}
    assert flags(**state) == ("stale_position", "null_island", "track_out_of_range")


def test_each_row_has_a_mask_of_its_own():
    table = pl.DataFrame([ORDINARY, ORDINARY | {"true_track": -1}, ORDINARY], schema=STATE_SCHEMA)
    assert table.select(mask_of(TIME)).to_series().to_list() == [0, 16, 0]


def test_a_mask_has_the_type_of_the_state_table_s_column():
    assert pl.DataFrame(schema=STATE_SCHEMA).select(mask_of(TIME)).dtypes == [STATE_SCHEMA["quality"]]


def test_the_bits_of_stored_masks_keep_their_meaning():
    """New rules go to the end of this list; if it fails otherwise, the masks in everybody's files change meaning."""
    stored = {
        0: "stale_position no_position null_island position_out_of_range track_out_of_range altitude_out_of_range "
        "altitudes_disagree speed_impossible vertical_rate_impossible on_ground_fast on_ground_high slow_at_altitude "
        "callsign_malformed squawk_malformed squawk_7500 squawk_7600 squawk_7700",
        20: "position_jump speed_disagrees track_disagrees altitude_jump position_frozen time_backwards "
        "possible_spoofing possible_time_trouble",
    }
    kept = {name: bit for first, names in stored.items() for bit, name in enumerate(names.split(), first)}
    assert {name: bit for name, bit in BITS.items() if name in kept} == kept


def test_a_rule_by_itself_and_one_beside_the_state_before_have_bits_of_their_own():
    assert mask(rule.name for rule in RULES) & RELATIVE_QUALITY == 0
    assert mask(rule.name for rule in (*COMPARISONS, *CONCLUSIONS)) & ~RELATIVE_QUALITY == 0
    assert max(BITS.values()) < 32


def test_no_two_rules_have_the_same_name():
    assert len(BITS) == len(RULES) + len(COMPARISONS) + len(CONCLUSIONS)


def test_the_mask_of_two_flags_has_their_bits():
    assert mask(["null_island", "stale_position"]) == 0b101


def test_a_flag_named_twice_counts_once():
    assert mask(["null_island", "null_island"]) == 0b100


def test_there_is_no_mask_of_an_unknown_flag():
    with pytest.raises(KeyError, match="too_fast_by_half"):
        mask(["too_fast_by_half"])


def test_flags_are_counted_each_by_itself():
    qualities = [mask(["null_island", "stale_position"]), mask(["null_island"]), 0, mask(["position_jump"])]
    counts = quality_counts(pl.DataFrame({"quality": qualities}, schema={"quality": pl.UInt32}))
    assert {name: count for name, count in counts.items() if count} == {
        "stale_position": 1,
        "null_island": 2,
        "position_jump": 1,
    }
    assert list(counts) == list(BITS)


@pytest.mark.parametrize("rules", [RULES, COMPARISONS, CONCLUSIONS])
def test_the_page_about_the_flags_says_what_the_rules_say(rules):
    page = PAGE.read_text(encoding="utf-8")
    for rule in rules:
        assert (
            f"| `{rule.name}` | {rule.bound} | {rule.why} | {rule.source} |\n" in page
        ), "bring docs/quality.md up to date"


@given(st.sets(st.sampled_from(list(BITS))))
def test_a_mask_has_the_names_it_was_made_of(some):
    assert set(names(mask(some))) == some
