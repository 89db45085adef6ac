"""The commands inside this process: everything for which a process of its own would say no more.

`integration/test_cli.py` starts real ones.
"""

import gc
import io
import json
import os
import sys
import warnings

import pytest
from samples import NOW, body, row, snapshot

from flightdata import __version__
from flightdata.__main__ import main as package
from flightdata.cli import doors, main
from flightdata.models.events import SnapshotArchived
from flightdata.settings import Settings
from flightdata.wiring import House


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with a few things in it, and no setting in the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "blank.jsonl").write_text("\n")
    (tmp_path / "good.jsonl").write_bytes(body(row("aaaaaa"), time=NOW) + b"\n" + body(row("bbbbbb"), time=NOW + 1))
    return tmp_path


class Said:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err


def ended(run):
    """The exit code with which `run` would end its process, which would also close what it left open."""
    code = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            run()
        except SystemExit as end:
            code = end.code or 0
        gc.collect()
    return code


@pytest.fixture
def flightdata(monkeypatch, capsys):
    """Runs the console script's function as if it were started with these arguments."""

    def flightdata(*arguments):
        monkeypatch.setattr(sys, "argv", ["flightdata", *map(str, arguments)])
        code = ended(main)
        return Said(code, *capsys.readouterr())

    return flightdata


def document(said, code=0):
    assert said.code == code, said.err
    return json.loads(said.out)


