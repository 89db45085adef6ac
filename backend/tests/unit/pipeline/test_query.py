import json
from threading import Event, Thread

import pytest
from fakes import MemoryHealth, MemoryPictures, SetClock
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import NOW, NOWHERE, picture, state

from flightdata.errors import BadRequest, NotFound, Transient
from flightdata.models.area import Area
from flightdata.models.search import FlightSearch
from flightdata.pipeline.query import Query
from flightdata.ports import SourceHealth

SAFE = 30.0
"""Seconds after which a thread that should have ended is given up."""

AIRCRAFT = [
    state("000001", callsign="AFR1", longitude=1.0, latitude=48.0),
    state("000002", callsign="AFR2", longitude=2.0, latitude=49.0),
    state("000003", callsign="BAW3", longitude=3.0, latitude=50.0),
    state("00000a", callsign=None),
    state("~00000b", callsign="AFR9", longitude=-170.0, latitude=0.0),
]


class Asked:
    """A query stage over pictures, a health and a clock that the test holds in its hands."""

    def __init__(self, *aircraft, max_page_size=1000):
        self.live = MemoryPictures(picture(*aircraft))
        self.health = MemoryHealth()
        self.clock = SetClock(NOW)
        self.query = Query(self.live, self.health, self.clock, max_page_size=max_page_size, expiry=330.0)
        self.query.refresh()

    def page(self, **search):
        return json.loads(self.query.flights(FlightSearch(**search)))

    def names(self, **search):
        return [flight["icao24"] for flight in self.page(**search)["flights"]]

    def change(self, *aircraft):
        """Another picture, published and loaded."""
        assert self.live.publish(picture(*aircraft, version=self.live.version() + 1))
        assert self.query.refresh()

    def pages(self, *, between=lambda: None, **search):
        """All pages, one after the other; `between` happens after each."""
        cursor = None
        while True:
            page = self.page(cursor=cursor, **search)
            yield page
            cursor = page["next_cursor"]
            if cursor is None:
                return
            between()


@pytest.fixture
def asked():
    return Asked(*AIRCRAFT)


# A page.


def test_a_page_tells_time_and_version_and_counts(asked):
    page = asked.page(limit=2)
    assert {key: value for key, value in page.items() if key != "flights"} == {
        "time": NOW,
        "version": 1,
        "total": 5,
        "count": 2,
        "next_cursor": "000002",
    }
    assert list(page) == ["time", "version", "total", "count", "next_cursor", "flights"]


def test_the_flights_are_the_states_in_the_order_of_icao24(asked):
    assert asked.page()["flights"] == [one | {"quality": []} | NOWHERE for one in AIRCRAFT]


def test_a_page_that_ends_with_the_last_has_no_next_one(asked):
    assert asked.page(limit=5)["next_cursor"] is None
    assert asked.page(limit=4)["next_cursor"] == "00000a"


def test_an_empty_picture_gives_an_empty_page():
    page = Asked().page()
    assert (page["total"], page["count"], page["next_cursor"], page["flights"]) == (0, 0, None, [])


def test_a_limit_above_the_greatest_is_a_bad_request():
    asked = Asked(*AIRCRAFT, max_page_size=3)
    assert asked.page(limit=3)["count"] == 3
    with pytest.raises(BadRequest, match="at most 3") as caught:
        asked.page(limit=4)
    assert caught.value.parameter == "limit"


def test_without_a_limit_the_greatest_page_size_is_no_obstacle():
    asked = Asked(*AIRCRAFT, max_page_size=3)
    assert asked.page()["count"] == 3, "MAX_PAGE_SIZE below the default limit makes a plain question a bad request"


# Filters.


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ({"area": Area(lamin=48, lamax=49, lomin=1, lomax=2)}, ["000001", "000002"]),
        ({"area": Area(lomin=179, lomax=-169)}, ["~00000b"]),
        ({"area": Area()}, ["000001", "000002", "000003", "~00000b"]),
        ({"icao24": ("00000A", "~00000B", "ffffff", "00000a")}, ["00000a", "~00000b"]),
        ({"callsign": "AFR"}, ["000001", "000002", "~00000b"]),
        ({"callsign": " afr1 "}, ["000001"]),
        ({"callsign": "AFR10"}, []),
        ({"callsign": "AFR", "area": Area(lomin=2, lomax=3)}, ["000002"]),
        ({"icao24": ("000003", "000002"), "area": Area(lomin=2, lomax=3)}, ["000002", "000003"]),
        ({"icao24": ("000003", "000002"), "callsign": "AFR", "area": Area(lomin=2, lomax=3)}, ["000002"]),
        ({"icao24": ("000003",), "callsign": "AFR"}, []),
        ({"icao24": ("00000a",), "area": Area()}, []),
    ],
)
def test_all_conditions_together_must_hold(asked, search, names):
    page = asked.page(**search)
    assert [flight["icao24"] for flight in page["flights"]] == names
    assert (page["total"], page["count"]) == (len(names), len(names))


