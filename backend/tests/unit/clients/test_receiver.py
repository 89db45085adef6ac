"""Receivers and v2 services on a real socket: what is asked, when, and what becomes of every kind of answer."""

import json
import logging
import re
import traceback

import pytest
from fakes import SetClock
from fixtures.fake_receiver import HTML, FakeReceiver, circling, told
from fixtures.recordings import REPOSITORY
from fixtures.speaker import answer, speaking
from hypothesis import given
from hypothesis import strategies as st
from samples import NOW

from flightdata.clients.receiver import Pace, readsb, v2
from flightdata.clients.receiver.address import Address, name_of
from flightdata.clients.receiver.answer import retry_after
from flightdata.errors import ConfigurationError, NothingNewer, Transient
from flightdata.models.snapshot import source_name
from flightdata.ports import BadAnswer
from flightdata.utils.http import Answer, Http
from flightdata.validation.gate import decode

SECRETS = ("canary-name", "canary-password", "canary-key")


def document(now=NOW, *aircraft):
    return {"now": now, "messages": 1, "aircraft": list(aircraft) or [{"hex": "3c6444", "seen": 0.5}]}


@pytest.fixture
def clock():
    return SetClock(NOW)


@pytest.fixture
def fake(clock):
    with FakeReceiver(circling(), clock=clock) as fake:
        yield fake


@pytest.fixture
def http():
    http = Http(timeout=30)
    yield http
    http.close()


@pytest.fixture
def make(clock, http):
    """Makes a source whose dice always show `dice`."""

    def make(kind, address, interval=1.0, dice=1.0):
        pace = Pace(interval, clock, dice=lambda: dice)
        return {"readsb": readsb, "v2": v2}[kind](str(address), clock=clock, http=http, pace=pace)

    return make


def failure(source):
    with pytest.raises(Transient) as caught:
        source.fetch()
    return caught.value


# Where it looks


@pytest.mark.parametrize("root", ["", "/tar1090", "/skyaware"])
@pytest.mark.parametrize("end", ["", "/", "/data/aircraft.json"])
def test_an_address_is_the_file_or_the_page_above_it(make, clock, root, end):
    with FakeReceiver(clock=clock, root=root) as fake:
        source = make("readsb", fake.url + root + end)
        snapshot = source.fetch()
        assert decode(snapshot).states.height == 12
        assert (snapshot.source, snapshot.received_at, snapshot.time) == (source.name, NOW, NOW)


def test_skyaware_is_found_from_the_host_alone_and_looked_for_once(make, clock):
    with FakeReceiver(clock=clock, root="/skyaware") as fake:
        source = make("readsb", fake.url)
        for _ in range(3):
            assert source.fetch()
            clock.now += 1
        assert fake.requests == ["/skyaware/data/aircraft.json"] * 3


def test_where_nothing_is_found_it_says_what_was_looked_for_and_looks_again(make, clock):
    with FakeReceiver(clock=clock, root="/elsewhere") as fake:
        source = make("readsb", fake.url)
        error = failure(source)
        assert (error.kind, "data/aircraft.json" in str(error), fake.host in str(error)) == ("refused", True, True)
        fake.root = ""
        assert source.fetch()


def test_a_page_for_what_is_not_there_is_not_taken_for_the_receiver(make, clock):
    with FakeReceiver(clock=clock, root="/skyaware", lost=200) as fake:
        assert make("readsb", fake.url).fetch()


def test_a_query_is_asked_as_it_is(make, fake):
    make("readsb", f"{fake.url}/data/aircraft.json?all&key=a%20b").fetch()
    assert fake.requests == ["/data/aircraft.json?all&key=a%20b"]


@pytest.mark.parametrize("folder", [True, False])
def test_a_file_is_read_as_well(make, tmp_path, folder):
    path = tmp_path / "aircraft.json"
    path.write_text(json.dumps(document()))
    source = make("readsb", tmp_path if folder else path)
    assert decode(source.fetch()).states["icao24"].to_list() == ["3c6444"]


def test_a_file_that_is_not_there_yet_is_waited_for(make, tmp_path):
    source = make("readsb", tmp_path / "aircraft.json")
    assert "No such file" in str(failure(source))
    (tmp_path / "aircraft.json").write_text(json.dumps(document()))
    assert source.fetch()


