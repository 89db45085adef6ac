"""What is flagged as odd, at which bound."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightdata.models.states import STATE_SCHEMA
from flightdata.validation.quality import RULES, mask, mask_of, names

TIME = 1_700_000_000.0
ORDINARY = {"time_position": TIME - 1, "latitude": 50.0, "longitude": 8.5, "true_track": 248.0}


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
    stored = ["stale_position", "no_position", "null_island", "position_out_of_range", "track_out_of_range"]
    assert [rule.name for rule in RULES][: len(stored)] == stored


def test_there_are_no_more_rules_than_bits():
    assert len(RULES) <= 32


def test_no_two_rules_have_the_same_name():
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_the_mask_of_two_flags_has_their_bits():
    assert mask(["null_island", "stale_position"]) == 0b101


def test_a_flag_named_twice_counts_once():
    assert mask(["null_island", "null_island"]) == 0b100


def test_there_is_no_mask_of_an_unknown_flag():
    with pytest.raises(KeyError, match="too_fast_by_half"):
        mask(["too_fast_by_half"])


@given(st.sets(st.sampled_from([rule.name for rule in RULES])))
def test_a_mask_has_the_names_it_was_made_of(some):
    assert set(names(mask(some))) == some