@given(
    west=st.integers(-180, 180),
    icao24=st.lists(st.sampled_from([one["icao24"] for one in AIRCRAFT]), max_size=3),
    callsign=st.none() | st.sampled_from(["A", "AFR", "AFR2", "B"]),
    limit=st.integers(1, 6),
    cursor=st.none() | st.sampled_from(["000000", "000002", "000004", "ffffff", "~00000b", "~ffffff"]),
)
@settings(deadline=None)
def test_a_page_is_what_a_look_at_each_row_finds(west, icao24, callsign, limit, cursor):
    area = Area(lomin=west, lomax=50)
    expected = [
        one["icao24"]
        for one in AIRCRAFT
        if one["longitude"] is not None
        and area.contains(one["latitude"], one["longitude"])
        and (not icao24 or one["icao24"] in icao24)
        and (callsign is None or (one["callsign"] or "").startswith(callsign))
    ]
    after = [name for name in expected if cursor is None or name > cursor]
    page = Asked(*AIRCRAFT).page(area=area, icao24=tuple(icao24), callsign=callsign, limit=limit, cursor=cursor)
    assert [flight["icao24"] for flight in page["flights"]] == after[:limit]
    assert page["total"] == len(expected)
    assert page["next_cursor"] == (after[limit - 1] if len(after) > limit else None)


def test_a_callsign_that_its_source_writes_small_is_found():
    asked = Asked(state("000001", callsign="afr1"))
    assert asked.names(callsign="afr1") == ["000001"]


# Pages.


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
def test_paging_through_gives_each_once_in_the_order_of_icao24(asked, limit):
    names = [flight["icao24"] for page in asked.pages(limit=limit) for flight in page["flights"]]
    assert names == [one["icao24"] for one in AIRCRAFT]


def test_paging_through_a_search_gives_each_of_it_once(asked):
    names = [flight["icao24"] for page in asked.pages(limit=1, callsign="AFR") for flight in page["flights"]]
    assert names == ["000001", "000002", "~00000b"]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_paging_gives_each_that_stays_once_while_others_come_and_go(data):
    some = st.sets(st.from_regex(r"~?[0-9a-f]{6}", fullmatch=True), max_size=12)
    staying = data.draw(some)
    asked = Asked(*map(state, staying | data.draw(some)))
    names = [
        flight["icao24"]
        for page in asked.pages(
            limit=data.draw(st.integers(1, 4)), between=lambda: asked.change(*map(state, staying | data.draw(some)))
        )
        for flight in page["flights"]
    ]
    assert names == sorted(set(names))
    assert staying <= set(names)


@pytest.mark.parametrize(
    ("cursor", "names"),
    [
        ("000000", ["000001", "000002", "000003", "00000a", "~00000b"]),
        ("000004", ["00000a", "~00000b"]),
        ("00000A", ["~00000b"]),
        ("ffffff", ["~00000b"]),
        ("~ffffff", []),
    ],
)
def test_a_cursor_of_an_aircraft_that_has_gone_goes_on_behind_it(asked, cursor, names):
    page = asked.page(cursor=cursor)
    assert [flight["icao24"] for flight in page["flights"]] == names
    assert page["total"] == 5


# One aircraft.


def test_one_aircraft_is_its_state(asked):
    assert json.loads(asked.query.flight("000001")) == AIRCRAFT[0] | {"quality": []} | NOWHERE


def test_its_address_may_be_written_in_capitals(asked):
    assert json.loads(asked.query.flight("~00000B"))["icao24"] == "~00000b"


def test_one_that_is_not_there_is_not_found(asked):
    with pytest.raises(NotFound, match=r"no aircraft abcdef has been heard in the last 330 s"):
        asked.query.flight("abcdef")


# Refreshing.


def test_questions_are_answered_from_what_was_loaded_last(asked):
    asked.live.publish(picture(state("ffffff"), version=2))
    assert asked.page()["version"] == 1
    assert asked.query.refresh() is True
    assert (asked.page()["version"], asked.names()) == (2, ["ffffff"])