@pytest.mark.parametrize(
    "text", ["", "name:canary@pi.local/data", "http://", "http://pi:x/", "ftp://pi/", "http://p i/"]
)
@pytest.mark.parametrize("kind", ["readsb", "v2"])
def test_what_is_no_address_is_refused_without_being_repeated(make, kind, text):
    with pytest.raises(ConfigurationError) as caught:
        make(kind, text)
    assert "canary" not in str(caught.value)


# The v2 API


def test_a_circle_is_asked_for_and_times_are_in_milliseconds(make, fake):
    source = make("v2", f"{fake.url}/v2/point/48.7/2.4/10")
    snapshot = source.fetch()
    assert fake.requests == ["/v2/point/48.7/2.4/10"]
    assert snapshot.time == NOW
    assert 0 < decode(snapshot).states.height < 12


def test_several_circles_are_asked_for_in_turn(make, fake, clock):
    source = make("v2", f"{fake.url}#48.7,2.4,250+-0.5,-2,10", interval=10)
    found = []
    for _ in range(4):
        clock.now = max(clock.now, source.next_due())
        found.append(source.fetch())
    assert fake.requests == ["/v2/point/48.7/2.4/250", "/v2/point/-0.5/-2/10"] * 2
    assert [decode(one).states.height for one in found] == [12, 0, 12, 0]
    assert clock.now == NOW + 30


@pytest.mark.parametrize(
    ("end", "asked"),
    [
        ("/v2/all", "/v2/all"),
        ("/v2#1,2,3", "/v2/point/1/2/3"),
        ("/v2/point/9/9/9#1,2,3", "/v2/point/1/2/3"),
        ("/v2/point/{lat}/{lon}/{radius}#1,2,3", "/v2/point/1/2/3"),
        ("/?key=x#1,2,3", "/v2/point/1/2/3?key=x"),
    ],
)
def test_the_address_says_how_it_is_asked(make, fake, end, asked):
    make("v2", fake.url + end).fetch()
    assert fake.requests == [asked]


@pytest.mark.parametrize("end", ["", "/", "#48,2", "#48,2,x", "#91,0,1", "#0,181,1", "#0,0,251", "#0,0,0", "#1,2,3+"])
def test_an_area_that_is_none_is_refused(make, end):
    with pytest.raises(ConfigurationError, match="v2"):
        make("v2", f"http://example.org{end}")


def test_a_message_that_is_an_error_is_one(make, fake):
    fake.faults.append("error")
    error = failure(make("v2", f"{fake.url}/v2/all"))
    assert (error.kind, "Internal error" in str(error), b"Internal" in error.evidence.body) == ("refused", True, True)


# What is new


@pytest.mark.parametrize("again", [document(NOW), document(NOW, {"hex": "aaaaaa"})], ids=["bytes", "time"])
def test_the_same_again_is_nothing_newer(make, clock, again):
    with FakeReceiver(told(document(NOW), again, document(NOW + 1))) as fake:
        source = make("readsb", fake.url)
        source.fetch()
        with pytest.raises(NothingNewer):
            source.fetch()
        assert source.next_due() == clock.now + 1
        assert source.fetch().time == NOW + 1


def test_an_older_answer_is_another_one(make):
    with FakeReceiver(told(document(NOW), document(NOW - 1), document(NOW))) as fake:
        source = make("readsb", fake.url)
        assert [source.fetch().time for _ in range(3)] == [NOW, NOW - 1, NOW]


def test_milliseconds_in_an_aircraft_json_are_understood(make, fake):
    fake.faults.append("ms")
    assert make("readsb", fake.url).fetch().time == NOW


# What goes wrong

FAULTS = {
    "500": "server",
    "502": "server",
    "503": "server",
    "429": "throttled",
    "429:30": "throttled",
    "503:30": "throttled",
    "401": "refused",
    "403": "refused",
    "404": "refused",
    "418": "refused",
    "html": "unreadable",
    "garbage": "unreadable",
    "empty": "unreadable",
    "truncated": "unreadable",
    "cut": "unreadable",
    "reset": "unreachable",
    "hang": "unreachable",
    "drip": "unreachable",
}


