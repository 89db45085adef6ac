"""`flightdata` with an OpenSky on a socket that does everything wrong: processes of their own, as users start them."""

import gzip
import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fixtures.fake_opensky import serving
from fixtures.opensky_service import CLIENT_ID, CLIENT_SECRET, OpenSkyService
from polars.testing import assert_frame_equal
from samples import row

from flightdata.cli.status import gather
from flightdata.models.snapshot import RawSnapshot, SnapshotKey
from flightdata.settings import Settings
from flightdata.validation import gate
from flightdata.wiring import House

BIN = Path(sys.executable).parent
SCRIPTS = Path(__file__).parents[2] / "scripts"

GLOBE = "opensky/global_20260508/2026-05-08T175953Z.json.gz"

SAFE = 30.0
"""Seconds after which something that should have happened is given up."""

TIMEOUT = 2
MOST_MEMORY = 500_000  # kB

NAMED = {
    "500": "500 from OpenSky",
    "502": "502 from OpenSky",
    "503": "503 from OpenSky",
    "html": "with HTML",
    "error": "with an error object",
    "empty": "with an empty body",
    "cut": "with a truncated body",
    "truncated": "the answer is truncated",
    "reset": "the connection broke",
    "silence": "no complete answer within 2 s",
    "slow head": "no complete answer within 2 s",
    "slow body": "no complete answer within 2 s",
    "bomb": "larger than 67,108,864 bytes",
    "429": "429: OpenSky gives no more credits",
}
"""What the log says of each fault."""

HARMLESS = ("null", "backwards", "401")
GARBAGE = ("html", "error", "cut", "truncated", "empty")

MISTAKES = {
    "400": "400: OpenSky does not take our request",
    "403": "403: OpenSky refuses this account or this address",
    "token 401": "OpenSky refuses the credentials (401",
    "token echo": "OpenSky refuses the credentials (400",
    "token html": "without a token",
    "token 500": "500 from the token route",
    "token reset": "the connection broke",
}


@pytest.fixture
def service():
    return OpenSkyService(
        time.time, account="licensed", sky=lambda now: [row(f"{n:06x}", seen=now - 1) for n in range(99)]
    )


@pytest.fixture
def fake(service):
    with serving(service) as fake:
        yield fake


@pytest.fixture
def environment(tmp_path, fake):
    """Only what a process needs, and where the fake is."""
    return {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ} | {
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "OPENSKY_API_URL": fake.api_url,
        "OPENSKY_TOKEN_URL": fake.token_url,
        "OPENSKY_CLIENT_ID": CLIENT_ID,
        "OPENSKY_CLIENT_SECRET": CLIENT_SECRET,
        "OPENSKY_TIMEOUT_SECONDS": f"{TIMEOUT}",
        "LOG_LEVEL": "DEBUG",
    }


@pytest.fixture
def flightdata(tmp_path, environment):
    """Starts the command and waits for its end."""

    def flightdata(*arguments, **given):
        command = [str(BIN / "flightdata"), *arguments]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment | given,
            capture_output=True,
            text=True,
            timeout=2 * SAFE,
            check=False,
        )

    return flightdata


@contextmanager
def up(folder, environment, *arguments):
    """`flightdata up` in the background, and the file of its log."""
    log = folder / "log"
    with log.open("w") as stderr:
        command = [str(BIN / "flightdata"), "up", "--port", "0", *arguments]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=stderr, stderr=stderr)
    try:
        yield process, log
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def house(tmp_path):
    house = House(Settings(_env_file=None, data_dir=tmp_path / "data"))
    yield house
    house.close()


def wait(found, trouble):
    """What `found` finds, as soon as that is something."""
    deadline = time.monotonic() + SAFE
    while not (result := found()):
        assert time.monotonic() < deadline, trouble()
        time.sleep(0.02)
    return result


def without_credentials(folder, *texts):
    """None of it shows a credential, nor does any file of the data."""
    said = "".join(texts).encode() + b"".join(
        path.read_bytes() for path in (folder / "data").rglob("*") if path.is_file()
    )
    assert b"canary" not in said