def test_there_is_nothing_to_refresh_while_the_version_is_the_same(asked):
    assert asked.query.refresh() is False
    asked.change(state("ffffff"))
    assert asked.query.refresh() is False


def test_a_picture_that_was_started_anew_is_loaded_too(asked):
    asked.change(state("ffffff"))
    asked.live.picture = picture(state("aaaaaa"), version=1)
    assert asked.query.refresh() is True
    assert asked.names() == ["aaaaaa"]


class Breakable(MemoryPictures):
    broken = None
    asked = 0

    def edition(self):
        self.asked += 1
        if self.broken:
            raise self.broken
        return super().edition()

    def shown(self):
        if self.broken:
            raise self.broken
        return super().shown()


class Unknown(MemoryHealth):
    def sources(self):
        raise Transient("account 123456789012 may not")


@pytest.mark.parametrize("broken", [OSError("disk"), Transient("no answer"), KeyError("content")], ids=repr)
def test_a_failure_to_load_keeps_the_old_picture_says_so_and_is_tried_again(broken):
    live = Breakable(picture(state("000001")))
    query = Query(live, MemoryHealth(), SetClock(NOW), max_page_size=1000, expiry=330.0, rest=0.0)
    live.publish(picture(state("ffffff"), version=2))
    live.broken = broken
    assert query.refresh() is False
    assert json.loads(query.flights(FlightSearch()))["version"] == 1
    ready = query.readiness()
    assert (ready.ready, ready.version) == (True, 1)
    assert ready.degraded == ("live picture: the newest cannot be had (since 2023-11-14 22:13:20Z)",)
    live.broken = None
    assert query.refresh() is True
    assert json.loads(query.flights(FlightSearch()))["version"] == 2
    assert query.readiness().degraded == ()


def test_a_store_that_fails_is_left_alone_for_a_while_once_there_is_a_picture():
    live = Breakable(picture(state("000001")))
    query = Query(live, MemoryHealth(), SetClock(NOW), max_page_size=1000, expiry=330.0, rest=SAFE)
    live.broken, live.asked = Transient("no answer"), 0
    assert [query.refresh() for _ in range(3)] == [False] * 3
    assert live.asked == 1


def test_without_a_picture_each_question_asks_again_and_what_fails_may_be_tried_again():
    live = Breakable(picture(state("000001")))
    live.broken = Transient("no answer")
    query = Query(live, Unknown(), SetClock(NOW), max_page_size=1000, expiry=330.0, at_once=False, rest=SAFE)
    with pytest.raises(Transient, match="live picture: the newest cannot be had"):
        query.flights(FlightSearch())
    ready = query.readiness()
    assert (ready.ready, ready.version, ready.aircraft, ready.age) == (False, 0, 0, None)
    assert [one.partition(":")[0] for one in ready.degraded] == ["live picture", "sources"]
    live.broken = None
    assert json.loads(query.flights(FlightSearch()))["version"] == 1


def test_readiness_is_for_everybody_and_tells_nothing_that_a_store_said():
    query = Query(MemoryPictures(picture(state("000001"))), Unknown(), SetClock(NOW), max_page_size=1000, expiry=330.0)
    assert query.readiness().degraded == ("sources: their store does not answer",)


class Unreadable(MemoryPictures):
    """Pictures of which the newest is damaged, or nobody answers, while there is a `reason`."""

    reason = "the checksum is wrong"

    def edition(self):
        if self.reason == "silence":
            raise Transient(self.reason)
        return super().edition()

    def shown(self):
        if self.reason:
            raise Transient(self.reason, kind="unreadable")
        return super().shown()


@pytest.fixture
def unreadable(asked):
    live = asked.live = asked.query._live = Unreadable(asked.live.picture)
    asked.query._rest = 0.0
    assert live.publish(picture(AIRCRAFT[0], version=2, time=NOW + 10))
    return live


@pytest.mark.parametrize("reason", ["the checksum is wrong", "silence"])
def test_while_the_newest_picture_cannot_be_read_it_answers_from_the_one_it_has_and_says_so(asked, unreadable, reason):
    unreadable.reason = reason
    for _ in range(2):
        assert asked.query.refresh() is False
        assert asked.page()["version"] == 1
        assert len(asked.names()) == len(AIRCRAFT)
        ready = asked.query.readiness()
        assert (ready.ready, ready.version, ready.aircraft) == (True, 1, len(AIRCRAFT))
        told = "" if reason == "silence" else f": {reason}"
        assert ready.degraded == (f"live picture: the newest cannot be had (since 2023-11-14 22:13:20Z){told}",)
    unreadable.reason = None
    assert asked.query.refresh() is True
    assert (asked.page()["version"], asked.query.readiness().degraded) == (2, ())


