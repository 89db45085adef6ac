"""The gate looks what the bytes are: a snapshot of some format, or none, and why."""

import gc
import gzip
import math
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightdata.models.snapshot import RawSnapshot
from flightdata.validation.decoded import Unreadable
from flightdata.validation.gate import decode

TIME = 1_700_000_000
OPENSKY_ROW = [
    "3c6444",
    "DLH9LF  ",
    "Germany",
    TIME,
    TIME,
    8.5,
    50.0,
    1e3,
    False,
    90,
    248,
    0,
    None,
    1e3,
    None,
    False,
    0,
]
POINT = {"now": TIME, "hex": "3c6444", "lat": 50.0, "lon": 8.5}
OPENSKY = {"time": TIME, "states": [OPENSKY_ROW]}


def decoded(body, received_at=TIME):
    return decode(RawSnapshot("test", received_at, body if isinstance(body, bytes) else orjson.dumps(body)))


def unreadable(body):
    """Why it is."""
    with pytest.raises(Unreadable) as caught:
        decoded(body)
    return str(caught.value)


def lines(*documents):
    return b"\n".join(map(orjson.dumps, documents))


# What is a snapshot

SNAPSHOTS = {
    "OpenSky": OPENSKY,
    "readsb": {"now": TIME, "aircraft": [{"hex": "3c6444"}]},
    "v2": {"now": TIME * 1000, "ac": [{"hex": "3c6444"}], "total": 1},
    "trace": {"icao": "3c6444", "timestamp": TIME, "trace": [[0, 50.0, 8.5, 1000, 90, 248, 0, 0]]},
    "one point": POINT,
}


@pytest.mark.parametrize("document", SNAPSHOTS.values(), ids=SNAPSHOTS)
def test_each_format_is_known_by_its_keys(document):
    result = decoded(document)
    assert (result.time, result.rows, result.states["icao24"].to_list()) == (TIME, 1, ["3c6444"])


@pytest.mark.parametrize("document", SNAPSHOTS.values(), ids=SNAPSHOTS)
def test_a_state_names_its_source(document):
    assert decoded(document).states["source"].to_list() == ["test"]


@pytest.mark.parametrize("document", SNAPSHOTS.values(), ids=SNAPSHOTS)
def test_a_pretty_printed_answer_is_the_same_answer(document):
    pretty = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    assert decoded(pretty).states.equals(decoded(document).states)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\n\n", b" \n"])
def test_points_are_one_a_line(ending):
    result = decoded(ending.join(orjson.dumps(POINT | {"now": TIME - age}) for age in (2, 1, 0)))
    assert result.states["last_contact"].to_list() == [TIME - 2, TIME - 1, TIME]


def test_points_may_end_with_a_line_end():
    assert decoded(lines(POINT, POINT) + b"\n").rows == 2


def test_a_line_that_is_no_point_is_a_rejected_row():
    result = decoded(lines(POINT, [1], None, {"now": TIME}))
    assert (result.rows, result.states.height, result.rejected) == (4, 1, {"icao24": 1, "not_a_row": 2})


def test_states_null_are_no_rows():
    result = decoded({"time": TIME, "states": None})
    assert (result.time, result.rows, result.rejected) == (TIME, 0, {})


# What is none


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\t\n"])
def test_nothing_is_empty(body):
    assert unreadable(body) == "empty"


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>",
        b"<html>\n<head><title>503</title></head>\n</html>",
        b"\n\n  <HTML>",
        b"<?xml version='1.0'?>\n<Error/>",
    ],
)
def test_a_web_page_is_html(body):
    assert unreadable(body) == "HTML"


@pytest.mark.parametrize("length", [1, 8, 20, 60, len(orjson.dumps(OPENSKY)) - 1])
def test_an_answer_cut_short_is_truncated(length):
    assert unreadable(orjson.dumps(OPENSKY)[:length]) == "truncated or malformed JSON"


@pytest.mark.parametrize("length", [1, 20, 60, 200])
def test_a_pretty_printed_answer_cut_short_is_truncated(length):
    pretty = orjson.dumps(OPENSKY, option=orjson.OPT_INDENT_2)
    assert unreadable(pretty[:length]) == "truncated or malformed JSON"


def test_points_cut_short_are_truncated():
    assert unreadable(lines(POINT, POINT)[:-1]) == "truncated or malformed JSON"


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"01", b"+1", b".5"])
def test_what_json_does_not_call_a_number_is_malformed(number):
    body = orjson.dumps(OPENSKY).replace(b"248", number)
    assert unreadable(body) == "truncated or malformed JSON"


def test_nesting_without_end_is_malformed():
    assert unreadable(b"[" * 100_000) == "truncated or malformed JSON"


def test_half_a_surrogate_pair_is_malformed():
    assert unreadable(orjson.dumps(OPENSKY).replace(b"DLH9LF  ", b"\\ud800")) == "truncated or malformed JSON"


@pytest.mark.parametrize(
    "body", [b"Too many requests", b"\x00\x01", b"\xff\xfe{\x00", gzip.compress(b"{}", mtime=0), b"'{}'"]
)
def test_anything_else_is_no_json(body):
    assert unreadable(body) == "no JSON"


