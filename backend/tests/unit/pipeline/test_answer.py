import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightdata.pipeline.answer import Answer

KEY = "0123"
LONG = b'{"icao24":"000001"}' * 100

answers = st.builds(
    Answer,
    st.text(st.characters(codec="ascii"), max_size=40),
    st.floats(0, 1e12),
    settled=st.booleans(),
    body=st.binary(max_size=50) | st.sampled_from([LONG, bytes(5000), bytes(range(256)) * 8]),
    packs=st.booleans(),
    headers=st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")), max_size=3),
)


def parts(answer):
    return answer.tag, answer.ends, answer.settled, answer.body, answer.packed, answer.headers


@given(answer=answers)
def test_other_functions_get_the_same_answer(answer):
    assert parts(Answer.from_bytes(KEY, answer.to_bytes(KEY))) == parts(answer)


@given(answer=answers, place=st.integers(0, 10**6), other=st.integers(1, 255))
def test_what_is_not_what_was_kept_is_no_answer(answer, place, other):
    kept = bytearray(answer.to_bytes(KEY))
    place %= len(kept)
    with pytest.raises(ValueError, match="answer"):
        Answer.from_bytes(KEY, bytes(kept[:place]))
    with pytest.raises(ValueError, match="answer"):
        Answer.from_bytes("another key", bytes(kept))
    kept[place] ^= other
    with pytest.raises(ValueError, match="answer"):
        Answer.from_bytes(KEY, bytes(kept))


@given(rubbish=st.binary(max_size=100))
def test_rubbish_is_no_answer(rubbish):
    with pytest.raises(ValueError, match="answer"):
        Answer.from_bytes(KEY, rubbish)


@given(answer=answers)
def test_packed_it_is_less_and_the_same(answer):
    if answer.packed is not None:
        assert len(answer.packed) < len(answer.body)
        assert zlib.decompress(answer.packed, 31) == answer.body


@pytest.mark.parametrize(("body", "packs"), [(LONG[:1023], True), (LONG, False), (b"", True)])
def test_what_is_short_or_packed_already_is_left_as_it_is(body, packs):
    assert Answer("", 0.0, body=body, packs=packs).packed is None


def test_it_is_packed_once():
    answer = Answer("", 0.0, body=LONG)
    assert answer.packed is answer.packed


@given(answer=answers)
def test_it_never_takes_more_room_than_it_said(answer):
    for one in (answer, Answer.from_bytes(KEY, answer.to_bytes(KEY))):
        said = one.size
        assert said >= len(one.body) + len(one.packed or b"")
        assert one.size <= said
