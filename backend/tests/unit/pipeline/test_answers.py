"""A kept answer is the one that would be made, or there is none."""

import zlib

import pytest
from fakes import MemoryCache, MemoryHealth, MemoryMetrics, MemoryPictures, SetClock
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from samples import NOW, picture, state

from flightdata.backends.cache.none import NoCache
from flightdata.errors import BadRequest, NotFound
from flightdata.models.area import Area
from flightdata.models.picture import Picture
from flightdata.models.search import FlightSearch, Icao24
from flightdata.pipeline.answer import Written
from flightdata.pipeline.answers import LARGEST_SHARED, Answers, question
from flightdata.pipeline.index import LiveIndex
from flightdata.pipeline.page import json, page
from flightdata.pipeline.past import SETTLED
from flightdata.pipeline.query import Query

TTL = 30
ROOM = 1_000_000
LONG_AGO = NOW - SETTLED - 1


class Unread(MemoryPictures):
    """Pictures that say which is the newest, and are not to be loaded."""

    def shown(self):
        pytest.fail("the picture was loaded")


class Function:
    """One of several processes that answer from the same pictures."""

    def __init__(self, live, shared, *, clock=None, **given):
        self.clock = clock or SetClock(NOW)
        self.metrics = MemoryMetrics()
        self.query = Query(live, MemoryHealth(), self.clock, max_page_size=100, expiry=330.0, at_once=False)
        given = {"ttl": TTL, "room": ROOM, "place": "here/"} | given
        self.answers = Answers(self.query, self.clock, shared=shared, metrics=self.metrics, **given)

    def ask(self, search):
        """As a Lambda function answers a request."""
        self.query.look()
        return self.answers.live(asked(search), lambda: Written(self.query.flights(search)))

    def past(self, end, make, about=b"q"):
        return self.answers.past(about, end, make)


def asked(search):
    return question("flights", parameters=search)


def never():
    pytest.fail("there was an answer already")


def saying(*bodies):
    """Makes one after the other."""
    waiting = iter(bodies)
    return lambda: Written(next(waiting))


AIRCRAFT = [f"{number:06x}" for number in range(6)]
rows = st.lists(
    st.builds(
        state,
        st.sampled_from(AIRCRAFT),
        callsign=st.sampled_from(["AFR1", "AFR2", "BAW3", None]),
        longitude=st.none() | st.integers(-180, 180).map(float),
        latitude=st.integers(-90, 90).map(float),
    ),
    max_size=5,
    unique_by=lambda row: row["icao24"],
)
searches = st.builds(
    FlightSearch,
    area=st.none() | st.builds(Area, lamin=st.sampled_from([-90, 0]), lomin=st.sampled_from([-180, 0, 10])),
    icao24=st.lists(st.sampled_from(AIRCRAFT), max_size=3).map(tuple),
    callsign=st.sampled_from([None, "AFR", "afr", "B"]),
    limit=st.none() | st.integers(1, 3),
    cursor=st.none() | st.sampled_from(AIRCRAFT),
)
steps = st.lists(
    st.tuples(st.just("publish"), rows)
    | st.tuples(st.just("lose"), st.just(None))
    | st.tuples(st.just("wait"), st.integers(1, 40))
    | st.tuples(st.integers(0, 2), searches),
    max_size=25,
)


@given(steps=steps, loss=st.booleans())
@settings(max_examples=200)
def test_a_kept_answer_is_byte_for_byte_the_one_that_would_be_made(steps, loss):
    """Three functions with one cache, which may forget everything at any time."""
    live, shared, clock = MemoryPictures(), MemoryCache(), SetClock(NOW)
    functions = [Function(live, shared, clock=clock) for _ in range(3)]
    tags = {}
    for what, given_ in steps:
        if what == "publish":
            live.publish(picture(*given_, version=live.version() + 1))
        elif what == "lose":
            live.picture = Picture()
            if loss:
                shared.values.clear()
        elif what == "wait":
            clock.now += given_
        else:
            made = json(page(LiveIndex(live.shown()), given_, 100))
            answer = functions[what].ask(given_)
            assert answer.body == made
            assert answer.packed is None or zlib.decompress(answer.packed, 31) == made
            assert tags.setdefault(answer.tag, made) == made, "one tag, two answers"


# Live answers.