@pytest.mark.parametrize("document", [[], [OPENSKY], [[1]], None, True, 0, 1.5, "", "states", {}, {"hello": 1}])
def test_json_of_another_shape_is_no_snapshot(document):
    assert unreadable(document) == "JSON, but no snapshot"


@pytest.mark.parametrize("error", ["Too many requests", None, {"code": 429}])
def test_an_error_object_is_called_so(error):
    assert unreadable({"error": error, "status": 429}) == "an error object"


@pytest.mark.parametrize("time", [None, "1700000000", True, {}])
@pytest.mark.parametrize(
    ("document", "key"),
    [("OpenSky", "time"), ("readsb", "now"), ("v2", "now"), ("trace", "timestamp")],
)
def test_an_answer_whose_time_is_no_number_is_unreadable(document, key, time):
    assert unreadable(SNAPSHOTS[document] | {key: time}) == f"{key} is no number"


# The clock


@pytest.mark.parametrize("ahead", [-(10**9), 0, 299, 300])
def test_a_snapshot_s_time_may_be_five_minutes_ahead_of_the_clock(ahead):
    assert decoded({"time": TIME + ahead, "states": []}).time == TIME + ahead


def test_a_snapshot_from_the_future_is_unreadable():
    assert unreadable({"time": TIME + 301, "states": []}) == "its time is ahead of the clock"


@pytest.mark.parametrize("time", [TIME * 1000, 2**63, 2**64 - 1, 1e300])
def test_a_snapshot_of_a_huge_time_is_unreadable(time):
    assert unreadable({"time": time, "states": []}).endswith("ahead of the clock")


def test_the_clock_is_that_of_the_moment_of_the_answer():
    assert decoded({"time": TIME + 301, "states": []}, received_at=TIME + 1).time == TIME + 301


@pytest.mark.parametrize("now", [TIME * 1000, TIME + 86_400])
def test_one_point_from_the_future_costs_no_other_point(now):
    result = decoded(lines(POINT, POINT | {"now": now}, POINT))
    assert (result.rows, result.states.height) == (3, 2)


def test_one_point_of_a_trace_from_the_future_costs_no_other_point():
    point = [0, 50.0, 8.5, 1000, 90, 248, 0, 0]
    result = decoded(SNAPSHOTS["trace"] | {"trace": [point, [1e9, *point[1:]], point]})
    assert (result.rows, result.states.height) == (3, 2)


# Two wrong values in one answer


@pytest.mark.parametrize(
    ("bare", "quoted", "wrong"),
    [
        ((1, 123), (9, "90"), {"wrong_type:callsign": 1, "wrong_type:velocity": 1}),
        ((2, True), (1, "null"), {"wrong_type:origin_country": 1}),
        ((2, 5), (8, "true"), {"wrong_type:on_ground": 1, "wrong_type:origin_country": 1}),
        ((14, 7), (4, "null"), {"wrong_type:last_contact": 1, "wrong_type:squawk": 1}),
    ],
)
def test_a_text_without_quotes_and_a_number_in_quotes_are_both_wrong(bare, quoted, wrong):
    rows = [list(OPENSKY_ROW) for _ in range(3)]
    for row, (place, value) in zip(rows, (bare, quoted), strict=False):
        row[place] = value
    assert decoded({"time": TIME, "states": rows}).rejected == wrong


# Garbage collection


@pytest.mark.parametrize("body", [orjson.dumps(OPENSKY), b"<html>"], ids=["readable", "unreadable"])
def test_garbage_collection_is_on_again_afterwards(body):
    with suppress(Unreadable):
        decoded(body)
    assert gc.isenabled()


def test_garbage_collection_stays_off_where_it_was_off():
    gc.disable()
    try:
        decoded(OPENSKY)
        assert not gc.isenabled()
    finally:
        gc.enable()


# Anything at all

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
KEYS = ["time", "states", "now", "aircraft", "ac", "timestamp", "trace", "icao", "hex", "error"]
DOCUMENTS = st.dictionaries(st.sampled_from(KEYS), JSON | st.just(TIME), max_size=5)
BODIES = st.one_of(
    st.binary(),
    st.binary().map(lambda some: b"{" + some + b"}"),
    JSON.map(orjson.dumps),
    DOCUMENTS.map(orjson.dumps),
    st.lists(DOCUMENTS, min_size=2, max_size=4).map(lambda some: lines(*some)),
)


def read_or_unreadable(body, received_at=math.inf):
    try:
        result = decoded(body, received_at)
    except Unreadable:
        return
    assert result.rows == result.states.height + sum(result.rejected.values())


@given(BODIES)
def test_whatever_the_bytes_are_they_are_read_or_unreadable(body):
    read_or_unreadable(body)


@given(st.sampled_from([*SNAPSHOTS.values(), [POINT, POINT]]), st.data())
def test_a_snapshot_with_damaged_bytes_is_read_or_unreadable(document, data):
    body = bytearray(lines(*document) if isinstance(document, list) else orjson.dumps(document))
    for _ in range(data.draw(st.integers(1, 3), label="damages")):
        place = data.draw(st.integers(0, len(body) - 1), label="place")
        body[place : place + 1] = data.draw(st.binary(max_size=3), label="instead")
        body = body or bytearray(b" ")
    read_or_unreadable(bytes(body))
