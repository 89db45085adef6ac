"""OpenSky's rows as states. The rows here are made up, in the shape of real ones."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightdata.models.states import STATE_SCHEMA
from flightdata.validation.decoded import Unreadable
from flightdata.validation.opensky import decode
from flightdata.validation.quality import names

TIME = 1_700_000_000
ROW = {
    "icao24": "3c6444",
    "callsign": "DLH9LF  ",
    "origin_country": "Germany",
    "time_position": TIME - 2,
    "last_contact": TIME - 1,
    "longitude": 8.5706,
    "latitude": 50.0333,
    "baro_altitude": 1371.6,
    "on_ground": False,
    "velocity": 92.4,
    "true_track": 248,
    "vertical_rate": -3.58,
    "sensors": None,
    "geo_altitude": 1447.8,
    "squawk": "1000",
    "spi": False,
    "position_source": 0,
}
TEXTS = ("icao24", "callsign", "origin_country", "squawk")
NUMBERS = (
    "time_position",
    "last_contact",
    "longitude",
    "latitude",
    "baro_altitude",
    "velocity",
    "true_track",
    "vertical_rate",
    "geo_altitude",
)
FLAGS = ("on_ground", "spi")
CODES = ("position_source", "category")


def row(**changes):
    """A row of 17 columns, of 18 with a category."""
    return list((ROW | changes).values())


def decoded(*rows, time=TIME):
    return decode({"time": time, "states": list(rows)}, "opensky")


def only(result):
    """The one state."""
    assert (result.rows, result.rejected) == (1, {})
    return result.states.row(0, named=True)


# A good row


def test_a_row_becomes_a_state_of_the_same_values():
    assert only(decoded(row())) == dict.fromkeys(STATE_SCHEMA) | {
        "icao24": "3c6444",
        "callsign": "DLH9LF",
        "origin_country": "Germany",
        "time_position": 1_699_999_998.0,
        "last_contact": 1_699_999_999.0,
        "longitude": 8.5706,
        "latitude": 50.0333,
        "baro_altitude": 1371.6,
        "on_ground": False,
        "velocity": 92.4,
        "true_track": 248.0,
        "vertical_rate": -3.58,
        "geo_altitude": 1447.8,
        "squawk": "1000",
        "spi": False,
        "position_source": 0,
        "source": "opensky",
        "quality": 0,
    }


def test_the_states_are_a_state_table():
    assert dict(decoded(row()).states.schema) == dict(STATE_SCHEMA)


def test_the_time_is_the_answer_s():
    assert decoded(row(), time=TIME + 0.5).time == 1_700_000_000.5


def test_whole_and_broken_numbers_may_stand_in_one_column():
    result = decoded(row(velocity=0), row(velocity=0.33), row(velocity=7))
    assert result.states["velocity"].to_list() == [0.0, 0.33, 7.0]


def test_the_order_of_the_rows_is_kept():
    result = decoded(row(icao24="bbbbbb"), row(icao24="aaaaaa"), row(icao24="cccccc"))
    assert result.states["icao24"].to_list() == ["bbbbbb", "aaaaaa", "cccccc"]


@pytest.mark.parametrize(
    "name", [name for name in ROW if name not in {"icao24", "last_contact", "on_ground", "sensors", "spi"}]
)
def test_null_is_an_unknown_value_in_this_column(name):
    assert only(decoded(row(**{name: None})))[name] is None


@pytest.mark.parametrize("name", FLAGS)
def test_null_is_false_in_this_column(name):
    assert only(decoded(row(**{name: None})))[name] is False


@pytest.mark.parametrize("sensors", [None, [], [1, 2], "x", {"a": 1}, True])
def test_sensors_may_be_anything(sensors):
    assert only(decoded(row(sensors=sensors)))["icao24"] == "3c6444"


@pytest.mark.parametrize("name", ["callsign", "origin_country", "squawk"])
@pytest.mark.parametrize("blank", ["", "        "])
def test_a_blank_text_is_null(name, blank):
    assert only(decoded(row(**{name: blank})))[name] is None


def test_blanks_inside_a_callsign_are_kept():
    assert only(decoded(row(callsign="FLW ME 1 ")))["callsign"] == "FLW ME 1"


def test_squawk_keeps_its_leading_zeros():
    assert only(decoded(row(squawk="0021")))["squawk"] == "0021"


# Columns


def test_a_row_of_seventeen_columns_has_no_category():
    assert only(decoded(row()))["category"] is None


def test_a_row_of_eighteen_columns_has_a_category():
    assert only(decoded(row(category=8)))["category"] == 8


def test_a_row_of_nineteen_columns_is_read_by_its_first_eighteen():
    assert only(decoded([*row(category=8), "new"]))["category"] == 8


def test_rows_of_many_widths_are_each_read_for_themselves():
    full = row(category=4)
    result = decoded(full[:17], full, [*full, {"new": 1}], full[:13], full[:16], [])
    assert result.states["category"].to_list() == [None, 4, 4]
    assert result.rejected == {"too_few_columns": 3}


@pytest.mark.parametrize("width", [0, 1, 12, 13, 16])
def test_a_row_of_too_few_columns_is_rejected(width):
    assert decoded(row()[:width]).rejected == {"too_few_columns": 1}


@pytest.mark.parametrize("thing", [None, True, 0, 1.5, "", "3c6444", {}, {"icao24": "3c6444"}])
def test_what_is_no_list_is_no_row(thing):
    result = decoded(row(), thing)
    assert (result.rows, result.states.height, result.rejected) == (2, 1, {"not_a_row": 1})


# Wrong types

NO_TEXT = [True, 0, 1.5, [], ["a"], {}]
NO_NUMBER = [True, False, "", "1", "1.5", [], [1], {}]
NO_FLAG = [0, 1, 0.0, "true", "", [], {}]
NO_CODE = [True, False, 0.0, 1.5, "0", [], {}, 128, 300, -300, 2**31, 2**63, 2**64 - 1]
MISFITS = [
    *((name, value) for name in TEXTS for value in NO_TEXT),
    *((name, value) for name in NUMBERS for value in NO_NUMBER),
    *((name, value) for name in FLAGS for value in NO_FLAG),
    *((name, value) for name in CODES for value in NO_CODE),
]


@pytest.mark.parametrize(("name", "value"), MISFITS)
def test_a_value_of_the_wrong_type_rejects_its_row(name, value):
    assert decoded(row(**{name: value})).rejected == {f"wrong_type:{name}": 1}


@pytest.mark.parametrize(("name", "value"), MISFITS)
def test_a_value_of_the_wrong_type_costs_no_other_row(name, value):
    before, after = row(icao24="aaaaaa", category=1), row(icao24="bbbbbb", category=0)
    result = decoded(before, row(**{name: value}), after)
    assert result.states.drop("quality").equals(decoded(before, after).states.drop("quality"))
    assert (result.rows, result.rejected) == (3, {f"wrong_type:{name}": 1})


def test_a_row_with_several_wrong_values_is_counted_once_for_the_first_of_them():
    assert decoded(row(callsign=1, velocity="2", spi=3)).rejected == {"wrong_type:callsign": 1}


def test_a_wrong_value_in_every_row_rejects_them_all():
    result = decoded(row(icao24=1), row(velocity=True), row(spi=0), row(category=1.5))
    assert result.states.is_empty()
    assert result.rejected == {
        "wrong_type:category": 1,
        "wrong_type:icao24": 1,
        "wrong_type:spi": 1,
        "wrong_type:velocity": 1,
    }


@pytest.mark.parametrize("name", ["longitude", "baro_altitude", "velocity", "geo_altitude"])
@pytest.mark.parametrize("value", [2**53 + 1, 2**63, 2**64 - 1, -(2**63), 1e300])
def test_a_number_of_any_size_is_a_number(name, value):
    assert only(decoded(row(**{name: value})))[name] == float(value)


@pytest.mark.parametrize("neighbour", [1, 1.5])
def test_a_number_beyond_64_bits_stands_beside_any_other(neighbour):
    result = decoded(row(velocity=neighbour), row(velocity=2**64 - 1))
    assert result.states["velocity"].to_list() == [neighbour, float(2**64 - 1)]


@pytest.mark.parametrize("category", [-1, 0, 1, 20, 127])
def test_a_category_of_eight_bits_is_kept_also_when_it_means_nothing(category):
    assert only(decoded(row(category=category)))["category"] == category


def test_a_code_is_judged_alike_beside_a_right_and_beside_a_wrong_neighbour():
    kept = [
        "aaaaaa" in decoded(row(icao24="aaaaaa", category=-128), row(category=neighbour)).states["icao24"]
        for neighbour in (0, "wrong")
    ]
    assert kept[0] == kept[1]


# What is no state


@pytest.mark.parametrize(("missing", "left"), [("longitude", "latitude"), ("latitude", "longitude")])
def test_half_a_position_is_none(missing, left):
    assert only(decoded(row(**{missing: None})))[left] is None


def test_an_icao24_is_lower_case_in_the_table():
    assert only(decoded(row(icao24="3C64AF")))["icao24"] == "3c64af"


def test_blanks_around_an_icao24_do_no_harm():
    assert only(decoded(row(icao24=" 3c6444 ")))["icao24"] == "3c6444"


def test_a_tilde_before_an_icao24_is_kept():
    assert only(decoded(row(icao24="~2a3b4c")))["icao24"] == "~2a3b4c"


@pytest.mark.parametrize("icao24", [None, "", "      ", "3c644", "3c64444", "3c644g", "~", "~~3c6444", "3c\n6444"])
def test_a_row_without_an_address_is_rejected(icao24):
    assert decoded(row(icao24=icao24)).rejected == {"icao24": 1}


def test_a_row_without_last_contact_is_rejected():
    assert decoded(row(last_contact=None)).rejected == {"last_contact_missing": 1}


@pytest.mark.parametrize("last_contact", [0, -1, -(2**63), -1e300])
def test_a_last_contact_before_1970_is_rejected(last_contact):
    assert decoded(row(last_contact=last_contact)).rejected == {"last_contact_out_of_range": 1}


@pytest.mark.parametrize("ahead", [0, 1, 60])
def test_a_last_contact_a_little_after_the_snapshot_is_kept(ahead):
    assert only(decoded(row(last_contact=TIME + ahead)))["last_contact"] == TIME + ahead


@pytest.mark.parametrize("last_contact", [TIME + 60.5, TIME + 61, TIME * 1000, 2**64 - 1, 1e300])
def test_a_last_contact_in_the_future_is_rejected(last_contact):
    assert decoded(row(last_contact=last_contact)).rejected == {"last_contact_in_future": 1}


def test_the_quality_is_judged_by_the_answer_s_time():
    state = only(decoded(row(time_position=TIME - 16)))
    assert names(state["quality"]) == ("stale_position",)


# The answer as a whole


def test_an_answer_of_no_rows_is_an_empty_table():
    result = decoded()
    assert (result.time, result.rows, result.states.height, result.rejected) == (TIME, 0, 0, {})


def test_states_null_are_no_rows():
    result = decode({"time": TIME, "states": None}, "opensky")
    assert (result.time, result.rows, result.states.height, result.rejected) == (TIME, 0, 0, {})


def test_no_row_that_is_left_makes_an_empty_state_table():
    assert dict(decoded([], None).states.schema) == dict(STATE_SCHEMA)


@pytest.mark.parametrize("states", [{}, "", "none", 0, True, {"3c6444": row()}])
def test_states_that_are_no_list_are_unreadable(states):
    with pytest.raises(Unreadable, match=r"^states is no list$"):
        decode({"time": TIME, "states": states}, "opensky")


@pytest.mark.parametrize("time", [None, "1700000000", True, False, [], {}])
@pytest.mark.parametrize("states", [[row()], [], None])
def test_a_time_that_is_no_number_is_unreadable(time, states):
    with pytest.raises(Unreadable, match=r"^time is no number$"):
        decode({"time": time, "states": states}, "opensky")


def test_an_answer_without_a_time_is_unreadable():
    with pytest.raises(Unreadable, match=r"^time is no number$"):
        decode({"states": [row()]}, "opensky")


# Anything at all

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@st.composite
def almost_rows(draw):
    """A row of 17 or 18 columns with up to three values that may be anything."""
    values = row(category=draw(st.integers(0, 20)))[: draw(st.integers(17, 18))]
    for place in draw(st.lists(st.integers(0, len(values) - 1), max_size=3)):
        values[place] = draw(JSON)
    return values


def conserved(result):
    return result.rows == result.states.height + sum(result.rejected.values())


@given(st.lists(almost_rows() | JSON | st.lists(JSON, min_size=16, max_size=19), max_size=6))
def test_whatever_the_rows_are_each_is_a_state_or_rejected(rows):
    result = decoded(*rows)
    assert result.rows == len(rows)
    assert conserved(result)


@given(st.lists(almost_rows(), min_size=1, max_size=5))
def test_a_row_fares_alike_alone_and_among_others(rows):
    together = decoded(*rows).states
    alone = pl.concat([decoded(one).states for one in rows])
    assert together.equals(alone)


@given(JSON | st.just(TIME), JSON)
def test_whatever_time_and_states_are_they_are_read_or_unreadable(time, states):
    try:
        result = decode({"time": time, "states": states}, "opensky")
    except Unreadable:
        return
    assert conserved(result)