class Web:
    """Patient, but not with who hangs."""

    def __init__(self):
        self.patient, self.hasty = Http(timeout=30), Http(timeout=0.2)
        self.hurry = False

    def get(self, url):
        return (self.hasty if self.hurry else self.patient).get(url)

    def close(self):
        self.patient.close()
        self.hasty.close()


@pytest.mark.parametrize(("fault", "kind"), FAULTS.items())
def test_every_fault_is_told_for_what_it_is_and_is_over_with_the_next_good_answer(clock, fault, kind):
    http = Web()
    with FakeReceiver(clock=clock, faults=[None, fault]) as fake:
        source = readsb(fake.url, clock=clock, http=http, pace=Pace(1.0, clock))
        assert source.fetch()
        clock.now += 1
        http.hurry = fault in {"hang", "drip"}
        error = failure(source)
        http.hurry = False
        assert error.kind == kind
        assert str(error)
        assert isinstance(error, BadAnswer) == (kind == "unreadable")
        clock.now = max(clock.now + 1, source.next_due())
        assert source.fetch()
    http.close()


def test_half_an_answer_that_was_none_anyway_is_no_evidence(make):
    with speaking([answer(b"<html>", "Connection: close", status=503, length=99)]) as server:
        error = failure(make("readsb", f"{server.url}/aircraft.json"))
    assert (type(error), error.kind) == (Transient, "server")


def test_the_same_evidence_is_not_handed_over_twice(make, fake):
    fake.faults.extend(["html", "html", "garbage", "html"])
    source = make("readsb", f"{fake.url}/data/aircraft.json")
    found = [getattr(failure(source), "evidence", None) for _ in range(4)]
    assert [one and one.body[:3] for one in found] == [HTML[:3], None, b"\x00\xff\x00", HTML[:3]]


def test_a_clock_far_ahead_is_told(make):
    with FakeReceiver(told(document(NOW + 3600))) as fake:
        assert "ahead of the clock" in str(failure(make("readsb", fake.url)))


# When it asks


def test_it_keeps_its_pace_however_long_an_answer_takes(make, fake, clock):
    source = make("readsb", fake.url, interval=10)
    assert source.next_due() <= NOW
    source.fetch()
    assert source.next_due() == NOW + 10


def test_after_failures_it_waits_longer_and_longer_up_to_a_bound(make, fake, clock):
    fake.faults.extend(["500"] * 9)
    source = make("readsb", f"{fake.url}/data/aircraft.json")
    waits = []
    for _ in range(9):
        failure(source)
        waits.append(source.next_due() - clock.now)
        clock.now = source.next_due()
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60, 60]
    source.fetch()
    assert source.next_due() == clock.now + 1


def test_chance_spreads_the_attempts_but_never_below_the_pace(make, fake, clock):
    fake.faults.extend(["500"] * 2)
    source = make("readsb", f"{fake.url}/data/aircraft.json", dice=0.0)
    failure(source)
    assert source.next_due() == NOW + 1


def test_retry_after_is_a_deadline(make, fake, clock):
    fake.faults.append("429:3600")
    source = make("v2", f"{fake.url}/v2/all", interval=10)
    assert failure(source).retry_after == 3600
    assert source.next_due() == NOW + 3600


def test_a_clock_that_was_set_back_does_not_stop_it(make, fake, clock):
    source = make("readsb", fake.url)
    source.fetch()
    clock.now -= 86_400
    assert source.next_due() <= clock.now


@given(st.text(max_size=12) | st.integers(-(10**9), 10**9).map(str) | st.sampled_from(["nan", "inf", "1e999", "-0"]))
def test_whatever_retry_after_says_is_a_time_or_nothing(value):
    wait = retry_after(Answer(429, {"retry-after": value}, b""), NOW)
    assert wait is None or 0 <= wait < float("inf")


def test_retry_after_may_be_a_date():
    assert retry_after(Answer(503, {"retry-after": "Tue, 14 Nov 2023 22:14:20 GMT"}, b""), NOW) == 60


# Its name, and what of its address may be told


