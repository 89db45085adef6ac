import hashlib
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flightdata.models.snapshot import RawSnapshot, SnapshotAccount, SnapshotKey, source_name

names = st.from_regex(r"[a-z0-9._-]{1,80}", fullmatch=True)
milliseconds = st.integers(0, 7_258_118_400_000)  # until 2200

KEY = "source=test/date=2023-11-14/hour=22/20231114T221320.123Z-0123456789abcdef"


@given(source=names, time=milliseconds, body=st.binary(max_size=50))
def test_a_key_says_source_moment_and_hash(source, time, body):
    key = SnapshotKey.parse(RawSnapshot(source, time / 1000, body).key)
    assert key == SnapshotKey(source, time / 1000, hashlib.sha256(body).hexdigest()[:16])


@given(source=names, time=st.floats(0, 7_258_118_400, allow_nan=False))
@example(source="a", time=1_700_000_000.9996)
@example(source="a", time=1_699_999_199.9999)  # rounded up into the next hour
def test_what_was_read_from_a_key_has_the_same_key(source, time):
    key = RawSnapshot(source, time, b"").key
    assert RawSnapshot(source, SnapshotKey.parse(key).received_at, b"").key == key


@given(time=st.floats(0, 7_258_118_400, allow_nan=False))
def test_a_key_is_of_the_nearest_millisecond(time):
    assert abs(SnapshotKey.parse(RawSnapshot("a", time, b"").key).received_at - time) <= 0.0006


@given(times=st.lists(milliseconds, min_size=2, max_size=5))
def test_keys_of_a_source_sort_as_their_moments(times):
    keys = [RawSnapshot("a", time / 1000, b"").key for time in sorted(times)]
    assert keys == sorted(keys)


def test_a_key_is_a_path_by_source_day_and_hour_utc():
    body = b"{}"
    digest = hashlib.sha256(body).hexdigest()[:16]
    key = RawSnapshot("opensky", 1_700_000_000.5, body).key
    assert key == f"source=opensky/date=2023-11-14/hour=22/20231114T221320.500Z-{digest}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "test",
        KEY + "\n",
        " " + KEY,
        KEY[:-1],
        KEY + "0",
        KEY.replace("test", "Test"),
        KEY.replace("test", ""),
        KEY.replace("test", "a/b"),
        KEY.replace("T2213", "T2513"),
        KEY.replace("/20231114", "/20231314"),
        KEY.replace("cdef", "CDEF"),
        KEY.replace(".123Z", "Z"),
    ],
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011, datetime's and ours
        SnapshotKey.parse(text)


def test_the_example_of_a_key_is_one():
    assert SnapshotKey.parse(KEY) == SnapshotKey("test", 1_700_000_000.123, "0123456789abcdef")


@given(text=st.text(max_size=200))
def test_any_text_becomes_a_name_that_fits_in_a_key(text):
    name = source_name(text)
    assert re.fullmatch(r"[a-z0-9._-]{1,80}", name)
    assert SnapshotKey.parse(RawSnapshot(name, 0.0, b"").key).source == name


@given(name=names)
@example(name="-.a")
@example(name="a" * 79 + "-b")
def test_a_name_stays_the_same_when_it_is_named_again(name):
    assert source_name(source_name(name)) == source_name(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("opensky", "opensky"),
        ("Recording Paris", "recording-paris"),
        ("readsb:http://pi.local:8080", "readsb-http-pi.local-8080"),
        ("..", "source"),
        ("../../etc", "etc"),
        ("東京", "source"),
        ("", "source"),
        ("x" * 100, "x" * 80),
    ],
)
def test_names_stay_readable(text, name):
    assert source_name(text) == name


def test_the_hash_is_of_the_whole_body():
    assert RawSnapshot("a", 0.0, b"abc").sha256 == hashlib.sha256(b"abc").hexdigest()


@given(
    stored=st.integers(0, 99), superseded=st.integers(0, 99), rejected=st.integers(0, 99), missing=st.integers(-99, 99)
)
def test_an_account_is_balanced_when_no_row_is_missing_or_too_many(stored, superseded, rejected, missing):
    rows = stored + superseded + 2 * rejected + missing
    account = SnapshotAccount("key", rows, stored, superseded, {"one": rejected, "other": rejected})
    assert account.balanced is (missing == 0)
