"""Answers as clients see them: tags, 304, gzip, and what may be kept where; on a socket and through Lambda's door."""

import base64
import gzip
import json
import os
import random
import signal

import pytest
from fakes import MemoryFlights, MemoryHealth, MemoryHistory, MemoryKeys, MemoryPictures, SetClock
from fixtures import aws
from fixtures.serving import SAFE, problem, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from mangum import Mangum
from samples import NOW, flight, flights, picture, state, states

from flightdata.backends.cache.redis import TIMEOUT, RedisCache
from flightdata.errors import Transient
from flightdata.pipeline.access import Access
from flightdata.pipeline.answers import Answers
from flightdata.pipeline.flown import Flown
from flightdata.pipeline.past import SETTLED, Past
from flightdata.pipeline.query import Query
from flightdata.web.app import create_app
from flightdata.web.bounds import Bounds

pytestmark = pytest.mark.usefixtures("event_loop")

TTL = 30
LONG_AGO = NOW - SETTLED - 600
AIRCRAFT = [state(f"{number:06x}", callsign=f"AFR{number}", longitude=2.0, latitude=48.0) for number in range(40)]
HEARD = [
    state(
        f"{number:06x}", last_contact=LONG_AGO + second, time_position=LONG_AGO + second, longitude=2.0, latitude=48.0
    )
    for number in range(20)
    for second in range(0, 60, 10)
]
PAST = (
    f"/flights?time={LONG_AGO + 30}",
    f"/flights/000001/track?begin={LONG_AGO}&end={LONG_AGO + 60}",
    f"/flights/000001/track?begin={LONG_AGO}&end={LONG_AGO + 60}&format=gpx",
    f"/history?begin={LONG_AGO}&end={LONG_AGO + 60}",
    f"/history?begin={LONG_AGO}&end={LONG_AGO + 60}&format=csv",
    f"/history?begin={LONG_AGO}&end={LONG_AGO + 60}&format=parquet",
)
FLOWN = (
    "/flights/000001/history",
    "/airports/LFPG/arrivals",
    "/airports/LFPG/departures",
    "/callsigns/AFR1/flights",
)
LIVE = ("/flights", "/flights?format=geojson", "/flights?format=csv&limit=30", "/flights?limit=1", "/flights/000001")


class Watched:
    """A store that counts how often it is asked, and may be away."""

    def __init__(self, store):
        self._store = store
        self.calls = []
        self.away = False

    def __getattr__(self, name):
        def call(*given, **named):
            self.calls.append(name)
            if self.away:
                raise Transient("away")
            return getattr(self._store, name)(*given, **named)

        return call


class Api:
    """An API over stores that the test holds in its hands."""

    def __init__(self, live=None, clock=None, *, shared=None, ttl=TTL, room=10**7, **given):
        self.clock = clock or SetClock(NOW)
        self.live = live or MemoryPictures(picture(*AIRCRAFT))
        history, store = MemoryHistory(), MemoryFlights()
        history.add("key", states(*HEARD))
        store.put(flights(flight("000001", departure="LFPG", arrival="LFPG", callsign="AFR1", first_seen=LONG_AGO)), 1)
        self.history, self.flights = Watched(history), Watched(store)
        known = {"max_page_size": 1000, "expiry": 330.0}
        self.query = Query(self.live, MemoryHealth(), self.clock, **known, at_once=shared is None)
        self.answers = Answers(self.query, self.clock, ttl=ttl, room=room, shared=shared, place="here/")
        flown = Flown(self.flights, self.clock, max_page_size=1000)
        past = Past(self.history, self.flights, self.clock, max_page_size=1000, expiry=330)
        given = {"bounds": Bounds(size=10**7)} | given
        self.app = create_app(self.query, flown, past, answers=self.answers, **given)

    def forbid_work(self):
        """From now on every stage raises when it is asked for an answer."""
        self.query.page = self.query.flight = lambda *_: pytest.fail("work was done")
        self.history.away = self.flights.away = True


@pytest.fixture
def api():
    return Api()


@pytest.fixture
def client(api):
    with serving(api.app) as client:
        yield client


def plain(client, path, **headers):
    return client.get(path, headers={"Accept-Encoding": "identity", **headers})


# Tags.