def test_a_cold_function_answers_what_another_was_asked_without_the_picture():
    live, shared = MemoryPictures(picture(state("000001"))), MemoryCache()
    first = Function(live, shared).ask(FlightSearch(limit=5))
    cold = Function(live, shared)
    live.shown = never
    again = cold.ask(FlightSearch(limit=5))
    assert (again.body, again.tag) == (first.body, first.tag)
    assert cold.metrics.counted == {"CacheHits": 1, "CacheHits.answer": 1}


def test_the_tag_is_known_before_any_work():
    live = Unread(picture(state("000001")))
    cold = Function(live, MemoryCache())
    cold.query.look()
    tag = cold.answers.tag(asked(FlightSearch(limit=5)))
    assert tag == Function(MemoryPictures(live.picture), None).ask(FlightSearch(limit=5)).tag
    assert tag != cold.answers.tag(asked(FlightSearch(limit=6)))


def test_the_same_version_of_another_picture_has_another_tag():
    live, shared = MemoryPictures(picture(state("000001"))), MemoryCache()
    before = Function(live, shared).ask(FlightSearch())
    live.picture = picture(state("000002"))
    after = Function(live, shared).ask(FlightSearch())
    assert before.tag != after.tag
    assert b"000002" in after.body


def test_a_loaded_picture_answers_without_the_shared_cache():
    live, shared = MemoryPictures(picture(state("000001"))), MemoryCache()
    warm = Function(live, shared)
    warm.ask(FlightSearch())
    shared.get = lambda _: pytest.fail("that takes longer than to make it")
    warm.ask(FlightSearch(limit=1))
    warm.ask(FlightSearch(limit=1))
    assert warm.metrics.counted["CacheHits"] == 1
    assert warm.metrics.counted["CacheMisses"] == 2


def test_an_answer_made_while_a_newer_picture_came_goes_by_no_name():
    live, shared = MemoryPictures(picture(state("000001"))), MemoryCache()
    function = Function(live, shared)
    function.query.look()
    live.publish(picture(state("000002"), version=2))
    search = FlightSearch()
    answer = function.answers.live(asked(search), lambda: Written(function.query.flights(search)))
    assert (answer.tag, shared.values) == ("", {})
    assert b'"version":2' in answer.body
    assert function.ask(search).tag


def test_functions_of_other_data_keep_to_themselves():
    shared, ours = MemoryCache(), MemoryPictures(picture(state("000001")))
    theirs = MemoryPictures(picture(state("000002")))
    assert ours.edition() == theirs.edition(), "then this shows nothing"
    assert b"000001" in Function(ours, shared, place="dev/").ask(FlightSearch()).body
    assert b"000002" in Function(theirs, shared, place="prod/").ask(FlightSearch()).body


# About the past.


def test_an_answer_about_a_settled_time_is_kept_for_its_time_whatever_is_published():
    live, shared, clock = MemoryPictures(picture()), MemoryCache(), SetClock(NOW)
    one, other = (Function(live, shared, clock=clock) for _ in range(2))
    made = one.past(LONG_AGO, saying(b"one"))
    live.publish(picture(version=2))
    clock.now += 10
    for function in (one, other):
        function.query.look()
        kept = function.past(LONG_AGO, never)
        assert (kept.body, kept.tag, function.answers.lasting(kept)) == (b"one", made.tag, 20)
    clock.now += 20
    assert one.past(LONG_AGO, saying(b"two")).body == b"two"
    assert made.settled


@pytest.mark.parametrize("end", [None, NOW, NOW - SETTLED])
def test_an_answer_that_may_still_change_is_kept_until_the_next_picture_only(end):
    live, clock = MemoryPictures(picture()), SetClock(NOW)
    function = Function(live, MemoryCache(), clock=clock)
    made = function.past(end, saying(b"one"))
    assert function.answers.lasting(made) == 0
    assert function.past(end, never).body == b"one"
    live.publish(picture(version=2))
    function.query.look()
    assert function.past(end, saying(b"two")).body == b"two"
    clock.now += TTL
    assert function.past(end, saying(b"three")).body == b"three"


def test_what_says_the_same_has_the_same_tag():
    function = Function(MemoryPictures(), None)
    assert function.past(None, saying(b"one"), b"a").tag == function.past(None, saying(b"one"), b"b").tag
    assert function.past(None, saying(b"two"), b"c").tag != function.past(None, saying(b"one"), b"d").tag


def test_headers_are_kept_and_part_of_what_is_said():
    shared = MemoryCache()
    one, other = (Function(MemoryPictures(), shared) for _ in range(2))
    made = one.past(LONG_AGO, lambda: Written(b"a", {"X-Total-Count": "5"}))
    assert other.past(LONG_AGO, never).headers == {"X-Total-Count": "5"}
    assert made.tag != one.past(LONG_AGO, lambda: Written(b"a", {"X-Total-Count": "6"}), b"another").tag


