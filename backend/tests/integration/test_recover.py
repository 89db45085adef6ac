"""Archived and not published: the fetcher is killed there, or the bus refuses and the function's instance is gone."""

import json
import signal
import time
from contextlib import closing, contextmanager, suppress

import polars as pl
import pytest
from fakes import SetClock
from fixtures import killable
from fixtures.fault_proxy import Faults, fault_proxy
from fixtures.killed import fetch_and_die
from samples import NOW, archived, row, snapshot

from flightdata.backends.archive.s3 import SUFFIX
from flightdata.errors import Transient
from flightdata.models.selection import Selection
from flightdata.models.snapshot import SnapshotAccount
from flightdata.pipeline.fetch import Fetch
from flightdata.pipeline.recover import GRACE, Recovered
from flightdata.pipeline.work import work
from flightdata.settings import Settings
from flightdata.wiring import House

SAFE = 60.0
"""Seconds after which something that should have happened is given up."""

# On one machine.


@pytest.fixture
def stranded(tmp_path):
    """The data folder of a fetch that was killed between archive and queue, and the key."""
    process = killable.call(fetch_and_die, str(tmp_path / "data"), "simulation:5")
    process.join()
    assert process.exitcode == -signal.SIGKILL
    with closing(House(Settings(_env_file=None, data_dir=tmp_path / "data"))) as house:
        (key,) = house.archive.keys()
        depth = house.queue.depth()
        assert (depth.waiting, depth.in_flight, depth.dead) == (0, 0, 0)
    return tmp_path / "data", key


def test_process_takes_what_a_killed_fetch_left_in_the_archive(stranded, tmp_path):
    data, key = stranded
    for expected in ([key], []):
        log = tmp_path / f"log-{len(expected)}"
        process = killable.start(["process", "--data", str(data)], log)
        process.join()
        assert process.exitcode == 0, log.read_text()
        printed = log.read_text().splitlines()
        accounts = json.loads("\n".join(line for line in printed if not line.startswith('{"')))
        assert [one["key"] for one in accounts] == expected
    with closing(House(Settings(_env_file=None, data_dir=data))) as house:
        assert house.live.latest().aircraft == house.ledger.totals().stored == 5


def test_up_takes_it_at_its_start(stranded, tmp_path):
    data, key = stranded
    process = killable.start(["up", "--data", str(data), "--port", "0", "--source", "simulation:3"], tmp_path / "log")
    try:
        with closing(House(Settings(_env_file=None, data_dir=data))) as house:
            deadline = time.monotonic() + SAFE
            while not house.ledger.find([key]):
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                time.sleep(0.1)
    finally:
        process.kill()
        process.join()


# On AWS.


class Given:
    """A source with this answer."""

    def __init__(self, answer):
        self.name, self._answer = answer.source, answer

    def next_due(self):
        return 0.0

    def fetch(self):
        return self._answer


BEGIN = 2 * NOW
"""In fifty years: MiniStack deletes what has expired by its own clock."""


@pytest.fixture
def clock():
    return SetClock(BEGIN)


@pytest.fixture
def opened(account, tmp_path, clock, monkeypatch):
    """Opens a house whose backends are on AWS, asked at a URL, as an instance of a function does."""
    environment = account.environment()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environment[name])
    known = {name.lower(): value for name, value in environment.items() if name.lower() in Settings.model_fields}

    @contextmanager
    def opened(url=account.ministack.url):
        settings = Settings(_env_file=None, **known | {"aws_endpoint_url": url, "data_dir": tmp_path / "none"})
        with closing(House(settings, clock)) as house:
            yield house

    return opened


def answers(count):
    """Of two aircraft, one after the other from two sources."""
    for step in range(count):
        now = BEGIN + 30 * step
        yield snapshot(row("000001", seen=now), row("000002", seen=now), time=now, source=f"source-{step % 2}")


def drain(house):
    while work(house.queue, house.process, wait=1):
        pass


def remembered(house):
    return pl.concat(house.history.states(Selection(BEGIN - 3600, BEGIN + 7200))).sort(
        "icao24", "last_contact", "source"
    )


def test_what_the_bus_refused_and_an_instance_took_with_it_is_processed_once(account, opened, clock):
    snapshots = list(answers(6))
    clock.now = snapshots[-1].received_at
    with fault_proxy(account.ministack.url, Faults(refused=1.0), seed=1) as proxy, opened(proxy.url) as instance:
        for one in snapshots[1:5]:
            with suppress(Transient):
                Fetch(instance.archive, instance.publisher, instance.health, clock).tick(Given(one))
        assert proxy.done["events", "refused"] >= 4 * 4
    with opened() as house:
        for one in (snapshots[0], snapshots[5]):
            house.fetch.tick(Given(one))
        drain(house)
        assert house.recover.round() == Recovered()
        clock.now += GRACE
    with opened() as analytics:
        assert analytics.recover.round() == Recovered(published=4)
        drain(analytics)
        keys = [one.key for one in snapshots]
        assert [one.key for one in analytics.ledger.find(keys)] == keys
        before = remembered(analytics)
        assert before.height == 2 * len(snapshots)
    with opened() as later:
        clock.now += 3600
        assert later.recover.round() == Recovered()
        for key in keys:
            later.publisher.publish(archived(later.archive.get(key)))
        drain(later)
        assert remembered(later).equals(before)
        totals = later.ledger.totals()
        assert (totals.snapshots, totals.rows) == (6, 12)


def test_poison_is_given_up_once_and_not_sent_again_by_itself(account, opened, clock):
    poison, good = answers(2)
    with opened() as house:
        for one in (poison, good):
            house.archive.put(one)
        account.client("s3").put_object(Bucket=account.bucket, Key=poison.key + SUFFIX, Body=b"damaged")
        clock.now += 3600
        assert house.recover.round() == Recovered(published=2)
        drain(house)
        assert [one.key for one in house.ledger.find([poison.key, good.key])] == [good.key]
        assert house.queue.depth().dead == 1
        assert house.recover.round() == Recovered(given_up=1)
    with opened() as later:
        clock.now += 3600
        assert later.recover.round() == Recovered()
        assert (later.queue.depth().waiting, later.queue.depth().dead) == (0, 1)


def test_an_hour_is_looked_through_in_a_few_requests_however_large_the_archive_is(account, opened, clock):
    with opened() as house:
        for one in answers(240):
            house.archive.put(one)
            house.ledger.record([SnapshotAccount(one.key)])
        clock.now = BEGIN + 240 * 30
        house.ledger.settle(clock.now - 3600)
        asked = []
        for client in (house.archive._client, house.ledger._client):
            client.meta.events.register("before-call", lambda model, **_: asked.append(model.name))
        assert house.recover.round() == Recovered()
        assert sorted(asked) == ["GetItem", *["ListObjectsV2"] * 3, "PutItem", *["Query"] * 2]
