import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import NOW, body, row

from flightdata.clients.recording.rebase import shifted

seconds = st.integers(-(10**9), 10**9)


def moved(document, by):
    return json.loads(shifted(json.dumps(document).encode(), by))


def opensky(time, *contacts):
    return {"time": time, "states": [["abc123", "", "", *pair, 1.0, 2.0] for pair in contacts]}


@given(by=seconds, ages=st.lists(st.integers(0, 300), max_size=5))
def test_of_opensky_s_answers_all_times_are_moved_and_all_ages_stay(by, ages):
    time = 1_700_000_000
    document = opensky(time, *[(time - age, time - age // 2) for age in ages])
    then = time + by
    assert moved(document, by) == opensky(then, *[(then - age, then - age // 2) for age in ages])


def test_a_position_without_a_time_stays_without_one():
    assert moved(opensky(100, (None, 90)), 5) == opensky(105, (None, 95))


def test_an_answer_without_states_is_moved_too():
    assert moved({"time": 100, "states": None}, 5) == {"time": 105, "states": None}


@given(by=st.floats(-1e9, 1e9))
def test_whole_seconds_stay_whole(by):
    document = moved(opensky(1_700_000_000, (1_699_999_990, 1_699_999_995)), by)
    assert all(type(one) is int for one in (document["time"], *document["states"][0][3:5]))
    assert document["time"] - document["states"][0][3] == 10


def test_of_readsb_only_now_is_moved_since_the_rest_are_ages():
    document = {"now": 1_700_000_000.25, "messages": 5, "aircraft": [{"hex": "abc123", "seen": 0.5, "seen_pos": 1.5}]}
    assert moved(document, 0.5) == document | {"now": 1_700_000_000.75}


def test_milliseconds_stay_milliseconds():
    assert moved({"now": 1_700_000_000_250, "ac": []}, 1.5) == {"now": 1_700_000_001_750, "ac": []}


def test_of_a_trace_the_start_is_moved():
    document = {"icao": "abc123", "timestamp": 1_700_000_000.5, "trace": [[0.0], [1.5]]}
    assert moved(document, -10) == document | {"timestamp": 1_699_999_990.5}


def test_every_flat_point_is_moved():
    points = [{"hex": "abc123", "now": 100.5 + second} for second in range(3)]
    text = "\n".join(map(json.dumps, points)).encode()
    assert [json.loads(line)["now"] for line in shifted(text, 5).splitlines()] == [105.5, 106.5, 107.5]


def test_a_document_of_several_lines_is_one_document():
    pretty = json.dumps({"time": 100, "states": []}, indent=2).encode()
    assert json.loads(shifted(pretty, 5)) == {"time": 105, "states": []}


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"<html>", b"[]", b"5", b"null", b'"text"', b'{"error":"quota"}', b'{"time":"x","states":[]}', b"\n"],
)
def test_what_is_no_answer_stays_word_for_word(text):
    assert shifted(text, 5) == text


@pytest.mark.parametrize(
    "odd",
    [
        [],
        ["abc123"],
        ["abc123", "", "", 1.0],
        {},
        {"icao24": "abc123"},
        "abc123",
        5,
        None,
        ["abc123", "", "", "x", "y"],
    ],
    ids=str,
)
def test_a_row_that_is_none_stays_and_the_others_are_moved_all_the_same(odd):
    good = row("abc123", seen=NOW)
    document = json.loads(shifted(body(good, odd, good, time=NOW), 60))
    assert document["time"] == NOW + 60
    assert document["states"] == [row("abc123", seen=NOW + 60), odd, row("abc123", seen=NOW + 60)]