def complaint(said, code):
    """The one line that says what is wrong."""
    assert said.code == code, said.err
    assert said.out == ""
    assert len(said.err.splitlines()) == 1, said.err
    assert said.err.startswith("flightdata: ")
    return said.err.strip()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("ingest nowhere.json", 3, "nowhere.json: no such file or folder"),
        ("ingest good.jsonl nowhere.json", 3, "nowhere.json: no such file or folder"),
        ("ingest empty", 3, "empty: no recording there"),
        pytest.param(f"ingest nowhere{'/long' * 30}.json", 3, "no such file or folder", id="a long name"),
        ("ingest good.jsonl --data file", 2, "file"),
        ("up --port 0 --source simulation:1 --data file", 2, "file"),
        ("serve --port 0 --data file", 2, "file"),
        ("process --data file", 2, "file"),
        ("fetch --once --source simulation:1 --data file", 2, "file"),
        ("status --data file", 3, "file"),
        ("status", 3, "no data in data"),
        ("status --data nowhere", 3, "no data in nowhere"),
        ("dlq ls", 3, "no data in data"),
        ("dlq show 7 --data empty", 3, "no dead letter 7"),
        ("dlq redrive 7 8 --data empty", 3, "no dead letter 7, 8"),
        ("fetch", 2, "--once"),
        ("fetch --once --source nonsense", 2, "unknown source 'nonsense'"),
        ("fetch --once --source recording:nowhere", 3, "nowhere: no such file or folder"),
        ("up --speed 0", 2, "--speed 0"),
        ("up --speed quick", 2, "--speed quick"),
        ("up --speed nan", 2, "--speed nan"),
        ("up --port 65536", 2, "PORT"),
        ("up --host nobody.invalid --source simulation:1", 2, "nobody.invalid"),
        ("up --source simulation:0", 2, "simulation:0"),
        ("up --source simulation:99999999", 2, "99999999"),
        ("up --source simulation:1 --source simulation:2 --port 0", 2, "same name"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line_with_an_exit_code(flightdata, arguments, code, words):
    assert words in complaint(flightdata(*arguments.split()), code)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("ENVIRONMENT", "moon"),
        ("BACKENDS", "live=moon"),
        ("LOG_LEVEL", "LOUD"),
        ("MAX_PAGE_SIZE", "0"),
        ("LIVE_EXPIRY_SECONDS", "x"),
    ],
)
def test_a_setting_that_cannot_work_is_named(flightdata, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert name in complaint(flightdata("status", "--data", "empty"), 2)


def test_a_settings_file_that_is_no_text_is_said_in_one_line(flightdata, folder):
    (folder / ".env").write_bytes(b"PORT=\xff\xfe\n")
    complaint(flightdata("status", "--data", "empty"), 2)


@pytest.mark.parametrize("command", ["ingest good.jsonl", "process", "up --port 0 --source simulation:1"])
def test_a_folder_in_use_is_refused(flightdata, folder, command):
    with House(Settings(_env_file=None, data_dir=folder / "data")).alone():
        said = complaint(flightdata(*command.split()), 2)
    assert f"process {os.getpid()} works in data already" in said
    assert "--data" in said


def test_text_of_users_is_not_taken_for_markup(flightdata):
    assert "[bold]nowhere[/bold]" in complaint(flightdata("ingest", "[bold]nowhere[/bold]"), 3)


@pytest.mark.parametrize("command", ["fetch --once --source recording:blank.jsonl", "ingest blank.jsonl --json"])
def test_a_recording_without_answers_is_no_accident(flightdata, command):
    assert flightdata(*command.split()).code in {0, 2, 3, 5}


def test_the_version_is_the_package_s(flightdata):
    said = flightdata("--version")
    assert (said.code, said.out) == (0, f"{__version__}\n")


def test_the_package_is_the_same_command():
    assert package is main


@pytest.mark.parametrize("command", ["up", "serve", "ingest", "fetch", "process", "republish", "status", "dlq"])
def test_every_command_has_help(flightdata, command):
    said = flightdata(command, "--help")
    assert said.code == 0
    assert "--help" in said.out


def test_without_a_command_it_helps(flightdata):
    said = flightdata()
    assert "Usage" in said.out + said.err


# What commands say


def test_ingest_ends_with_6_when_something_died(flightdata, folder, monkeypatch):
    """Here: a folder stands where a file of the archive should be."""
    monkeypatch.setenv("QUEUE_MAX_ATTEMPTS", "1")
    house = House(Settings(_env_file=None, data_dir=folder / "data"))
    first = house.recordings([folder / "good.jsonl"]).fetch()
    (folder / "data" / "raw" / f"{first.key}.json.zst").mkdir(parents=True)
    account = document(flightdata("ingest", "good.jsonl", "--json"), 6)
    assert (account["dead"], account["snapshots"], account["stored"]) == (1, 1, 1)


def test_ingest_first_finishes_what_an_earlier_run_left_and_does_not_count_it(flightdata, folder):
    document(flightdata("fetch", "--once", "--source", "simulation:5"))
    account = document(flightdata("ingest", "good.jsonl", "--json"))
    assert (account["snapshots"], account["rows"]) == (2, 2)
    assert document(flightdata("status", "--json"))["totals"]["rows"] == 7


def test_the_folder_is_named_by_an_option_the_environment_or_a_file(flightdata, folder, monkeypatch):
    data = folder / "elsewhere"
    document(flightdata("ingest", "good.jsonl", "--json", "--data", data))
    found = [document(flightdata("status", "--json", "--data", data))]
    monkeypatch.setenv("DATA_DIR", str(data))
    found.append(document(flightdata("status", "--json")))
    monkeypatch.delenv("DATA_DIR")
    (folder / ".env").write_text(f"DATA_DIR={data}\n")
    found.append(document(flightdata("status", "--json")))
    assert [(one["data"], one["totals"]["rows"]) for one in found] == [(str(data), 2)] * 3


def test_fetch_takes_one_tick_of_each_source(flightdata, monkeypatch):
    monkeypatch.setenv("SOURCES", "simulation:5 recording:good.jsonl")
    events = document(flightdata("fetch", "--once"))
    assert [event["source"] for event in events] == ["simulation", "recording-good"]
    accounts = document(flightdata("process"))
    assert [account["key"] for account in accounts] == [event["key"] for event in events]
    assert [account["correlation_id"] for account in accounts] == [event["correlation_id"] for event in events]
    assert document(flightdata("process")) == []


@pytest.fixture
def die(flightdata, folder):
    """Makes a dead letter and returns its event: what it names is missing in the archive."""

    def die(source):
        (event,) = document(flightdata("fetch", "--once", "--source", source))
        (folder / "data" / "raw" / f"{event['key']}.json.zst").unlink()
        flightdata("process")
        return event

    return die


@pytest.fixture
def dead(die):
    return die("recording:good.jsonl")


def test_a_list_of_dead_letters_in_words_names_the_whole_key_so_that_it_can_be_searched_for(flightdata, dead):
    said = flightdata("dlq", "ls")
    assert said.code == 0
    assert dead["key"] in said.out


def test_without_dead_letters_the_list_says_so(flightdata, folder):
    assert document(flightdata("dlq", "ls", "--json", "--data", "empty")) == []
    said = flightdata("dlq", "ls", "--data", "empty")
    assert (said.code, said.out, said.err) == (0, "", "no dead letters\n")


def test_a_dead_letter_is_shown_whole(flightdata, dead):
    (letter,) = document(flightdata("dlq", "ls", "--json"))
    assert document(flightdata("dlq", "show", letter["id"])) == letter
    assert letter["body"] == dead


def test_a_dead_letter_is_redriven_by_its_number_and_the_others_stay(flightdata, die):
    first, second = die("recording:good.jsonl"), die("simulation:5")
    letters = document(flightdata("dlq", "ls", "--json"))
    assert [letter["body"] for letter in letters] == [first, second]
    said = flightdata("dlq", "redrive", letters[1]["id"])
    assert (said.code, said.out, said.err) == (0, "", "1 put back into the queue\n")
    assert document(flightdata("dlq", "ls", "--json")) == letters[:1]
    assert document(flightdata("status", "--json"), 6)["queue"]["waiting"] == 1


# Republish


@pytest.fixture
def three(flightdata, folder):
    """The keys of three archived snapshots, of which the second was never published and the third is a dead letter."""
    house = House(Settings(_env_file=None, data_dir=folder / "data"))
    keys = [house.archive.put(snapshot(row(), time=NOW + step, source=name)) for step, name in enumerate("bac")]
    house.queue.publish(SnapshotArchived.of_key(keys[0], "first"))
    document(flightdata("process"))
    damaged = folder / "data" / "raw" / f"{keys[2]}.json.zst"
    whole = damaged.read_bytes()
    damaged.write_bytes(b"damaged")
    house.queue.publish(SnapshotArchived.of_key(keys[2], "third"))
    document(flightdata("process"))
    damaged.write_bytes(whole)
    house.close()
    return keys


def test_what_lacks_an_account_is_published_again_dead_letters_apart(flightdata, three):
    _, lost, _ = three
    said = document(flightdata("republish", "--unprocessed", "--dry-run", "--json"))
    assert said == {"snapshots": 1, "published": 0, "keys": [lost]}
    assert document(flightdata("process")) == []
    said = flightdata("republish", "--unprocessed")
    assert (said.code, said.out, said.err.splitlines()[-1]) == (0, f"{lost}\n", "1 published again")
    assert [one["key"] for one in document(flightdata("process"))] == [lost]
    assert document(flightdata("republish", "--unprocessed", "--json"))["keys"] == []


@pytest.mark.parametrize(
    ("arguments", "which"),
    [
        (["--from", NOW, "--to", NOW + 2], [0, 1]),
        (["--from", NOW + 1], [1, 2]),
        (["--to", "2023-11-14T22:13:21Z"], [0]),
        (["--from", NOW, "--unprocessed"], [1]),
        (["--from", NOW + 2, "--unprocessed"], []),
    ],
)
def test_snapshots_are_chosen_by_when_they_were_received_the_oldest_first(flightdata, three, arguments, which):
    keys = [three[place] for place in which]
    said = document(flightdata("republish", *arguments, "--json"))
    assert said == {"snapshots": len(keys), "published": len(keys), "keys": keys}
    assert {one["key"] for one in document(flightdata("process"))} == set(keys)


def test_snapshots_are_named_by_their_keys_and_none_is_published_where_one_is_not_there(flightdata, three):
    assert document(flightdata("republish", three[1], three[0], three[0], "--json"))["keys"] == three[:2]
    missing = snapshot(time=NOW + 9).key
    assert f"no snapshot {missing}" in complaint(flightdata("republish", three[0], missing), 3)
    assert len(document(flightdata("process"))) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("", 2, "say which"),
        ("x --from 1", 2, "either KEYs"),
        ("source=x", 2, "no key of a snapshot"),
        ("--from 2 --to 1", 2, "--from is not before --to"),
        ("--from yesterday", 2, "--from yesterday"),
        ("--from 1 --to 2", 3, "no snapshots of that time"),
        ("--unprocessed --data nowhere", 3, "no data in nowhere"),
    ],
)
def test_what_cannot_be_published_again_is_refused_in_one_line(flightdata, three, arguments, code, words):
    assert words in complaint(flightdata("republish", *arguments.split()), code)


