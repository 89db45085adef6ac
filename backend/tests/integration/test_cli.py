"""The command line as its users start it: processes of their own, with nothing in the environment but what is said."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from samples import NOW, body, row

from flightdata.ports import QueueDepth
from flightdata.settings import Settings
from flightdata.utils.lock import held_by
from flightdata.wiring import House

BIN = Path(sys.executable).parent
FUNCTIONS = Path(__file__).parents[2] / "functions"

SAFE = 30.0
"""Seconds after which something that should have happened is given up."""

STOPS_WITHIN = 10.0

ANSWERS = [
    body(row("aaaaaa"), row("bbbbbb"), row("no hex"), time=NOW),
    b"<html>Service unavailable</html>",
    body(row("aaaaaa", seen=NOW + 10), row("bbbbbb"), ["too", "short"], time=NOW + 10),
]
ACCOUNT = {
    "snapshots": 3,
    "rows": 6,
    "stored": 3,
    "superseded": 1,
    "rejected": {"icao24": 1, "too_few_columns": 1},
    "unreadable": {"HTML": 1},
    "dead": 0,
}


def environment(folder, given):
    """Only what a process needs, so that no setting of whoever runs the tests gets in."""
    needed = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return needed | {"HOME": str(folder), "LANG": "C.UTF-8"} | given


def run(*command, folder, **given):
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment(folder, given),
        capture_output=True,
        text=True,
        timeout=2 * SAFE,
        check=False,
    )


def flightdata(*arguments, folder, **given):
    return run(BIN / "flightdata", *arguments, folder=folder, **given)


def document(result, code=0):
    """The one JSON document that stdout is."""
    assert result.returncode == code, result.stderr
    return json.loads(result.stdout)


def complaint(result, code):
    """The one line that says what is wrong."""
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert result.stderr.startswith("flightdata: ")
    return result.stderr.strip()


@contextmanager
def opened(folder):
    """The house of the data in `folder`, from outside."""
    house = House(Settings(_env_file=None, data_dir=folder / "data"))
    yield house
    house.close()


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "three.jsonl"
    path.write_bytes(b"\n".join(ANSWERS))
    return path


@pytest.fixture(scope="module")
def ingested(tmp_path_factory, recording):
    """A folder with `data` in it, and what the ingestion said."""
    folder = tmp_path_factory.mktemp("ingested")
    return folder, flightdata("ingest", recording, "--json", folder=folder)


# Help


def test_help_names_every_command_and_the_exit_codes(tmp_path):
    result = flightdata("--help", folder=tmp_path)
    assert result.returncode == 0
    for word in ("up", "serve", "ingest", "collect", "fetch", "process", "invoke", "status", "dlq", "Exit codes"):
        assert word in result.stdout
    assert list(tmp_path.iterdir()) == []


# ingest


def test_ingest_accounts_for_every_row(ingested):
    _, result = ingested
    account = document(result)
    assert account == ACCOUNT
    assert account["rows"] == account["stored"] + account["superseded"] + sum(account["rejected"].values())


def test_off_a_terminal_messages_are_json_with_the_correlation_id_of_their_snapshot(ingested):
    _, result = ingested
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    by_id = {}
    for line in lines:
        assert {"message", "level", "timestamp", "logger"} <= set(line)
        by_id.setdefault(line["correlation_id"], []).append(line["message"])
    assert sorted(by_id.values()) == sorted(
        [["snapshot archived", "snapshot processed"]] * 2 + [["snapshot archived", "body is no snapshot"]]
    )


def test_ingest_again_changes_nothing_and_says_so_in_words(ingested, recording, tmp_path):
    folder, _ = ingested
    shutil.copytree(folder / "data", tmp_path / "data")
    result = flightdata("ingest", recording, folder=tmp_path, LOG_LEVEL="ERROR")
    assert result.returncode == 0
    told = dict(re.findall(r"^ *(\w+) +(.*?) *$", result.stdout + result.stderr, re.MULTILINE))
    assert (told["rows"], told["stored"], told["superseded"]) == ("6", "0", "4")
    assert told["rejected"] == "icao24 1, too_few_columns 1"
    assert told["unreadable"] == "HTML 1"
    with opened(tmp_path) as house:
        totals = house.ledger.totals()
    assert (totals.snapshots, totals.stored) == (3, ACCOUNT["stored"])


# What goes wrong (all of it: unit/cli/test_commands.py)


def test_a_recording_that_is_not_there_is_not_found(tmp_path):
    assert "nowhere.json: no such file" in complaint(flightdata("ingest", "nowhere.json", folder=tmp_path), 3)


def test_a_folder_in_use_is_refused(tmp_path, recording):
    with opened(tmp_path) as house, house.alone():
        result = flightdata("ingest", recording, folder=tmp_path)
    said = complaint(result, 2)
    assert f"process {os.getpid()} works in data already" in said
    assert "--data" in said


# status


def test_before_the_start_there_is_nothing_to_tell(tmp_path):
    said = complaint(flightdata("status", folder=tmp_path), 3)
    assert "no data in data" in said
    assert list(tmp_path.iterdir()) == []


def test_status_tells_what_is_there(ingested):
    folder, _ = ingested
    report = document(flightdata("status", "--json", folder=folder))
    assert (report["picture"]["time"], report["picture"]["aircraft"]) == (NOW + 10, 2)
    assert report["picture"]["version"] >= 1
    assert report["picture"]["age"] > 0
    assert (report["running"], report["degraded"]) == (None, [])
    assert report["queue"] == {"waiting": 0, "in_flight": 0, "dead": 0}
    assert [(source["name"], source["error"]) for source in report["sources"]] == [("recording-three", None)]
    totals = {"snapshots": 3, "rows": 6, "stored": 3, "superseded": 1, "unreadable": 1}
    assert report["totals"] == totals | {"rejected": ACCOUNT["rejected"]}


def test_status_tells_it_in_words_too(ingested):
    folder, _ = ingested
    result = flightdata("status", folder=folder)
    assert result.returncode == 0
    for words in ("2 aircraft", "2023-11-14 22:13:30Z", "recording-three", "6 = 3 stored + 1 superseded", "icao24"):
        assert words in result.stdout


# fetch, process, and what becomes of a message that cannot be processed


@pytest.fixture(scope="module")
def dead(tmp_path_factory):
    """A folder with one dead letter: what was fetched is missing in the archive. And what was said."""
    folder = tmp_path_factory.mktemp("dead")
    fetched = flightdata("fetch", "--once", "--source", "simulation:5", folder=folder)
    (event,) = document(fetched)
    (folder / "data" / "raw" / f"{event['key']}.json.zst").rename(folder / "kept.zst")
    return folder, event, flightdata("process", folder=folder)


def test_what_cannot_be_processed_makes_the_status_degraded(dead):
    folder, _, processed = dead
    assert document(processed) == []
    report = document(flightdata("status", "--json", folder=folder), 6)
    assert report["queue"] == {"waiting": 0, "in_flight": 0, "dead": 1}
    assert len(report["degraded"]) == 1
    assert "dlq ls" in report["degraded"][0]


def test_dead_letters_are_listed(dead):
    folder, event, _ = dead
    (letter,) = document(flightdata("dlq", "ls", "--json", folder=folder))
    assert letter["body"] == event
    assert (letter["attempts"], event["key"] in letter["reason"]) == (1, True)


def test_a_dead_letter_that_was_put_right_is_redriven_and_processed(dead, tmp_path):
    shutil.copytree(dead[0], tmp_path / "copy")
    folder, event = tmp_path / "copy", dead[1]
    (folder / "kept.zst").rename(folder / "data" / "raw" / f"{event['key']}.json.zst")
    redriven = flightdata("dlq", "redrive", folder=folder)
    assert (redriven.returncode, redriven.stdout) == (0, "")
    assert "1 put back" in redriven.stderr
    (account,) = document(flightdata("process", folder=folder))
    assert (account["key"], account["correlation_id"]) == (event["key"], event["correlation_id"])
    assert (account["rows"], account["stored"]) == (5, 5)
    with opened(folder) as house:
        assert house.queue.depth() == QueueDepth(waiting=0, in_flight=0, dead=0)


# up and serve


class Server:
    """A process that answers; what it says is in files, so that nothing of it is lost and it never waits for us."""

    def __init__(self, process, out, err):
        self.process, self.out, self.err = process, out, err

    def wait(self, found, trouble):
        """What `found` finds, as soon as that is something."""
        deadline = time.monotonic() + SAFE
        while not (result := found()):
            assert self.process.poll() is None, f"it has ended: {self.err.read_text()}"
            assert time.monotonic() < deadline, f"{trouble}: {self.err.read_text()}"
            time.sleep(0.02)
        return result

    def listens(self, where):
        """`where`: what stands before the port in what it says at the start."""
        self.port = int(self.wait(lambda: re.search(where + r"(\d+)\b.*\n", self.err.read_text()), "no port")[1])

    def get(self, path, right=bool):
        """The first successful answer that is `right`."""

        def ask():
            try:
                response = httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=SAFE)
            except httpx.ConnectError:
                return None
            return response.json() if response.is_success and right(response.json()) else None

        return self.wait(ask, f"no right answer to {path}")

    def stop(self, number):
        """What it wrote to stdout and to stderr until it stopped, when asked to."""
        self.process.send_signal(number)
        self.process.wait(STOPS_WITHIN)
        said = self.err.read_text()
        assert self.process.returncode == 0, said
        assert "Traceback" not in said
        return self.out.read_text(), said


@contextmanager
def started(*command, folder, where, **given):
    with tempfile.TemporaryDirectory() as said:
        out, err = Path(said) / "stdout", Path(said) / "stderr"
        with out.open("w") as stdout, err.open("w") as stderr:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env=environment(folder, given),
                stdout=stdout,
                stderr=stderr,
            )
        server = Server(process, out, err)
        try:
            server.listens(where)
            yield server
        finally:
            process.kill()
            process.wait()


def up(*arguments, folder):
    where = r"API +http://localhost:"
    return started(BIN / "flightdata", "up", "--port", "0", *arguments, folder=folder, where=where)


def test_up_answers_stops_when_asked_to_and_goes_on_where_it_was(tmp_path, recording):
    options = ("--speed", "max", "--times", "recorded", "--no-loop")
    with up("--source", f"recording:{recording}", *options, folder=tmp_path) as server:
        server.get("/flights", lambda page: page["time"] == NOW + 10)  # there the recording ends
        page = server.get("/flights?limit=1")
        assert (page["total"], page["flights"][0]["icao24"]) == (2, "aaaaaa")
        out, said = server.stop(signal.SIGTERM)
    assert out == ""
    assert f'curl "http://localhost:{server.port}/flights?lamin=48&lamax=50&lomin=1&lomax=4"' in said
    with up("--source", "simulation:20", folder=tmp_path) as server:
        ready = server.get("/health/ready", lambda ready: ready["aircraft"] == 20)  # those of the recording are gone
        assert ready["version"] > page["version"]
        with opened(tmp_path) as house:
            assert held_by(house.lock) == f"process {server.process.pid}"
            assert house.ledger.totals().unreadable == ACCOUNT["unreadable"]["HTML"]
        _, said = server.stop(signal.SIGINT)
    assert "simulation → data" in said


def test_a_port_in_use_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = flightdata("up", "--source", "simulation:1", "--port", port, folder=tmp_path)
    said = complaint(result, 2)
    assert f"127.0.0.1:{port}" in said
    assert "--port" in said


def test_serve_answers_from_what_others_wrote(ingested):
    folder, _ = ingested
    where = r"API +http://localhost:"
    with started(BIN / "flightdata", "serve", "--port", "0", folder=folder, where=where) as server:
        assert server.get("/health/ready")["aircraft"] == 2
        assert server.get("/flights/aaaaaa")["last_contact"] == NOW + 10
        server.stop(signal.SIGTERM)


# The doors of the functions


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("doors") / "data"


def door(function, data):
    return run(sys.executable, "handler.py", folder=FUNCTIONS / function, DATA_DIR=str(data), HOME=str(data.parent))


def invoked(function, data):
    return flightdata("invoke", function, folder=data.parent, DATA_DIR=str(data))


@pytest.mark.parametrize("way", [door, invoked])
def test_every_function_does_its_sample_event(data, way):
    fetched = document(way("flight-data-fetcher", data))
    (archived,) = fetched["archived"]
    assert archived.startswith("source=recording-paris-20211007/")
    assert document(way("flight-data-processor", data)) == {"batchItemFailures": []}
    answer = document(way("flight-api", data))
    assert answer["statusCode"] == 200
    page = json.loads(answer["body"])
    assert (page["count"], page["time"], page["total"] >= 2) == (2, 1633608010.0, True)
    assert document(way("analytics-processor", data))["performance"]["snapshots"] == 1
    assert not (FUNCTIONS / "flight-api" / "data").exists()


@pytest.mark.parametrize(
    "sample", sorted(FUNCTIONS.glob("*/events/*.json")), ids=lambda path: f"{path.parents[1].name}/{path.name}"
)
def test_every_sample_can_be_invoked_by_its_name(data, sample):
    function = sample.parents[1].name
    document(flightdata("invoke", function, "--event", sample, folder=data.parent, DATA_DIR=str(data)))


def test_any_asgi_server_runs_the_application(data):
    folder = FUNCTIONS / "flight-api"
    command = (BIN / "uvicorn", "app:app", "--port", "0")
    where = r"Uvicorn running on http://127\.0\.0\.1:"
    with started(*command, folder=folder, where=where, DATA_DIR=str(data), HOME=str(data.parent)) as server:
        assert server.get("/health/live") == {"status": "live"}