@pytest.mark.parametrize("at_once", [True, False])
def test_as_long_as_no_picture_could_be_read_there_is_no_empty_sky(at_once):
    live = Unreadable(picture(*AIRCRAFT))
    query = Query(live, MemoryHealth(), SetClock(NOW), max_page_size=9, expiry=330.0, at_once=at_once)
    for ask in (lambda: query.flights(FlightSearch()), lambda: query.flight("000001")):
        with pytest.raises(Transient, match="the checksum is wrong"):
            ask()
    ready = query.readiness()
    assert (ready.ready, ready.version) == (False, 0)
    assert ready.degraded == (
        "live picture: the newest cannot be had (since 2023-11-14 22:13:20Z): the checksum is wrong",
    )
    live.reason = None
    assert json.loads(query.flights(FlightSearch()))["total"] == len(AIRCRAFT)


def test_while_one_loads_the_others_go_on_with_the_old_picture():
    loading, go_on = Event(), Event()

    class Slow(MemoryPictures):
        slow = False

        def shown(self):
            if self.slow:
                loading.set()
                assert go_on.wait(SAFE)
            return super().shown()

    live = Slow(picture(state("000001")))
    query = Query(live, MemoryHealth(), SetClock(NOW), max_page_size=1000, expiry=330.0)
    query.refresh()
    live.publish(picture(state("ffffff"), version=2))
    live.slow = True
    refreshed = []
    loader = Thread(target=lambda: refreshed.append(query.refresh()), daemon=True)
    loader.start()
    assert loading.wait(SAFE)
    assert query.refresh() is False
    assert json.loads(query.flights(FlightSearch()))["version"] == 1
    go_on.set()
    loader.join(SAFE)
    assert refreshed == [True]
    assert json.loads(query.flights(FlightSearch()))["version"] == 2


# Looking, as a function does.


class Counted(MemoryPictures):
    """Counts how often the picture is read."""

    reads = 0

    def shown(self):
        self.reads += 1
        return super().shown()


def looking(*aircraft):
    live = Counted(picture(*aircraft))
    return live, Query(live, MemoryHealth(), SetClock(NOW), max_page_size=1000, expiry=330.0, at_once=False)


def test_a_look_loads_nothing_and_a_question_what_it_saw():
    live, query = looking(state("000001"))
    query.look()
    assert (query.behind, query.edition, live.reads) == (True, live.edition(), 0)
    assert json.loads(query.flights(FlightSearch()))["total"] == 1
    assert (query.behind, query.edition, live.reads) == (False, live.edition(), 1)
    live.publish(picture(version=2))
    query.look()
    assert (query.behind, query.edition, live.reads) == (True, live.edition(), 1)
    assert query.readiness().version == 2
    query.look()
    assert (query.behind, live.reads) == (False, 2)


def test_a_question_is_answered_from_a_picture_that_came_after_the_look():
    live, query = looking(state("000001"))
    query.look()
    seen = query.edition
    live.publish(picture(version=2))
    assert json.loads(query.flights(FlightSearch()))["version"] == 2
    assert query.edition == live.edition() != seen


# Readiness.


def test_without_a_picture_it_is_not_ready():
    query = Query(MemoryPictures(), MemoryHealth(), SetClock(NOW), max_page_size=1000, expiry=330.0)
    readiness = query.readiness()
    assert (readiness.ready, readiness.version, readiness.age, readiness.aircraft) == (False, 0, None, 0)


def test_with_a_picture_it_is_ready_and_knows_its_age(asked):
    asked.health.succeeded("a", NOW)
    asked.clock.now += 12.5
    readiness = asked.query.readiness()
    assert (readiness.ready, readiness.degraded, readiness.age) == (True, (), 12.5)
    assert (readiness.version, readiness.time, readiness.aircraft) == (1, NOW, 5)
    assert readiness.sources == (SourceHealth("a", last_success=NOW),)


def test_a_failing_source_makes_it_degraded_but_not_unready(asked):
    asked.health.succeeded("a", NOW)
    asked.health.failed("b", "timed out", NOW)
    readiness = asked.query.readiness()
    assert readiness.ready
    assert readiness.degraded == ("source b: timed out (since 2023-11-14 22:13:20Z)",)