def test_status_in_words_says_what_is_degraded(flightdata, dead):
    said = flightdata("status")
    assert said.code == 6
    assert "1 dead letters" in said.out


# Keys


def test_a_key_is_printed_once_listed_without_it_and_revoked(flightdata):
    made = flightdata("keys", "create", "my notebook", "--expires", 30)
    assert made.code == 0
    text = made.out.strip()
    assert text.startswith("fdp_")
    assert text not in made.err
    (listed,) = document(flightdata("keys", "ls", "--json"))
    assert (listed["name"], listed["expires_at"] - listed["created_at"]) == ("my notebook", 30 * 86_400)
    said = flightdata("keys", "ls")
    assert listed["id"] in said.out
    assert text not in said.out
    assert flightdata("keys", "revoke", listed["id"]).code == 0
    assert document(flightdata("keys", "ls", "--json")) == []


def test_a_key_may_be_had_as_json(flightdata):
    made = document(flightdata("keys", "create", "me", "--json"))
    assert made["key"].startswith("fdp_")
    assert made["expires_at"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("keys ls", 3, "no data in data"),
        ("keys revoke 0123456789ab --data empty", 3, "no key 0123456789ab; `flightdata keys ls` lists them"),
        ("keys create me --expires -1", 2, "more than 0 days"),
    ],
)
def test_keys_that_cannot_be_are_refused_in_one_line(flightdata, arguments, code, words):
    assert words in complaint(flightdata(*arguments.split()), code)