# One process through all of it.


def test_up_survives_everything_names_it_and_loses_nothing(tmp_path, environment, fake, service, house):
    service.retry_after = 0
    quick = {"OPENSKY_ACCOUNT": "licensed", "OPENSKY_TICK_SECONDS": "0.1", "OPENSKY_AREAS": "47,49,1,4"}
    with up(tmp_path, environment | quick, "--live") as (process, log):

        def answers(count):
            """Wait for so many more good answers."""
            assert process.poll() is None, log.read_text()
            before = sum(call.status == 200 for call in service.calls)
            wait(lambda: sum(call.status == 200 for call in service.calls) >= before + count, log.read_text)

        wait(lambda: service.calls, log.read_text)
        for fault, words in NAMED.items():
            named = log.read_text().count(words)
            service.faults.append(fault)
            wait(lambda: log.read_text().count(words) > named, log.read_text)  # noqa: B023, it waits inside the loop
            answers(1)
        for fault in HARMLESS:
            service.faults.append(fault)
            answers(2)
        assert len(service.logins) == 2  # at first, and after the 401
        service.down = True
        wait(lambda: "found by a look that costs nothing" in log.read_text(), log.read_text)
        service.down = False
        answers(2)
        memory = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1])
        process.terminate()
        process.wait(SAFE)
        said = log.read_text()

    assert process.returncode == 0
    assert memory < MOST_MEMORY
    assert "Traceback" not in said
    assert service.overdrawn == 0
    keys = list(house.archive.keys())
    accounts = house.ledger.find(keys)
    assert {account.key for account in accounts} | set(waiting(house)) == set(keys), "something archived was lost"
    assert all(account.balanced for account in accounts)
    assert sum(account.unreadable is not None for account in accounts) == len(GARBAGE)
    without_credentials(tmp_path, said, json.dumps(gather(house)))


def waiting(house):
    """What is still in the queue."""
    return [delivery.event.key for delivery in house.queue.receive(100)]


# What is told of each fault, while it lasts.


@pytest.fixture(params=[*NAMED, *MISTAKES])
def fault(request, service):
    if request.param.startswith("token"):
        service.token_fault = request.param
    else:
        service.fault = request.param
    return request.param


def test_status_names_the_fault(house, environment, fault):
    timeout = 0.2 if "slow" in fault or fault == "silence" else SAFE
    here = {name.lower(): value for name, value in environment.items() if name.startswith("OPENSKY_")}
    here |= {"opensky_timeout_seconds": timeout}
    there = House(Settings(_env_file=None, data_dir=house.settings.data_dir, **here))
    there.fetch.all_due(there.source("opensky"))
    there.close()
    report = gather(house)
    words = {**NAMED, **MISTAKES}[fault].replace(f"within {TIMEOUT}", f"within {timeout}")
    assert words in report["sources"][0]["error"]
    assert words in report["opensky"]["reason"]
    assert any(words in trouble for trouble in report["degraded"])
    assert report["opensky"]["failure"] == kind_of(fault)
    without_credentials(house.settings.data_dir.parent, json.dumps(report))


def kind_of(fault):
    if fault == "429":
        return "quota"
    if fault in GARBAGE:
        return "garbage"
    return "mistake" if fault in ("400", "403", "token 401", "token echo") else "outage"


def test_status_in_words_says_what_is_left_what_it_costs_how_often_and_what_would_help(flightdata, service, tmp_path):
    service.account = "standard"
    assert flightdata("fetch", "--once", "--source", "opensky").returncode == 0
    said = flightdata("status").stdout
    for words in (
        "3,996 of 4,000 left (standard)",
        "4 a tick for the globe: every 86.6 s on average",
        "opensky next call",
        "feeding OpenSky with a receiver of your own: every 43 s",
        "one box of at most 400 square degrees: every 65 s",
    ):
        assert words in said


