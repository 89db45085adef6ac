"""A collector outside AWS: a process of its own, with an OpenSky on one side and AWS on the other."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fixtures.fake_opensky import serving
from fixtures.gate import gate
from fixtures.opensky_service import OpenSkyService
from samples import row

from flightdata.backends.archive.s3 import S3Archive
from flightdata.backends.queue.sqs import SqsQueue

FLIGHTDATA = Path(sys.executable).with_name("flightdata")
SAFE = 60.0
"""Seconds after which something that should have happened is given up."""
HERE = "budgets=embedded lease=embedded health=embedded"


@pytest.fixture
def opensky():
    """Answers once a second, never twice the same."""
    service = OpenSkyService(time.time, account="licensed", sky=lambda now: [row("aaaaaa", seen=now)])
    with serving(service) as fake:
        yield fake


@pytest.fixture
def queue(account):
    url, dead = account.queues(visibility=360, max_attempts=5)
    return SqsQueue(account.client("sqs"), url, dead, time.time, max_attempts=5)


@pytest.fixture
def way(account, queue):
    """To AWS; it can be cut."""
    with gate(urlsplit(account.ministack.url).port) as made:
        yield made


class Collector:
    """`flightdata collect` in a folder."""

    def __init__(self, folder, account, opensky, way):
        self.log, self.spool = folder / "log", folder / "data" / "spool"
        self._folder = folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AWS_ACCESS_KEY_ID": account.id,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": way.url,
            "ENVIRONMENT": "dev",
            "S3_RAW_BUCKET": account.bucket,
            "EVENTBRIDGE_BUS_NAME": account.bus,
            "SOURCES": "opensky:47,49,1,4",
            "OPENSKY_API_URL": opensky.api_url,
            "OPENSKY_TOKEN_URL": opensky.token_url,
            "OPENSKY_CLIENT_ID": "canary-client-id",
            "OPENSKY_CLIENT_SECRET": "canary-client-secret",
            "OPENSKY_ACCOUNT": "licensed",
            "OPENSKY_TICK_SECONDS": "1",
        }

    def command(self, *arguments, **settings):
        with self.log.open("a") as log:
            return subprocess.Popen(
                [FLIGHTDATA, *arguments],
                cwd=self._folder,
                env=self._environment | {"BACKENDS": f"{HERE} secrets=embedded"} | settings,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    @contextmanager
    def running(self, **settings):
        """Killed at the end, if it has not ended."""
        self._said_before = {message: len(self.said(message)) for message in ("snapshot archived", "snapshot sent")}
        process = self.command("collect", **settings)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def said(self, message):
        """The keys of the log's lines that say so."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        found = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [one["key"] for one in found if one["message"] == message]

    def says_more(self, message):
        """Than when it was started."""
        return len(self.said(message)) > self._said_before[message]

    def kept(self):
        return list(self.spool.rglob("*.zst"))


@pytest.fixture
def collector(tmp_path, account, opensky, way):
    return Collector(tmp_path, account, opensky, way)


def until(done, what):
    deadline = time.monotonic() + SAFE
    while not (found := done()):
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)
    return found


def delivered(queue):
    """The keys of all events that wait in the queue."""
    return [one.event.key for one in queue.receive(1000)]


def archive(account):
    return S3Archive(account.client("s3"), account.bucket)


def test_what_it_fetches_is_on_s3_and_its_event_in_the_queue(collector, account, queue):
    assert account.table  # with credits, leases and health on AWS as well
    with collector.running(BACKENDS="secrets=embedded") as process:
        sent = until(lambda: collector.said("snapshot sent"), "the sending")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SAFE) == 0
    assert set(sent) <= set(delivered(queue))
    states = json.loads(archive(account).get(sent[0]).body)["states"]
    assert [one[0] for one in states] == ["aaaaaa"]


def test_while_aws_is_away_it_goes_on_and_nothing_is_lost(collector, account, queue, way):
    with collector.running() as process:
        until(lambda: collector.said("snapshot sent"), "the sending")
        way.cut()
        cut_at = len(collector.said("snapshot archived"))
        until(lambda: len(collector.said("snapshot archived")) >= cut_at + 3, "the fetching while AWS is away")
        assert collector.kept()
        way.open()
        until(lambda: not collector.kept(), "the sending of what was kept")
        process.send_signal(signal.SIGINT)
        assert process.wait(SAFE) == 0
    fetched = collector.said("snapshot archived")
    assert sorted(archive(account).keys()) == sorted(fetched)
    assert set(fetched) == set(delivered(queue))


def test_killed_while_aws_is_away_the_next_start_sends_what_was_kept(collector, account, queue, way):
    way.cut()
    for _ in range(2):
        with collector.running():
            until(partial(collector.says_more, "snapshot archived"), "the fetching")
    assert list(archive(account).keys()) == []
    way.open()
    for _ in range(2):  # now in the middle of sending
        with collector.running():
            until(partial(collector.says_more, "snapshot sent"), "the sending")
    with collector.running() as process:
        until(partial(collector.says_more, "snapshot archived"), "the start")  # before, SIGTERM only kills
        until(lambda: not collector.kept(), "the sending of what was kept")
        process.send_signal(signal.SIGTERM)
        assert process.wait(SAFE) == 0
    fetched = set(collector.said("snapshot archived"))
    assert len(fetched) >= 2
    assert fetched <= set(archive(account).keys())
    assert fetched <= set(delivered(queue))


def test_fetched_once_while_aws_is_away_it_is_kept_and_the_exit_code_says_so(collector, account, queue, way):
    way.cut()
    assert collector.command("fetch", "--once").wait(SAFE) == 5
    assert "1 not sent; kept in data/spool until the next start" in collector.log.read_text()
    assert len(collector.kept()) == 1
    way.open()
    assert collector.command("fetch", "--once").wait(SAFE) == 0
    assert set(delivered(queue)) == set(archive(account).keys()) == set(collector.said("snapshot archived"))
    assert collector.kept() == []


def test_two_do_not_collect_into_one_folder(collector):
    with collector.running():
        until(lambda: collector.said("snapshot archived"), "the start")
        assert collector.command("collect").wait(SAFE) == 2
        assert "collects into data already; stop it" in collector.log.read_text()


def test_without_a_bucket_it_says_so_before_it_fetches(collector, opensky):
    assert collector.command("collect", S3_RAW_BUCKET="").wait(SAFE) == 2
    assert "S3_RAW_BUCKET is not set" in collector.log.read_text()
    assert opensky.service.calls == []
