"""Aircraft of readsb's family as states. The aircraft here are made up, in the shape of real ones."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightdata.models.states import STATE_SCHEMA
from flightdata.validation.decoded import Unreadable
from flightdata.validation.quality import names
from flightdata.validation.readsb import decode, decode_points

NOW = 1_700_000_000.5
AIRCRAFT = {
    "hex": "3c6444",
    "type": "adsb_icao",
    "flight": "DLH9LF  ",
    "r": "D-AIBD",
    "t": "A319",
    "alt_baro": 4500,
    "alt_geom": 4750,
    "gs": 180.5,
    "track": 248.2,
    "baro_rate": -704,
    "squawk": "1000",
    "category": "A3",
    "lat": 50.0333,
    "lon": 8.5706,
    "seen_pos": 1.5,
    "seen": 0.25,
    "spi": 0,
}


def decoded(*aircraft, now=NOW):
    return decode({"now": now, "aircraft": list(aircraft)}, "roof")


def only(result):
    """The one state."""
    assert (result.rows, result.rejected) == (1, {})
    return result.states.row(0, named=True)


def state(**changes):
    return only(decoded(AIRCRAFT | changes))


def without(*keys):
    return {key: value for key, value in AIRCRAFT.items() if key not in keys}


# A good aircraft


def test_an_aircraft_becomes_a_state_in_si_units():
    assert state() == dict.fromkeys(STATE_SCHEMA) | {
        "icao24": "3c6444",
        "callsign": "DLH9LF",
        "time_position": 1_699_999_999.0,
        "last_contact": 1_700_000_000.25,
        "longitude": 8.5706,
        "latitude": 50.0333,
        "baro_altitude": 1371.6,  # 4500 ft
        "on_ground": False,
        "velocity": 92.86,  # 180.5 kt
        "true_track": 248.2,
        "vertical_rate": -3.58,  # -704 ft/min
        "geo_altitude": 1447.8,  # 4750 ft
        "squawk": "1000",
        "spi": False,
        "position_source": 0,
        "position_type": "adsb_icao",
        "category": 4,
        "registration": "D-AIBD",
        "typecode": "A319",
        "source": "roof",
        "quality": 0,
    }


def test_the_states_are_a_state_table():
    assert dict(decoded(AIRCRAFT).states.schema) == dict(STATE_SCHEMA)


def test_an_aircraft_of_an_address_only_is_a_state_of_now():
    assert only(decoded({"hex": "3c6444"})) == dict.fromkeys(STATE_SCHEMA) | {
        "icao24": "3c6444",
        "last_contact": NOW,
        "on_ground": False,
        "spi": False,
        "source": "roof",
        "quality": 2,  # no position
    }


@pytest.mark.parametrize("key", [key for key in AIRCRAFT if key != "hex"])
def test_null_is_the_same_as_a_key_left_out(key):
    assert decoded(AIRCRAFT | {key: None}).states.equals(decoded(without(key)).states)


def test_unknown_keys_are_passed_over():
    assert state(rssi=-12.1, mlat=["lat"], nav_modes=[], lastPosition={"lat": 1, "lon": 2}) == state()


def test_the_last_position_is_not_the_live_one():
    aircraft = without("lat", "lon", "seen_pos") | {"lastPosition": {"lat": 1, "lon": 2, "seen_pos": 90}}
    found = only(decoded(aircraft))
    assert (found["latitude"], found["longitude"], found["time_position"]) == (None, None, None)


# Addresses


@pytest.mark.parametrize(
    ("hex_", "icao24"),
    [("3C64AF", "3c64af"), (" 3c6444 ", "3c6444"), ("~2a3b4c", "~2a3b4c"), ("~2A3B4C", "~2a3b4c")],
)
def test_an_address_is_lower_case_and_keeps_its_tilde(hex_, icao24):
    assert state(hex=hex_)["icao24"] == icao24


@pytest.mark.parametrize("hex_", ["", "      ", "3c644", "3c64444", "3c644g", "~", "~~3c6444"])
def test_an_aircraft_of_no_address_is_rejected(hex_):
    assert decoded(AIRCRAFT | {"hex": hex_}).rejected == {"icao24": 1}


def test_an_aircraft_without_hex_is_rejected():
    assert decoded(without("hex")).rejected == {"icao24": 1}


# Time


@pytest.mark.parametrize(
    ("given", "last_contact"),
    [
        ({"seen": 2.5, "seen_pos": 4}, NOW - 2.5),
        ({"seen": 2.5}, NOW - 2.5),
        ({"seen_pos": 4}, NOW - 4),
        ({}, NOW),
    ],
)
def test_the_last_contact_is_now_less_the_age_of_the_last_message(given, last_contact):
    assert only(decoded(without("seen", "seen_pos") | given))["last_contact"] == last_contact


@pytest.mark.parametrize(
    ("given", "time_position"),
    [
        ({"seen": 2.5, "seen_pos": 4}, NOW - 4),
        ({"seen": 2.5}, NOW - 2.5),
        ({"seen_pos": 4}, NOW - 4),
        ({}, NOW),
    ],
)
def test_the_time_of_the_position_is_now_less_its_age(given, time_position):
    assert only(decoded(without("seen", "seen_pos") | given))["time_position"] == time_position


@pytest.mark.parametrize("missing", ["lat", "lon"])
def test_without_a_position_there_is_no_time_of_it(missing):
    assert only(decoded(without(missing)))["time_position"] is None


@pytest.mark.parametrize(("missing", "left"), [("lat", "longitude"), ("lon", "latitude")])
def test_half_a_position_is_none(missing, left):
    assert only(decoded(without(missing)))[left] is None


def test_ages_of_more_than_a_millisecond_s_precision_are_rounded():
    assert state(seen=0.12345)["last_contact"] == 1_700_000_000.377


def test_now_in_milliseconds_is_taken_for_such():
    result = decoded(AIRCRAFT, now=1_700_000_000_500)
    assert (result.time, only(result)["last_contact"]) == (NOW, NOW - 0.25)


def test_now_in_seconds_is_the_time_of_the_snapshot():
    assert decoded(AIRCRAFT).time == NOW


def test_a_last_contact_in_the_future_is_rejected():
    assert decoded(AIRCRAFT | {"seen": -60.5}).rejected == {"last_contact_in_future": 1}


def test_a_last_contact_a_little_in_the_future_is_kept():
    assert state(seen=-60)["last_contact"] == NOW + 60


def test_a_last_contact_before_1970_is_rejected():
    assert decoded(AIRCRAFT | {"seen": NOW}).rejected == {"last_contact_out_of_range": 1}


def test_the_quality_is_judged_by_now():
    assert names(state(seen_pos=15.001)["quality"]) == ("stale_position",)


# Altitude, speed, rate


def test_ground_is_on_ground_and_no_altitude():
    found = state(alt_baro="ground")
    assert (found["on_ground"], found["baro_altitude"]) == (True, None)


def test_an_altitude_of_nought_is_not_on_ground():
    found = state(alt_baro=0)
    assert (found["on_ground"], found["baro_altitude"]) == (False, 0)


def test_ground_and_numbers_may_stand_in_one_snapshot():
    found = decoded(AIRCRAFT | {"alt_baro": "ground"}, AIRCRAFT, without("alt_baro")).states
    assert found["on_ground"].to_list() == [True, False, False]
    assert found["baro_altitude"].to_list() == [None, 1371.6, None]


@pytest.mark.parametrize(
    ("given", "rate"),
    [
        ({"baro_rate": 100, "geom_rate": 200}, 0.51),
        ({"baro_rate": 0, "geom_rate": 200}, 0.0),
        ({"geom_rate": 200}, 1.02),
        ({"vert_rate": 300}, 1.52),
    ],
)
def test_the_barometric_rate_goes_before_the_geometric_one(given, rate):
    assert only(decoded(without("baro_rate") | given))["vertical_rate"] == rate


def test_the_old_keys_of_dump1090_are_read():
    old = {"hex": "3c6444", "altitude": 4500, "speed": 180, "vert_rate": -704}
    found = only(decoded(old))
    assert (found["baro_altitude"], found["velocity"], found["vertical_rate"]) == (1371.6, 92.6, -3.58)


def test_the_old_key_of_the_altitude_may_say_ground():
    assert only(decoded({"hex": "3c6444", "altitude": "ground"}))["on_ground"] is True


def test_the_new_keys_go_before_the_old_ones():
    found = state(altitude=1, speed=1, vert_rate=1)
    assert (found["baro_altitude"], found["velocity"], found["vertical_rate"]) == (1371.6, 92.86, -3.58)


# Codes


@pytest.mark.parametrize(
    ("category", "code"),
    [
        ("A0", 1),
        ("A1", 2),
        ("A7", 8),
        ("B0", 1),
        ("B1", 9),
        ("B7", 15),
        ("C0", 1),
        ("C1", 16),
        ("C5", 20),
        ("D0", 1),
        ("C6", None),
        ("A8", None),
        ("Z1", None),
        ("", None),
    ],
)
def test_an_emitter_category_has_opensky_s_code(category, code):
    assert state(category=category)["category"] == code


@pytest.mark.parametrize(
    ("type_", "code"),
    [
        ("adsb_icao", 0),
        ("adsb_icao_nt", 0),
        ("adsb_other", 0),
        ("adsr_icao", 0),
        ("mlat", 2),
        ("tisb_icao", None),
        ("adsc", None),
        ("mode_s", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_the_source_of_a_position_has_opensky_s_code_where_there_is_one(type_, code):
    assert state(type=type_)["position_source"] == code


def test_the_type_of_the_position_is_kept_as_it_is():
    assert state(type="tisb_other")["position_type"] == "tisb_other"


@pytest.mark.parametrize(("spi", "flag"), [(0, False), (1, True), (True, True), (False, False)])
def test_spi_is_a_number_or_a_flag(spi, flag):
    assert state(spi=spi)["spi"] is flag


@pytest.mark.parametrize(("key", "name"), [("flight", "callsign"), ("squawk", "squawk"), ("r", "registration")])
def test_a_blank_text_is_null(key, name):
    assert state(**{key: "   "})[name] is None


def test_a_blank_typecode_is_null():
    assert state(t="")["typecode"] is None


# Wrong types

MISFITS = [
    *((key, name, value) for key, name in [("hex", "icao24"), ("flight", "callsign")] for value in [1, True, [], {}]),
    *((key, name, value) for key, name in [("r", "registration"), ("t", "typecode")] for value in [1.5, False, ["x"]]),
    *(("squawk", "squawk", value) for value in [1000, ["1000"]]),
    *(("type", "position_type", value) for value in [0, ["mlat"]]),
    *(("category", "emitter", value) for value in [3, ["A3"]]),
    *((key, name, value) for key, name in [("lat", "latitude"), ("lon", "longitude")] for value in ["8.5", True, []]),
    *((key, key, value) for key in ("seen", "seen_pos") for value in ["0", False, {}]),
    *((key, name, value) for key, name in [("gs", "velocity"), ("track", "true_track")] for value in ["9", True, [9]]),
    *(("baro_rate", "vertical_rate", value) for value in ["0", False, [0]]),
    *(("alt_geom", "geo_altitude", value) for value in ["0", "ground", True]),
    *(("alt_baro", "baro_altitude", value) for value in ["0", "GROUND", "", True, [], ["ground"], {"ground": 1}]),
    *(("spi", "spi", value) for value in ["1", [], {}]),
]


@pytest.mark.parametrize(("key", "name", "value"), MISFITS)
def test_a_value_of_the_wrong_type_rejects_its_aircraft(key, name, value):
    assert decoded(AIRCRAFT | {key: value}).rejected == {f"wrong_type:{name}": 1}


@pytest.mark.parametrize(("key", "name", "value"), MISFITS)
def test_a_value_of_the_wrong_type_costs_no_other_aircraft(key, name, value):
    before, after = AIRCRAFT | {"hex": "aaaaaa"}, {"hex": "bbbbbb"}
    result = decoded(before, AIRCRAFT | {key: value}, after)
    assert result.states.equals(decoded(before, after).states)
    assert (result.rows, result.rejected) == (3, {f"wrong_type:{name}": 1})


@pytest.mark.parametrize("thing", [None, True, 0, "3c6444", [], ["3c6444"]])
def test_what_is_no_object_is_no_aircraft(thing):
    result = decoded(AIRCRAFT, thing)
    assert (result.rows, result.states.height, result.rejected) == (2, 1, {"not_a_row": 1})


@pytest.mark.parametrize("key", ["alt_geom", "gs", "track"])
@pytest.mark.parametrize("value", [2**63, 2**64 - 1, 1e300])
def test_a_number_of_any_size_is_a_number(key, value):
    assert decoded(AIRCRAFT | {key: value}).rejected == {}


# The answer as a whole


def test_the_v2_api_has_its_aircraft_under_ac():
    result = decode({"ac": [AIRCRAFT], "now": 1_700_000_000_500, "total": 1, "ctime": 1, "ptime": 0}, "roof")
    assert result.states.equals(decoded(AIRCRAFT).states)


@pytest.mark.parametrize("key", ["aircraft", "ac"])
@pytest.mark.parametrize("none", [None, []])
def test_an_answer_of_no_aircraft_is_an_empty_state_table(key, none):
    result = decode({"now": NOW, key: none}, "roof")
    assert (result.time, result.rows, result.rejected) == (NOW, 0, {})
    assert dict(result.states.schema) == dict(STATE_SCHEMA)


@pytest.mark.parametrize("aircraft", [{}, "", 0, True, AIRCRAFT])
def test_aircraft_that_are_no_list_are_unreadable(aircraft):
    with pytest.raises(Unreadable, match=r"^aircraft is no list$"):
        decode({"now": NOW, "aircraft": aircraft}, "roof")


@pytest.mark.parametrize("now", [None, "1700000000", True, [], {}])
def test_a_now_that_is_no_number_is_unreadable(now):
    with pytest.raises(Unreadable, match=r"^now is no number$"):
        decode({"now": now, "aircraft": [AIRCRAFT]}, "roof")


def test_an_answer_without_now_is_unreadable():
    with pytest.raises(Unreadable, match=r"^now is no number$"):
        decode({"aircraft": [AIRCRAFT]}, "roof")


# Flat points

POINT = {"now": 1_700_000_000, "hex": "3c6444", "lat": 50.0, "lon": 8.5, "alt_baro": 1500, "gscp": 90, "track": 280.8}


def points(*given):
    return decode_points(list(given), "grid")


def test_a_point_is_a_state_of_its_own_now():
    found = only(points(POINT))
    assert (found["last_contact"], found["time_position"]) == (1_700_000_000, 1_700_000_000)


def test_a_point_has_its_speed_in_knots_under_gscp():
    assert only(points(POINT))["velocity"] == 46.3


def test_each_point_keeps_its_own_time():
    found = points(POINT, POINT | {"now": 1_699_990_000}).states
    assert found["last_contact"].to_list() == [1_700_000_000, 1_699_990_000]


@pytest.mark.parametrize("order", [1, -1])
def test_the_time_of_points_is_that_of_the_latest(order):
    several = [POINT, POINT | {"now": 1_700_000_009.5}, POINT | {"now": 1_600_000_000}][::order]
    assert points(*several).time == 1_700_000_009.5


@pytest.mark.parametrize("now", [None, True])
def test_a_point_without_a_time_is_rejected(now):
    result = points(POINT, POINT | {"now": now})
    assert (result.rows, result.states.height, result.rejected) == (2, 1, {"last_contact_missing": 1})


def test_what_is_no_object_is_no_point():
    assert points(POINT, [POINT], None, 1).rejected == {"not_a_row": 3}


@pytest.mark.parametrize("now", [1e300, -1e300, 2**63, 2**64 - 1])
def test_a_point_of_any_time_is_read(now):
    assert points(POINT, POINT | {"now": now}).rows == 2


@pytest.mark.parametrize("given", [[], [None], [{"hex": "3c6444"}], [{"hex": "3c6444", "now": "1700000000"}]])
def test_points_without_any_time_are_unreadable(given):
    with pytest.raises(Unreadable, match=r"^no point has a time$"):
        points(*given)


# Anything at all

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "ground", "A3", "~2a3b4c", "3C64AF", "1"])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
OLD_KEYS = ["altitude", "speed", "gscp", "vert_rate", "geom_rate", "now"]
ALMOST = st.dictionaries(st.sampled_from([*AIRCRAFT, *OLD_KEYS]), JSON, max_size=4).map(lambda some: AIRCRAFT | some)


def conserved(result):
    return result.rows == result.states.height + sum(result.rejected.values())


@given(st.lists(ALMOST | JSON, max_size=6))
def test_whatever_the_aircraft_are_each_is_a_state_or_rejected(aircraft):
    result = decoded(*aircraft)
    assert result.rows == len(aircraft)
    assert conserved(result)


@given(st.lists(ALMOST, min_size=1, max_size=5))
def test_an_aircraft_fares_alike_alone_and_among_others(aircraft):
    together = decoded(*aircraft).states
    alone = pl.concat([decoded(one).states for one in aircraft])
    assert together.equals(alone)


@given(st.lists(ALMOST | JSON, max_size=6))
def test_whatever_the_points_are_they_are_read_or_unreadable(some):
    try:
        result = points(*some)
    except Unreadable:
        return
    assert result.rows == len(some)
    assert conserved(result)


@given(JSON | st.just(NOW), JSON)
def test_whatever_now_and_aircraft_are_they_are_read_or_unreadable(now, aircraft):
    try:
        result = decode({"now": now, "aircraft": aircraft}, "roof")
    except Unreadable:
        return
    assert conserved(result)
