"""Both ways of reading OpenSky's answers see the same: whatever `read` does not give up on, JSON reads alike."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightdata.validation import opensky
from flightdata.validation.decoded import Unreadable
from flightdata.validation.opensky_text import PADDING, read

TIME = 1_700_000_000
ROW = [
    "3c6444",
    "DLH4AB  ",
    "Germany",
    TIME,
    TIME,
    8.5,
    50,
    10668.0,
    False,
    230.5,
    90,
    0,
    None,
    10700,
    "1000",
    False,
    0,
]


def compact(document):
    return orjson.dumps(document)


def spaced(document):
    return json.dumps(document, ensure_ascii=False).encode()


def answer(*rows, time=TIME):
    return {"time": time, "states": [list(row) for row in rows]}


def changed(column, value, row=ROW):
    return [*row[:column], value, *row[column + 1 :]]


def same(document, body):
    """None where the text reader gave up; else whether both tables are the same."""
    table = read(body)
    if table is None:
        return None
    one, other = opensky.decode_table(*table, "test", PADDING), opensky.decode(document, "test")
    return (one.time, one.rows, one.rejected) == (other.time, other.rows, other.rejected) and one.states.equals(
        other.states
    )


@pytest.mark.parametrize("write", [compact, spaced])
@pytest.mark.parametrize(
    "rows",
    [
        [ROW, ROW],
        [[*ROW, 5], [*ROW, None]],
        [changed(2, "Côte d'Ivoire"), ROW],
        [changed(1, ""), changed(1, "        "), changed(14, None)],
        [changed(1, "null"), changed(2, "null island")],
        [changed(column, None) for column in (1, 3, 5, 6, 7, 9, 10, 11, 13, 14)],
        [changed(0, "XYZ"), changed(4, TIME + 1000)],
    ],
)
def test_what_occurs_is_read_as_text_and_alike(rows, write):
    document = answer(*rows)
    assert same(document, write(document))


@pytest.mark.parametrize("write", [compact, spaced])
@pytest.mark.parametrize(
    "odd",
    [
        changed(9, value=True),
        changed(9, "230.5"),
        changed(8, 1),
        changed(8, "true"),
        changed(1, 5),
        changed(1, 'say "hi"'),
        changed(1, "back\\slash"),
        changed(2, "a], [b"),
        changed(12, [1, 2]),
        changed(16, 300),
        changed(16, 0.5),
        ROW[:13],
        [*ROW, 1, 2],
        [],
    ],
    ids=str,
)
def test_what_could_mean_something_else_is_left_to_json(odd, write):
    body = write(answer(ROW, odd, ROW))
    assert read(body) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[[",
        b"<html>",
        b'{"time": 1, "states": null}',
        b'{"time": 1, "states": []}',
        compact(answer(ROW, ROW))[:-1],
        compact(answer(ROW, ROW))[:-60],
        compact(answer(ROW, ROW)).replace(b"230.5", b"NaN"),
        compact(answer(ROW, ROW)).replace(b"230.5", b""),
        compact(answer(ROW, ROW)).replace(b'"states"', b'"rows"'),
        json.dumps(answer(ROW, ROW), indent=1).encode(),
    ],
)
def test_what_is_no_plain_answer_is_left_to_json(body):
    assert read(body) is None


anything = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["null", "true", "1", ", ", "],[", '","', "\x1f"])
    | st.lists(st.integers(), max_size=2)
)


def test_a_comma_in_a_name_is_left_to_json_where_it_separates_values():
    document = answer(changed(2, "a,b"), ROW)
    assert same(document, compact(document)) is None
    assert same(document, spaced(document))


@pytest.mark.parametrize("write", [compact, spaced])
def test_a_comma_and_a_blank_in_a_name_are_left_to_json(write):
    document = answer(changed(2, "Korea, Republic of"), ROW)
    assert same(document, write(document)) is None


def test_the_escape_that_occurs_is_no_obstacle_but_others_are():
    document = answer(changed(2, "Côte d'Ivoire"), ROW)
    assert same(document, json.dumps(document, separators=(",", ":")).encode())
    for odd in ("Côte d\\u00f4", "Zürich", 'ô"', "\\"):
        document = answer(changed(2, odd), ROW)
        assert same(document, json.dumps(document, separators=(",", ":")).encode()) is None


usual = st.sampled_from([ROW, [*ROW, 3], changed(14, None), changed(2, "Korea, Republic of")])
odd_rows = st.builds(changed, st.integers(0, 16), anything, usual) | st.lists(anything, max_size=20)


@given(
    st.lists(usual | odd_rows, min_size=1, max_size=4), st.sampled_from([compact, spaced]), st.sampled_from([TIME, "x"])
)
def test_whatever_the_rows_are_both_see_the_same_or_json_alone_is_asked(rows, write, time):
    document = {"time": time, "states": rows}
    try:
        body = write(document)
        document = orjson.loads(body)
    except (TypeError, orjson.JSONDecodeError):
        return  # integers beyond what this writer, or any reader of ours, takes
    try:
        assert same(document, body) is not False
    except Unreadable:
        with pytest.raises(Unreadable):
            opensky.decode(document, "test")