# Doors


@pytest.fixture
def open_door(monkeypatch, capsys):
    """Runs a function's handler as if its file were started with these arguments."""

    def open_door(handler, function, *arguments):
        monkeypatch.setattr(sys, "argv", ["handler.py", *map(str, arguments)])
        code = ended(lambda: doors.run(handler, function))
        return Said(code, *capsys.readouterr())

    return open_door


@pytest.fixture
def function(folder):
    """The folder of a function."""
    events = folder / "flight-api" / "events"
    events.mkdir(parents=True)
    (events / "flights-in-a-box.json").write_text('{"a": 1}')
    return events.parent


def echo(event, context):
    return {"event": event, "name": context.function_name, "left": context.get_remaining_time_in_millis()}


def test_a_door_prints_what_the_handler_answers_to_its_sample(open_door, function):
    answer = document(open_door(echo, function))
    assert (answer["event"], answer["name"]) == ({"a": 1}, "flight-api")
    assert 0 < answer["left"] <= 300_000


def test_a_door_takes_another_event_that_is_named(open_door, function, folder):
    (folder / "other.json").write_text('{"b": 2}')
    assert document(open_door(echo, function, "other.json"))["event"] == {"b": 2}


@pytest.mark.parametrize("event", ["nowhere.json", "file", "empty", "list.json"])
def test_an_event_that_is_none_is_refused_in_one_line(open_door, function, folder, event):
    (folder / "list.json").write_text("[1]")
    assert f"{event}: no event" in complaint(open_door(echo, function, event), 2)


def test_an_event_that_its_function_cannot_read_is_named_without_a_traceback(flightdata, folder):
    (folder / "other.json").write_text("{}")
    said = complaint(flightdata("invoke", "flight-data-processor", "--event", "other.json"), 2)
    assert "raised KeyError: 'Records'; is other.json an event of flight-data-processor?" in said


def test_a_function_that_is_none_is_refused_with_those_there_are(flightdata):
    said = flightdata("invoke", "processor")
    assert said.code == 2
    for name in doors.Function:
        assert name in said.err


def test_an_event_may_come_from_stdin(flightdata, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"Records": []}')))
    assert document(flightdata("invoke", "flight-data-processor", "--event", "-")) == {"batchItemFailures": []}


def test_a_setting_that_cannot_work_is_named_at_a_door_too(open_door, function, monkeypatch):
    monkeypatch.setenv("PORT", "http")
    assert "PORT" in complaint(open_door(echo, function), 2)