@pytest.mark.parametrize("path", [*LIVE, *PAST, *FLOWN])
def test_every_answer_has_a_tag_and_says_how_long_it_holds(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["etag"].startswith('W/"')
    assert response.headers["cache-control"] == ("max-age=30" if path in PAST else "no-cache")
    assert response.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", [*LIVE, *PAST, *FLOWN])
def test_who_has_the_answer_still_is_told_so_without_any_work(api, client, path):
    first = client.get(path)
    api.forbid_work()
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    names = {"etag", "cache-control", "vary"}
    assert {name: again.headers[name] for name in names} == {name: first.headers[name] for name in names}
    assert "content-type" not in again.headers
    assert "date" in again.headers, "the map sets its clock by it"


def test_a_live_answer_is_known_by_its_tag_even_if_nothing_is_kept():
    api = Api(ttl=0, room=0)
    with serving(api.app) as client:
        tag = client.get("/flights").headers["etag"]
        api.forbid_work()
        assert client.get("/flights", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    "header",
    [
        "{strong}",
        "{weak}",
        '"other", {weak}',
        'W/"a,b" , {strong},"c"',
        ",, {weak},",
        "*",
    ],
)
@pytest.mark.parametrize("path", ["/flights", PAST[0]])
def test_if_none_match_is_a_list_compared_weakly(client, path, header):
    tag = client.get(path).headers["etag"]
    given = header.format(weak=tag, strong=tag.removeprefix("W/"))
    assert client.get(path, headers={"If-None-Match": given}).status_code == 304


@pytest.mark.parametrize("header", ['"other"', "", "{bare}", '"*"', 'w/"other"', '"x{bare}"', "W/{bare}", '"'])
def test_what_does_not_name_the_answer_gets_it(client, header):
    whole = client.get("/flights")
    bare = whole.headers["etag"].removeprefix("W/").strip('"')
    response = client.get("/flights", headers={"If-None-Match": header.format(bare=bare)})
    assert (response.status_code, response.content) == (200, whole.content)


def test_several_lines_of_if_none_match_are_one_list(client):
    tag = client.get("/flights").headers["etag"]
    lines = [("If-None-Match", '"one"'), ("If-None-Match", tag), ("If-None-Match", '"two"')]
    assert client.get("/flights", headers=lines).status_code == 304


@pytest.mark.parametrize(("path", "status"), [("/flights/ffffff", 404), ("/flights?limit=0", 400), ("/nothing", 404)])
@pytest.mark.parametrize("header", ["*", '"x"'])
def test_what_is_an_error_stays_one(client, path, status, header):
    refused = client.get(path, headers={"If-None-Match": header})
    problem(refused, status)
    assert refused.headers["cache-control"] == "no-store"
    assert "etag" not in refused.headers


def test_a_new_picture_has_other_tags(api, client):
    before = {path: client.get(path).headers["etag"] for path in LIVE}
    api.live.publish(picture(*AIRCRAFT, version=2))
    api.query.refresh()
    for path, tag in before.items():
        after = client.get(path, headers={"If-None-Match": tag})
        assert after.status_code == 200
        assert after.headers["etag"] != tag


def test_the_tag_belongs_to_the_question_not_to_how_it_is_written(client):
    one = client.get("/flights?icao24=000001&icao24=000002&callsign=AFR&lamin=48")
    other = client.get("/flights?lamin=48.0&callsign=AFR&icao24=000002&icao24=000001&icao24=000001")
    assert one.headers["etag"] == other.headers["etag"]
    assert client.get("/flights?icao24=000001").headers["etag"] != client.get("/flights?icao24=000002").headers["etag"]


def test_a_track_has_another_tag_in_another_format(client):
    assert len({client.get(path).headers["etag"] for path in PAST[1:3]}) == 2


# The past.


@pytest.mark.parametrize("path", PAST)
def test_the_past_is_asked_once_in_its_time_and_says_how_long_that_is(api, client, path):
    first = client.get(path)
    assert api.history.calls
    api.forbid_work()
    api.clock.now += 12.5
    again = client.get(path)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert again.headers["cache-control"] == "max-age=17"
    assert again.headers["content-type"] == first.headers["content-type"]
    api.clock.now += 17
    assert client.get(path).headers["cache-control"] == "no-cache"  # there is half a second left
    api.clock.now += 1
    api.flights.away = api.history.away = False
    assert client.get(path).headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize("path", FLOWN)
def test_flights_are_asked_once_a_picture(api, client, path):
    first = client.get(path)
    api.flights.calls.clear()
    assert client.get(path).content == first.content
    assert api.flights.calls == []
    api.live.publish(picture(version=2))
    api.query.refresh()
    client.get(path)
    assert api.flights.calls


def test_a_store_that_is_away_is_not_remembered(api, client):
    api.history.away = True
    for path in PAST:
        refused = client.get(path)
        problem(refused, 503)
        assert refused.headers["cache-control"] == "no-store"
    api.history.away = False
    for path in PAST:
        assert client.get(path).status_code == 200


def test_without_bounds_the_history_is_streamed_and_neither_kept_nor_named():
    api = Api(bounds=Bounds())
    with serving(api.app) as client:
        response = client.get(PAST[3])
        api.history.away = True
        assert "etag" not in response.headers
        assert json.loads(response.content)["count"] == len(HEARD)
        problem(client.get(PAST[3]), 503)


# Compression.


@pytest.mark.parametrize("path", [*LIVE, *PAST, *FLOWN])
def test_packed_and_plain_are_the_same_answer(client, path):
    whole, packed = plain(client, path), client.get(path, headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert "content-encoding" not in whole.headers
    assert packed.content == whole.content
    assert packed.headers["etag"] == whole.headers["etag"]
    worth = len(whole.content) >= 1024 and "parquet" not in path
    assert packed.headers.get("content-encoding") == ("gzip" if worth else None)
    for response in (whole, packed):
        assert int(response.headers["content-length"]) == response.num_bytes_downloaded
    assert not worth or packed.num_bytes_downloaded < len(whole.content) / 2


@pytest.mark.parametrize(
    ("accepted", "packs"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("*", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("gzip ; q=0.001", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("br", False),
        ("gzipped", False),
        ("gzip;q=.", False),
        (";;,,=", False),
    ],
)
def test_it_is_packed_for_who_accepts_that(client, accepted, packs):
    response = client.get("/flights", headers={"Accept-Encoding": accepted})
    assert ("content-encoding" in response.headers) is packs


@given(
    accepted=st.text(st.characters(min_codepoint=32, max_codepoint=126)).map(str.strip), match=st.binary(max_size=20)
)
@settings(max_examples=100)
def test_whatever_the_headers_say_there_is_an_answer(always, accepted, match):
    match = b'"' + bytes(byte for byte in match if byte >= 32 and byte != 127) + b'"'
    response = always.get("/flights", headers={"Accept-Encoding": accepted, "If-None-Match": match})
    assert response.status_code == 200


@pytest.fixture(scope="module")
def always():
    with serving(Api().app) as client:
        yield client


# Who may keep it.


def test_with_keys_an_answer_is_private_and_the_key_comes_first():
    access = Access(MemoryKeys(), SetClock(NOW))
    good = {"X-API-Key": access.create("me")[1]}
    api = Api(access=access)
    with serving(api.app) as client:
        for path, kept in ((PAST[0], "private, max-age=30"), ("/flights", "private, no-cache")):
            whole = client.get(path, headers=good)
            assert whole.headers["cache-control"] == kept
            assert whole.headers["vary"] == "Accept-Encoding, Authorization, X-API-Key"
            for header in ({}, {"If-None-Match": whole.headers["etag"]}, {"If-None-Match": "*"}):
                refused = client.get(path, headers={"X-API-Key": "bad", **header})
                problem(refused, 401)
                assert refused.headers["cache-control"] == "no-store"


def test_other_origins_see_the_tag_and_may_send_it():
    api = Api(cors_origins=["https://a.example"])
    with serving(api.app) as client:
        origin = {"Origin": "https://a.example"}
        response = client.get("/flights", headers=origin)
        assert "ETag" in response.headers["access-control-expose-headers"]
        asked = origin | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
        assert client.options("/flights", headers=asked).status_code == 200
        for headers in ({}, origin):  # else a shared cache gives to one origin what says nothing of it
            assert "Origin" in client.get("/flights", headers=headers).headers["vary"]
        unchanged = client.get("/flights", headers=origin | {"If-None-Match": response.headers["etag"]})
        assert unchanged.status_code == 304
        assert unchanged.headers["access-control-allow-origin"] == "https://a.example"


# Several functions and a real Redis.


def sharing(live, endpoint, clock, *, timeout=SAFE):
    """An API with that Redis, for which it has time on a machine that has none."""
    return Api(live, clock, shared=RedisCache(endpoint, timeout=timeout))


def asked_of(api, path, **headers):
    """As a function answers: no thread, a look, the door."""
    api.query.look()
    address, _, query = path.partition("?")
    return Mangum(api.app, lifespan="off")(_event(address, query, headers), None)


def _event(path, query, headers):
    about = {"method": "GET", "path": path, "sourceIp": "192.0.2.1"}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "api.example", **headers},
        "requestContext": {"http": about, "stage": "$default"},
        "isBase64Encoded": False,
    }


def body_of(answer):
    raw = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
    return gzip.decompress(raw) if answer["headers"].get("content-encoding") == "gzip" else raw


@pytest.fixture
def live():
    return MemoryPictures(picture(*AIRCRAFT, time=NOW + id(object()) % 1000))


@pytest.mark.parametrize("path", [*LIVE, *PAST, *FLOWN])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_cold_function_answers_from_redis_what_another_was_asked(redis, live, path, encoding):
    clock = SetClock(NOW)
    first = sharing(live, redis, clock)
    made = asked_of(first, path, **{"accept-encoding": encoding})
    first.answers._shared._redis.flushall()
    made = asked_of(sharing(live, redis, clock), path, **{"accept-encoding": encoding})
    cold = sharing(live, redis, clock)
    live.shown = lambda: pytest.fail("the picture was loaded")
    cold.history.away = cold.flights.away = True
    again = asked_of(cold, path, **{"accept-encoding": encoding})
    assert (again["statusCode"], again["body"]) == (200, made["body"])
    assert again["headers"].keys() == made["headers"].keys()
    unchanged = asked_of(cold, path, **{"if-none-match": made["headers"]["etag"]})
    assert (unchanged["statusCode"], unchanged.get("body", "")) == (304, "")


def test_what_redis_holds_has_our_place_in_its_key_and_ends(redis, live):
    api = sharing(live, redis, SetClock(NOW))
    client = api.answers._shared._redis
    client.flushall()
    asked_of(api, "/flights")
    (key,) = client.keys()
    assert key.startswith(b"here/")
    assert 0 < client.ttl(key) <= TTL


def test_redis_that_dies_or_hangs_costs_the_cache_and_nothing_else(tmp_path, live):
    with aws.redis(tmp_path) as endpoint:
        api = sharing(live, endpoint, SetClock(NOW))
        whole = asked_of(api, "/flights")
        pid = api.answers._shared._redis.info()["process_id"]
        for signal_ in (signal.SIGSTOP, signal.SIGKILL):
            cold = sharing(live, endpoint, SetClock(NOW), timeout=TIMEOUT)
            os.kill(pid, signal_)
            for path in ("/flights", *PAST):
                assert asked_of(cold, path)["statusCode"] == 200
            assert asked_of(cold, "/flights")["body"] == whole["body"]


@pytest.mark.parametrize("rubbish", [b"", b"\0" * 100, b"FDA1" + b"x" * 500, b"\x1f\x8b" + b"y" * 100])
def test_rubbish_in_redis_is_a_miss(redis, live, rubbish):
    clock = SetClock(NOW)
    api = sharing(live, redis, clock)
    client = api.answers._shared._redis
    client.flushall()
    made = {path: asked_of(api, path)["body"] for path in ("/flights", PAST[0])}
    keys = client.keys()
    assert len(keys) == 2
    for key in keys:
        client.set(key, rubbish)
    cold = sharing(live, redis, clock)
    assert {path: asked_of(cold, path)["body"] for path in made} == made


# Lambda's door.


@pytest.mark.parametrize("path", [*LIVE, *PAST, *FLOWN])
def test_the_gateway_gets_packed_bytes_as_base64_and_the_rest_as_it_was(api, path):
    whole = asked_of(api, path)
    packed = asked_of(api, path, **{"accept-encoding": "gzip, deflate, br"})
    assert body_of(packed) == body_of(whole)
    assert packed["isBase64Encoded"] or "content-encoding" not in packed["headers"]


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("kind", ["aircraft", "noise"])
def test_the_largest_answer_fits_through_the_gateway(api, encoding, kind):
    """Lambda takes 6 MB, in which text has its quotes escaped and bytes are base64."""
    most = 4_000_000
    page = (
        body_of(asked_of(api, "/flights"))
        if kind == "aircraft"
        else random.Random(1).randbytes(most // 2).hex().encode()
    )
    whole = (page * (most // len(page) + 1))[:most]
    api.query.flight = lambda _: whole
    answer = asked_of(api, "/flights/00000a", **{"accept-encoding": encoding})
    assert len(json.dumps(answer)) < 6_000_000
    assert body_of(answer) == whole