@pytest.mark.parametrize(("fault", "form"), [("token echo", "json"), ("token html", "console")])
def test_nothing_that_is_said_or_kept_shows_a_credential(flightdata, service, tmp_path, fault, form):
    """The token route repeats what it was sent, in its body, its headers, its address."""
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET}))
    given = {"OPENSKY_CLIENT_ID": "", "OPENSKY_CLIENT_SECRET": "", "OPENSKY_CREDENTIALS_FILE": str(file)}
    service.token_fault = fault
    fetched = flightdata("fetch", "--once", "--source", "opensky", LOG_FORMAT=form, **given)
    assert fetched.returncode == 5
    assert service.logins
    status = flightdata("status", LOG_FORMAT=form, **given)
    assert status.returncode == 6
    without_credentials(tmp_path, fetched.stdout, fetched.stderr, status.stdout, status.stderr)


# One process a tick.


def test_two_that_fetch_at_once_fetch_a_tick_once(tmp_path, environment, service):
    slow_tick = environment | {"OPENSKY_TICK_SECONDS": "86400"}
    command = [str(BIN / "flightdata"), "fetch", "--once", "--source", "opensky:47,49,1,4"]
    both = [
        subprocess.Popen(
            command, cwd=tmp_path, env=slow_tick, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=2 * SAFE) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted(len(json.loads(out)) for out, _ in said) == [0, 1]
    assert len(service.calls) == 1


def test_fetch_once_beside_up_leaves_the_tick_to_it(tmp_path, environment, flightdata, service, house):
    slow_tick = {"OPENSKY_TICK_SECONDS": "86400"}
    source = ("--source", "opensky:47,49,1,4/0,1,0,1")
    with up(tmp_path, environment | slow_tick, *source) as (_, log):
        wait(lambda: len(service.calls) == 2, log.read_text)
        beside = flightdata("fetch", "--once", *source, **slow_tick)
        report = json.loads(flightdata("status", "--json").stdout)
    assert (beside.returncode, json.loads(beside.stdout)) == (0, [])
    assert "opensky is not due before" in beside.stderr
    assert len(service.calls) == 2
    assert report["running"]
    assert report["opensky"]["areas"] == "2 boxes of 7 square degrees"
    assert [SnapshotKey.parse(key).source for key in house.archive.keys()] == ["opensky"] * 2  # noqa: SIM118, no dict


# A good day.


def test_a_recorded_sky_arrives_as_it_was_recorded(recordings, service, environment, house):
    """12,341 rows over the socket, gzipped on the way; the time is that of the answer."""
    body = gzip.decompress((recordings / GLOBE).read_bytes())
    recorded = gate.decode(RawSnapshot("opensky", time.time(), body))
    rows = json.loads(body)["states"]
    service.sky = lambda _now: rows
    here = {name.lower(): value for name, value in environment.items() if name.startswith("OPENSKY_")}
    there = House(
        Settings(_env_file=None, data_dir=house.settings.data_dir, **here | {"opensky_timeout_seconds": SAFE})
    )
    (event,) = there.fetch.all_due(there.source("opensky"))
    there.close()
    arrived = gate.decode(house.archive.get(event.key))
    assert (arrived.rows, arrived.rejected) == (recorded.rows, recorded.rejected)
    assert arrived.rows == 12_341
    assert_frame_equal(arrived.states.drop("quality"), recorded.states.drop("quality"))  # which asks how old they are


# By hand.


def test_the_fake_can_be_started_by_hand(tmp_path, environment):
    command = [sys.executable, str(SCRIPTS / "fake-opensky.py"), "--port", "0", "--simulation", "7", "--fault", "503"]
    with subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip().removeprefix("OPENSKY_API_URL=")
            assert httpx.get(f"{url}/states/all").status_code == 503
            assert httpx.post(url.replace("/api", "/fault")).status_code == 204
            assert httpx.post(url.replace("/api", "/fault"), params={"name": "404", "times": 1}).status_code == 204
            assert httpx.post(url.replace("/api", "/fault"), params={"name": "odd"}).status_code == 404
            assert httpx.get(f"{url}/states/all").status_code == 404
            answer = httpx.get(f"{url}/states/all")
        finally:
            process.terminate()
    assert len(answer.json()["states"]) == 7
    assert answer.headers["x-rate-limit-remaining"] == "396"
