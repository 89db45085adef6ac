import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import NOW, body, row

from flightdata.clients.opensky.failures import Failed, check, own_time, remaining, truncated
from flightdata.models.credits import Failure
from flightdata.utils.http import Answer, Truncated


def failure(status, text=b"", **headers):
    with pytest.raises(Failed) as caught:
        check(Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, text))
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        body(),
        body(row()),
        body(row(), row("bbbbbb")) + b"\n",
        b'{"time":1700000000,"states":null}',
        b'{"time": 1700000000.5, "states": null}',
        b' {\n "time" : 1700000000 ,\n "states" : [ ]\n}\n',
        b'{"states": [], "time": 1700000000}',
    ],
)
def test_states_are_states(text):
    check(Answer(200, {}, text))


@given(st.lists(st.text(max_size=5), max_size=3), st.integers(0, 2 * 10**9))
def test_whatever_stands_in_the_rows(words, time):
    check(Answer(200, {}, body(*[row(callsign=word) for word in words], time=time)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"upstream error", "no JSON"),
        (b'{"error": "limit"}', "error object"),
        (b'{"time": 1, "message": "no"}', "no states"),
        (b"[]", "no states"),
        (b"null", "no states"),
    ],
)
def test_200_without_states_is_garbage_and_kept_as_evidence(text, words):
    error = failure(200, text)
    assert (error.kind, error.evidence) == (Failure.GARBAGE, text)
    assert words in str(error)


def test_states_that_end_anywhere_are_garbage():
    whole = body(row(), row("bbbbbb"), time=int(NOW))
    for end in range(1, len(whole)):
        assert failure(200, whole[:end]).kind is Failure.GARBAGE


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *[(status, Failure.MISTAKE) for status in (400, 401, 403, 404, 405, 410, 414, 422)],
        *[(status, Failure.OUTAGE) for status in (204, 302, 304, 408, 425, 500, 502, 503, 504, 520, 599)],
        (429, Failure.QUOTA),
    ],
)
def test_a_status_has_its_kind_and_is_named(status, kind):
    error = failure(status, b"<html>")
    assert (error.kind, error.evidence) == (kind, None)
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x_rate_limit_retry_after_seconds": "22688"}, 22_688),
        ({"x_rate_limit_retry_after_seconds": "60", "retry_after": "5"}, 60),
        ({"retry_after": "5"}, 5),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry_after": "-5"}, None),
        ({}, None),
    ],
)
def test_the_wait_that_the_server_asks_for_is_read(headers, seconds):
    assert failure(429, **headers).retry_after == seconds


@pytest.mark.parametrize(
    ("text", "count"), [("3996", 3996), (" 0 ", 0), ("-1", None), ("x", None), ("", None), ("²", None)]
)
def test_the_credits_left_are_read(text, count):
    assert remaining(Answer(200, {"x-rate-limit-remaining": text}, b"")) == count


def test_where_the_server_says_nothing_of_credits_nothing_is_known():
    assert remaining(Answer(200, {}, b"")) is None


@pytest.mark.parametrize(
    ("body", "time"),
    [
        (b'{"time": 1700000000, "states": null}', 1_700_000_000),
        (b'\n { "time" :1700000000,"states":[]}', 1_700_000_000),
        (b'{"states": [], "time": 1700000000}', None),
        (b'{"time": null, "states": []}', None),
        (b'{"time": 1700000000000000, "states": []}', None),
    ],
)
def test_the_time_of_an_answer_is_read_where_it_stands_first(body, time):
    assert own_time(Answer(200, {}, body)) == time


@pytest.mark.parametrize(("status", "kind", "evidence"), [(200, Failure.GARBAGE, b"half"), (503, Failure.OUTAGE, None)])
def test_an_answer_that_ends_in_the_middle_is_evidence_if_it_was_to_be_states(status, kind, evidence):
    failed = truncated(Truncated("the answer is truncated", Answer(status, {}, b"half")))
    assert (failed.kind, failed.evidence) == (kind, evidence)
    assert "truncated" in str(failed)
