"""The points of a trace as states. The trace here is made up, in the shape of a real one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightdata.models.states import STATE_SCHEMA
from flightdata.validation.decoded import Unreadable
from flightdata.validation.readsb_trace import decode

START = 1_700_000_000.5
DETAILS = {"type": "adsb_icao", "flight": "DLH9LF  ", "squawk": "1000", "category": "A3", "alt_geom": 1, "track": 2}
POINT = [10.25, 50.0333, 8.5706, 4500, 180.5, 248.2, 0, -704, None, "adsb_icao", 4750, -640, 170, 0.0]
TRACE = {"icao": "3c6444", "r": "D-AIBD", "t": "A319", "timestamp": START}
ALTITUDE, FLAGS, RATE, ABOUT, GEOMETRIC = 3, 6, 7, 8, 10


def point(**changes):
    """POINT with other values at the places named `p0`, `p1`, …"""
    return [changes.get(f"p{place}", value) for place, value in enumerate(POINT)]


def decoded(*rows, **changes):
    return decode(TRACE | {"trace": list(rows)} | changes, "traces")


def only(result):
    """The one state."""
    assert (result.rows, result.rejected) == (1, {})
    return result.states.row(0, named=True)


def test_a_point_becomes_a_state_in_si_units():
    assert only(decoded(POINT)) == dict.fromkeys(STATE_SCHEMA) | {
        "icao24": "3c6444",
        "time_position": 1_700_000_010.75,
        "last_contact": 1_700_000_010.75,
        "longitude": 8.5706,
        "latitude": 50.0333,
        "baro_altitude": 1371.6,  # 4500 ft
        "on_ground": False,
        "velocity": 92.86,  # 180.5 kt
        "true_track": 248.2,
        "vertical_rate": -3.58,  # -704 ft/min
        "geo_altitude": 1447.8,  # 4750 ft
        "spi": False,
        "position_source": 0,
        "position_type": "adsb_icao",
        "registration": "D-AIBD",
        "typecode": "A319",
        "source": "traces",
        "quality": 0,
    }


def test_the_states_are_a_state_table():
    assert dict(decoded(POINT).states.schema) == dict(STATE_SCHEMA)


def test_the_time_is_that_of_the_latest_point():
    assert decoded(point(p0=20), POINT).time == START + 20


def test_callsign_squawk_and_category_come_from_the_details():
    found = only(decoded(point(p8=DETAILS)))
    assert (found["callsign"], found["squawk"], found["category"]) == ("DLH9LF", "1000", 4)


def test_what_the_row_says_itself_is_not_taken_from_the_details():
    found = only(decoded(point(p8=DETAILS)))
    assert (found["geo_altitude"], found["true_track"]) == (1447.8, 248.2)


def test_a_point_without_details_has_no_callsign():
    assert decoded(point(p8=DETAILS), POINT).states["callsign"].to_list() == ["DLH9LF", None]


def test_ground_is_on_ground_and_no_altitude():
    found = only(decoded(point(p3="ground")))
    assert (found["on_ground"], found["baro_altitude"]) == (True, None)


def test_a_geometric_altitude_is_not_taken_for_a_barometric_one():
    found = only(decoded(point(p3=4750, p6=8, p10=None)))
    assert (found["baro_altitude"], found["geo_altitude"]) == (None, 1447.8)


def test_ground_is_on_ground_also_where_altitudes_are_geometric():
    found = only(decoded(point(p3="ground", p6=8)))
    assert (found["on_ground"], found["geo_altitude"]) == (True, 1447.8)


@pytest.mark.parametrize("flags", [0, 1, 2, 4, 7])
def test_other_flags_leave_the_altitude_barometric(flags):
    assert only(decoded(point(p6=flags)))["baro_altitude"] == 1371.6


def test_a_geometric_flag_without_an_altitude_leaves_the_geometric_altitude_alone():
    assert only(decoded(point(p3=None, p6=8)))["geo_altitude"] == 1447.8


@pytest.mark.parametrize("place", [3, 4, 5, 7, 8, 9, 10])
def test_null_is_an_unknown_value(place):
    assert decoded(point(**{f"p{place}": None})).rejected == {}


@pytest.mark.parametrize("width", range(7, 15))
def test_a_row_of_seven_columns_or_more_is_a_point(width):
    assert only(decoded([*POINT, "new"][:width]))["velocity"] == 92.86


def test_an_object_is_no_point_of_a_trace():
    assert decoded(POINT, {"hex": "aaaaaa", "now": START}).rejected == {"not_a_row": 1}


@pytest.mark.parametrize("thing", [[], POINT[:6], None, 1, "x", point(p0=None), point(p0="1"), point(p0=True)])
def test_what_is_no_point_costs_no_other_point(thing):
    result = decoded(POINT, thing)
    assert (result.rows, result.states.height, result.rejected) == (2, 1, {"not_a_row": 1})


@pytest.mark.parametrize(
    ("place", "value", "name"),
    [
        (1, "50", "latitude"),
        (2, True, "longitude"),
        (3, "low", "baro_altitude"),
        (4, [], "velocity"),
        (5, {}, "true_track"),
        (7, "0", "vertical_rate"),
        (8, {"flight": 1}, "callsign"),
        (8, {"squawk": ["1000"]}, "squawk"),
        (8, {"category": 3}, "emitter"),
        (9, 0, "position_type"),
        (10, "ground", "geo_altitude"),
    ],
)
def test_a_value_of_the_wrong_type_rejects_its_point_only(place, value, name):
    result = decoded(POINT, point(**{f"p{place}": value}))
    assert (result.rows, result.states.height, result.rejected) == (2, 1, {f"wrong_type:{name}": 1})


@pytest.mark.parametrize("flags", [None, "8", 8.0, [8], True])
def test_flags_of_the_wrong_type_are_none(flags):
    assert only(decoded(point(p6=flags)))["baro_altitude"] == 1371.6


@pytest.mark.parametrize("details", ["x", 1, [], True])
def test_details_of_the_wrong_type_are_none(details):
    assert only(decoded(point(p8=details)))["callsign"] is None


@pytest.mark.parametrize(("icao", "reason"), [(None, "icao24"), ("", "icao24"), (3957828, "wrong_type:icao24")])
def test_points_of_no_address_are_rejected(icao, reason):
    assert decoded(POINT, POINT, icao=icao).rejected == {reason: 2}


def test_an_address_that_is_not_icao_s_keeps_its_tilde():
    assert only(decoded(POINT, icao="~2A3B4C"))["icao24"] == "~2a3b4c"


@pytest.mark.parametrize("trace", [None, {}, "", 0, True])
def test_a_trace_that_is_no_list_is_unreadable(trace):
    with pytest.raises(Unreadable, match=r"^trace is no list$"):
        decoded(trace=trace)


@pytest.mark.parametrize("timestamp", [None, "1700000000", True, [], {}])
def test_a_timestamp_that_is_no_number_is_unreadable(timestamp):
    with pytest.raises(Unreadable, match=r"^timestamp is no number$"):
        decoded(POINT, timestamp=timestamp)


@pytest.mark.parametrize("rows", [[], [None], [[]]])
def test_a_trace_without_a_point_is_unreadable(rows):
    with pytest.raises(Unreadable, match=r"^no point has a time$"):
        decoded(*rows)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "ground", "adsb_icao", "3c6444"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["flight", "squawk", "category", "x"]), inner, max_size=3),
    max_leaves=4,
)
ALMOST = st.dictionaries(st.integers(0, 13).map("p{}".format), JSON, max_size=3).map(lambda some: point(**some))


@given(st.lists(ALMOST | JSON | st.lists(JSON, min_size=7, max_size=14), max_size=5), JSON | st.just("3c6444"))
def test_whatever_the_rows_are_they_are_read_or_unreadable(rows, icao):
    try:
        result = decoded(*rows, icao=icao)
    except Unreadable:
        return
    assert result.rows == len(rows) == result.states.height + sum(result.rejected.values())