# What is not kept.


@pytest.mark.parametrize("error", [NotFound("none"), BadRequest("bad"), OSError("disk")])
def test_an_error_is_not_kept(error):
    def fail():
        raise error

    shared = MemoryCache()
    function = Function(MemoryPictures(picture()), shared)
    for ask in (lambda make: function.answers.live(b"q", make), lambda make: function.past(None, make)):
        with pytest.raises(type(error)):
            ask(fail)
        assert shared.values == {}
        assert ask(saying(b"now")).body == b"now"
        shared.values.clear()


def test_without_time_nothing_is_kept_but_everything_has_its_tag():
    shared = MemoryCache()
    function = Function(MemoryPictures(picture()), shared, ttl=0)
    for ask in (lambda make: function.answers.live(b"q", make), lambda make: function.past(LONG_AGO, make)):
        assert [ask(saying(body)).body for body in (b"one", b"two")] == [b"one", b"two"]
        assert ask(saying(b"one")).tag
    assert shared.values == {}


def test_what_is_too_large_is_not_kept():
    shared = MemoryCache()
    function = Function(MemoryPictures(), shared, room=40_000)
    noise = bytes(range(256)) * (LARGEST_SHARED // 256 + 1)
    assert function.past(LONG_AGO, lambda: Written(noise, packs=False)).body == noise
    assert shared.values == {}
    text = b"as text it is small enough for the others, but not for us" * 200
    function.past(LONG_AGO, saying(text), b"text")
    assert len(shared.values) == 1
    shared.values.clear()
    assert function.past(LONG_AGO, saying(b"again"), b"text").body == b"again"


def test_the_room_is_never_exceeded():
    function = Function(MemoryPictures(), None, room=20_000)
    for number in range(100):
        function.past(LONG_AGO, saying(b"%d" % number * 2_000), b"%d" % number).packed  # noqa: B018
    kept = function.answers._near.values()
    assert 0 < sum(len(one.body) + len(one.packed or b"") for one in kept) <= 20_000


@pytest.mark.parametrize(
    "damage", [lambda kept: kept[:-1], lambda _: b"", lambda kept: b"FDA0" + kept[4:], bytes.upper]
)
def test_what_the_cache_holds_of_somebody_else_is_a_miss(damage):
    live, shared = MemoryPictures(picture(state("00000a"))), MemoryCache()
    made = Function(live, shared).ask(FlightSearch())
    shared.values = {key: damage(kept) for key, kept in shared.values.items()}
    cold = Function(live, shared)
    assert cold.ask(FlightSearch()).body == made.body
    assert cold.metrics.counted["CacheMisses"] == 1


def test_a_kept_answer_of_another_question_is_a_miss():
    live, shared = MemoryPictures(picture(state("000001"))), MemoryCache()
    for limit in (1, 2):
        Function(live, shared).ask(FlightSearch(limit=limit))
    one, other = shared.values
    shared.values[one], shared.values[other] = shared.values[other], shared.values[one]
    cold = Function(live, shared)
    for limit in (1, 2):
        cold.ask(FlightSearch(limit=limit))
    assert cold.metrics.counted["CacheMisses"] == 2


@pytest.mark.parametrize("shared", [None, NoCache()])
def test_without_a_shared_cache_a_process_has_its_own(shared):
    function = Function(MemoryPictures(picture()), shared)
    function.past(LONG_AGO, saying(b"one"))
    assert function.past(LONG_AGO, never).body == b"one"


# Questions.


class Parameters(BaseModel):
    icao24: list[Icao24] = []
    begin: float | None = None
    form: str = "json"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"icao24": ["00000a", "00000b"]}, {"icao24": ["00000B", "00000A", "00000a"]}),
        ({"begin": 5}, {"begin": 5.0, "form": "json"}),
        ({}, {"icao24": [], "begin": None}),
    ],
)
def test_however_it_is_written_a_question_is_the_same(one, other):
    assert question("a", parameters=Parameters(**one)) == question("a", parameters=Parameters(**other))


def test_other_questions_are_others():
    kinds = [
        question("a"),
        question("b"),
        question("a", "000001"),
        question("a", "000001", "000002"),
        question("a", parameters=Parameters(icao24=["000001"])),
        question("a", parameters=Parameters(begin=1.0)),
        question("a", parameters=Parameters(form="csv")),
    ]
    assert len(set(kinds)) == len(kinds)