@pytest.mark.parametrize(
    ("kind", "address", "name"),
    [
        ("readsb", "http://pi.local/", "readsb-pi.local"),
        ("readsb", "http://pi.local/data/aircraft.json", "readsb-pi.local"),
        ("readsb", "http://Pi.Local:8080/tar1090/", "readsb-pi.local-8080-tar1090"),
        ("readsb", "http://canary-name:canary-password@pi.local/tar1090?key=canary-key", "readsb-pi.local-tar1090"),
        ("readsb", "/run/readsb/aircraft.json", "readsb-run-readsb"),
        ("v2", "https://api.adsb.lol/v2/point/48.7/-2.4/100", "v2-api.adsb.lol-48.7n2.4w100nm"),
        ("v2", "https://api.adsb.lol#48.7,-2.4,100", "v2-api.adsb.lol-48.7n2.4w100nm"),
        ("v2", "https://api.adsb.lol#1,2,3+-1,2,3", "v2-api.adsb.lol-1n2e3nm-1s2e3nm"),
        ("v2", "https://api.adsb.lol/v2/mil", "v2-api.adsb.lol-v2-mil"),
    ],
)
def test_a_name_is_made_of_host_and_path(make, kind, address, name):
    assert make(kind, address).name == name == source_name(name)


def test_names_of_different_places_differ_and_stay(make):
    places = ["http://pi/A", "http://pi/a", "http://pi/a%20b", "http://pi/" + "a" * 99, "http://pi/" + "a" * 98 + "b"]
    names = [make("readsb", place).name for place in places]
    assert len(set(names)) == len(places)
    assert [make("readsb", place).name for place in places] == names


@given(st.text(max_size=120))
def test_every_name_fits_into_a_key(place):
    name = name_of("readsb", place)
    assert name == source_name(name)


def test_no_secret_of_an_address_is_told_by_anything(clock, http, caplog):
    caplog.set_level(logging.DEBUG)
    said = []
    with FakeReceiver(clock=clock, login="canary-name:canary-password", key=("key", "canary-key")) as fake:
        address = f"http://canary-name:canary-password@{fake.host}/data/aircraft.json?key=canary-key"
        source = readsb(address, clock=clock, http=http, pace=Pace(1.0, clock))
        snapshot = source.fetch()
        assert "canary-key" in fake.requests[0]
        fake.faults.extend(["500", "html", "reset", "cut", "429:1", "401"])
        while fake.faults:
            with pytest.raises(Transient) as caught:
                source.fetch()
            said += traceback.format_exception(caught.value)
    with pytest.raises(Transient) as caught:
        source.fetch()
    said += traceback.format_exception(caught.value)
    said += [snapshot.key, source.name, repr(source), repr(Address.parse(address)), Address.parse(address).shown]
    everything = "\n".join(said) + caplog.text
    assert not [secret for secret in SECRETS if secret in everything]


def test_a_server_that_repeats_our_secrets_is_not_quoted(make, clock):
    said = b'{"msg": "no key canary-key of canary-name, canary password", "now": 1700000000000, "ac": []}'
    with speaking([answer(said)], [answer(said.replace(b"ac", b"xx"))]) as server:
        host = server.url.removeprefix("http://")
        source = make("v2", f"http://canary-name:canary%20password@{host}/v2/all?key=canary-key")
        for _ in range(2):
            assert "no key … of …, …" in str(failure(source))


def test_every_address_in_the_documentation_works(make):
    text = (REPOSITORY / "docs" / "sources.md").read_text() + (REPOSITORY / "README.md").read_text()
    found = re.findall(r"--source (readsb|v2):([^\s\"'`]+)", text)
    assert len(found) >= 10
    for kind, address in found:
        assert make(kind, address).name.startswith(f"{kind}-")


# Looking without consequences


def test_a_probe_tells_what_is_there_and_changes_nothing(make, fake, clock):
    source = make("readsb", fake.url)
    found = source.probe()
    assert (found.snapshot.time, found.server_time) == (NOW, NOW)
    assert found.found == f"{fake.host}/data/aircraft.json"
    assert source.next_due() <= NOW
    assert source.fetch()


def test_a_probe_fails_as_a_fetch_does(make, fake):
    fake.faults.append("html")
    with pytest.raises(Transient, match="HTML"):
        make("readsb", f"{fake.url}/data/aircraft.json").probe()
