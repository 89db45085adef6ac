"""Several sources at once: one picture of all of them, and none that holds up the others."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from fixtures import fake_opensky, oracle
from fixtures.fake_receiver import FakeReceiver, circling, told
from fixtures.opensky_service import OpenSkyService
from samples import body, row

from flightdata.clients.receiver import Pace, readsb
from flightdata.runner import Runner
from flightdata.settings import Settings
from flightdata.wiring import House

SAFE = 30.0
"""Seconds after which something that should have happened is given up."""

ROUNDS = 4
OLD = 200
"""Seconds from the first round to now: all rounds lie in the past, and all of it is live."""

ADDRESSES = [f"{number:06x}" for number in range(0xA00000, 0xA00000 + 60)] + ["~a00001", "~a00002"]
COMPARED = (
    *("icao24", "callsign", "origin_country", "time_position", "last_contact", "longitude", "latitude"),
    *("baro_altitude", "on_ground", "velocity", "true_track", "vertical_rate", "geo_altitude", "squawk", "spi"),
    *("position_source", "position_type", "category", "registration", "typecode"),
)
LOOKED_UP = ("origin_country", "registration", "typecode")
"""What no source says may be known from tables."""


def until(found, trouble):
    """What `found` finds, as soon as that is something."""
    deadline = time.monotonic() + SAFE
    while not (result := found()):
        assert time.monotonic() < deadline, trouble() if callable(trouble) else trouble
        time.sleep(0.02)
    return result


# What the sources say: aircraft that each of them hears, some only one, now earlier, now later than the others


def heard(chance, now):
    """An aircraft.json of `now`: ages of up to 30 s, a fifth without position, some on the ground."""
    aircraft = []
    for address in chance.sample(ADDRESSES, 45):
        seen = round(chance.uniform(0, 20), 1)
        one = {"hex": address, "seen": seen, "flight": f"R{chance.randrange(9999)}", "type": "adsb_icao", "t": "A320"}
        if chance.random() < 0.8:
            place = {"lat": round(chance.uniform(40, 50), 4), "lon": round(chance.uniform(0, 9), 4)}
            one |= place | {"seen_pos": round(seen + chance.uniform(0, 10), 1)}
        one |= {"alt_baro": chance.choice(["ground", 1000, 37000]), "gs": round(chance.uniform(0, 500), 1)}
        aircraft.append(one)
    return {"now": now, "messages": 1, "aircraft": aircraft}


def documents(seed, beginning):
    chance = random.Random(seed)
    return [heard(chance, beginning + 40 * number + chance.randrange(1000) / 1000) for number in range(ROUNDS)]


@contextmanager
def receiver(seed, beginning, kind, end):
    """A fake that gives its documents once each, the last one again and again."""
    with FakeReceiver(told(*documents(seed, beginning))) as fake:
        yield f"{kind}:{fake.url}{end}", {}, lambda: fake.wait_for(ROUNDS + 1) or fake.answers[:ROUNDS]


@contextmanager
def recording(seed, beginning, folder):
    chance = random.Random(seed)
    path = folder / "opensky.jsonl"
    answers = []
    for number in range(ROUNDS):
        now = beginning + 40 * number + 7
        rows = [row(one, seen=now - chance.randrange(30)) for one in ADDRESSES[:60] if chance.random() < 0.7]
        answers.append(body(*rows, time=now))
    path.write_bytes(b"\n".join(answers))
    yield f"recording:{path}", {}, lambda: answers


@contextmanager
def opensky(seed):
    """One answer: the next one is not affordable before the test is over."""
    chance = random.Random(seed)
    bodies = []

    class Recorded(OpenSkyService):
        def _body(self, query, fault):
            bodies.append(super()._body(query, fault))
            return bodies[-1]

    def sky(now):
        return [row(one, seen=int(now) - chance.randrange(200)) for one in ADDRESSES[:60] if chance.random() < 0.7]

    with fake_opensky.serving(Recorded(time.time, account="anonymous", sky=sky)) as fake:
        urls = {"OPENSKY_API_URL": fake.api_url, "OPENSKY_TOKEN_URL": fake.token_url}
        yield "opensky", urls, lambda: until(lambda: bodies, "OpenSky was not asked")


SOURCES = {
    "opensky": lambda _, __: opensky(4),
    "readsb-127.0.0.1": lambda beginning, _: receiver(1, beginning, "readsb", "/data/aircraft.json"),
    "v2-127.0.0.1": lambda beginning, _: receiver(2, beginning, "v2", "/v2/all"),
    "recording-opensky": lambda beginning, folder: recording(3, beginning, folder),
}
"""How the name of each begins, and what opens it: its specification, the settings it needs, and what gives all the
different answers that it has given.
"""


def merged(answers):
    """The independent reading: of each source the freshest state of an aircraft, of those the freshest position."""
    states, newest = {}, oracle.Decimal(0)
    for source, bodies in answers.items():
        for one in map(oracle.read, bodies):
            newest = max(newest, one.time)
            for state in one.rows:
                held = states.get((state["icao24"], source))
                if held is None or oracle.freshness(state) > oracle.freshness(held):
                    states[state["icao24"], source] = state
    picture = {}
    for (icao24, source), state in states.items():
        if state["last_contact"] < newest - oracle.EXPIRY:
            continue
        rank = (oracle.freshness(state)[::-1], source)
        if icao24 not in picture or rank > picture[icao24][0]:
            picture[icao24] = rank, state
    return {icao24: (rank[1], state) for icao24, (rank, state) in picture.items()}


@contextmanager
def up(specs, folder, **settings):
    """A process with these sources; gives where it answers."""
    options = ("--port", "0", "--data", "data", "--speed", "max", "--times", "recorded", "--no-loop")
    command = [
        sys.executable,
        "-m",
        "flightdata",
        "up",
        *options,
        *(part for one in specs for part in ("--source", one)),
    ]
    quick = {"RECEIVER_INTERVAL_SECONDS": "0.05", "V2_INTERVAL_SECONDS": "0.05", "HOME": str(folder)}
    needed = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    log = folder / "stderr"
    with log.open("w") as err:
        process = subprocess.Popen(command, cwd=folder, env=needed | quick | settings, stderr=err)
    try:
        found = until(lambda: re.search(r"API +(http://localhost:\d+)/", log.read_text()), log.read_text)
        yield found[1], log
        process.send_signal(signal.SIGTERM)
        assert process.wait(SAFE) == 0
    finally:
        process.kill()
        process.wait()


def test_the_picture_of_all_sources_is_what_an_independent_merge_of_their_answers_says(tmp_path):
    beginning = int(time.time()) - OLD
    with ExitStack() as stack:
        opened = {name: stack.enter_context(make(beginning, tmp_path)) for name, make in SOURCES.items()}
        settings = {name: value for _, needed, _ in opened.values() for name, value in needed.items()}
        url, log = stack.enter_context(up([spec for spec, _, _ in opened.values()], tmp_path, **settings))
        answers = {name: finished() for name, (_, _, finished) in opened.items()}
        house = House(Settings(_env_file=None, data_dir=tmp_path / "data"))
        stack.callback(house.close)
        expected_snapshots = sum(map(len, answers.values()))
        until(
            lambda: house.ledger.totals().snapshots == expected_snapshots,
            lambda: f"{house.ledger.totals()}\n{log.read_text()}",
        )
        ready = until(
            lambda: (found := httpx.get(f"{url}/health/ready").json())["version"] == house.live.version() and found,
            "the newest picture is not answered",
        )
        page = httpx.get(f"{url}/flights?limit=1000").json()
    expected = merged(answers)
    assert page["count"] == len(expected)
    wrong = [
        (flight["icao24"], column, flight[column], state[column])
        for flight in page["flights"]
        for source, state in [expected[flight["icao24"]]]
        for column in COMPARED
        if (state[column] is not None or column not in LOOKED_UP)
        if not same(flight[column], state[column]) or not flight["source"].startswith(source)
    ]
    assert wrong == []
    assert {source for source, _ in expected.values()} == set(SOURCES), "each source has to be somewhere the best one"
    assert (ready["status"], len(ready["sources"])) == ("ready", len(SOURCES))


def same(one, other):
    if isinstance(other, oracle.Decimal):
        return one is not None and abs(one - float(other)) < 0.0051
    return one == other


# One that hangs


@pytest.fixture
def house(tmp_path):
    house = House(Settings(_env_file=None, data_dir=tmp_path))
    yield house
    house.close()


def test_a_source_that_hangs_neither_stops_nor_hides_and_recovers_by_itself(house):
    with FakeReceiver(circling(5)) as good, FakeReceiver(circling(7), faults=["hang"] * 1000) as bad:
        sources = [
            readsb(
                f"{one.url}/data/aircraft.json",
                clock=house.clock,
                http=house.receiver_http,
                pace=Pace(0.02, house.clock),
            )
            for one in (good, bad)
        ]
        runner = Runner(
            sources, house.fetch, house.process, house.recover, house.keep, house.queue, house.queue, house.clock
        )
        runner.start()
        bad.wait_for(1)
        good.wait_for(len(good.requests) + 5)
        assert len(bad.requests) == 1, "it does not hang any more, so this says nothing"

        def readiness():
            house.query.refresh()
            return house.query.readiness()

        until(lambda: readiness().aircraft == 5, "the other one's aircraft are not there")
        bad.over.set()  # it hangs up now, and every time that it is asked
        failing = until(lambda: (found := readiness()).degraded and found, "nobody says that it fails")
        assert failing.ready
        assert [text.split(":")[0] for text in failing.degraded] == [f"source {sources[1].name}"]
        assert {one.name: one.kind for one in failing.sources}[sources[1].name] == "unreachable"
        bad.faults.clear()
        until(lambda: not readiness().degraded, "it did not recover")
        until(lambda: readiness().aircraft == 7, "its aircraft are not there")
        assert runner.stop(SAFE)


def test_evidence_is_kept_and_counted_when_a_source_answers_nonsense(house):
    with FakeReceiver(circling(5), faults=["html", "truncated", "garbage"]) as fake:
        source = readsb(
            f"{fake.url}/data/aircraft.json", clock=house.clock, http=house.receiver_http, pace=Pace(0.02, house.clock)
        )
        runner = Runner(
            [source], house.fetch, house.process, house.recover, house.keep, house.queue, house.queue, house.clock
        )
        runner.start()
        until(lambda: house.ledger.totals().stored > 0, "it did not recover")
        assert runner.stop(SAFE)
    assert house.ledger.totals().unreadable == 3
    assert not house.query.readiness().degraded


# What is told to nobody

SECRETS = ("canary-name", "canary-password", "canary-key")


def test_what_an_address_keeps_secret_reaches_its_server_and_nothing_else(tmp_path):
    faults = [None, "500", "html", "cut", "reset", "429:0", "401"]
    with ExitStack() as stack:
        fake = stack.enter_context(
            FakeReceiver(circling(5), faults=faults, login="canary-name:canary-password", key=("key", "canary-key"))
        )
        specs = [
            f"readsb:http://canary-name:canary-password@{fake.host}/data/aircraft.json?key=canary-key",
            f"v2:http://canary-name:canary-password@{fake.host}/?key=wrong-canary-key#48.7,2.4,250",
        ]
        url, log = stack.enter_context(up(specs, tmp_path))
        fake.wait_for(len(faults) + 2)
        status = subprocess.run(
            [sys.executable, "-m", "flightdata", "status", "--json"], cwd=tmp_path, capture_output=True, check=False
        )
        said = [httpx.get(f"{url}/health/ready").content, httpx.get(f"{url}/flights").content]
        said += [status.stdout, status.stderr, log.read_bytes()]
    assert status.returncode == 6, "the v2 source has a wrong key"
    for path in (tmp_path / "data").rglob("*"):
        said += [str(path).encode(), path.read_bytes() if path.is_file() else b""]
    assert not [secret for secret in SECRETS if secret.encode() in b"\n".join(said)]
    assert b"401" in log.read_bytes()
