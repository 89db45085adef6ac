"""`flightdata doctor`: what it finds, what it advises, what it never tells."""

import json
import sqlite3
import time

import pytest
from fakes import SetClock
from fixtures import fake_opensky
from fixtures.fake_receiver import FakeReceiver, circling, told
from fixtures.opensky_service import CLIENT_ID, CLIENT_SECRET, OpenSkyService
from typer.testing import CliRunner

from flightdata.cli import app
from flightdata.cli.doctor import sources as looks
from flightdata.cli.doctor.clock import Beside
from flightdata.cli.doctor.finding import Verdict, failed, passed, warned, worst
from flightdata.settings import Settings, strays
from flightdata.wiring import House

SECRETS = ("canary-name", "canary-password", "canary-key", "canary-secret")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with no setting in the environment."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fake():
    with FakeReceiver() as fake:
        yield fake


def run(*arguments):
    return CliRunner().invoke(app, ["doctor", *map(str, arguments)])


def examined(*arguments, code=0):
    """The checks by name, each the list of its (verdict, found, advice)."""
    result = run("--json", *arguments)
    assert result.exit_code == code, result.output
    document = json.loads(result.stdout)
    found = {}
    for one in document["checks"]:
        found.setdefault(one["check"], []).append((one["verdict"], one["found"], one["advice"]))
    return found | {"verdict": document["verdict"]}


def only(found, check):
    ((verdict, words, advice),) = found[check]
    return verdict, words, advice


# As a whole


def test_before_anything_was_started_all_is_well_and_nothing_is_made(folder, fake):
    found = examined("--source", f"readsb:{fake.url}")
    assert only(found, "data folder")[:2] == ("pass", f"{folder / 'data'} is not there yet and will be made")
    assert {verdict for check in found if check not in {"verdict", "map"} for verdict, _, _ in found[check]} == {"pass"}
    assert list(folder.iterdir()) == []


def test_a_failure_ends_with_6_a_warning_does_not(fake):
    fake.faults.append("404")
    assert examined("--source", f"readsb:{fake.url}/data/aircraft.json", code=6)["verdict"] == "fail"
    fake.sky = told({"now": time.time() - 3600, "aircraft": []})
    assert examined("--source", f"readsb:{fake.url}/data/aircraft.json")["verdict"] == "warn"


def test_in_words_each_check_has_its_verdict_and_what_to_do(fake):
    fake.faults.append("html")
    result = run("--source", f"readsb:{fake.url}/data/aircraft.json")
    assert result.exit_code == 6
    for words in ("pass: are valid", "fail: the answer is no snapshot: HTML", "→ is this the address of the data"):
        assert words in result.stdout


def test_the_worst_one_counts():
    assert worst([]) is Verdict.PASS
    assert worst([passed("a", ""), failed("a", "", ""), warned("a", "", "")]) is Verdict.FAIL


# Settings


def test_the_file_that_is_read_is_named(folder):
    assert "there is none" in only(examined("--source", "simulation:1"), ".env")[1]
    (folder / ".env").write_text("PORT=8002\n")
    assert only(examined("--source", "simulation:1"), ".env")[1] == f"{folder / '.env'} is read"


def test_every_setting_that_cannot_work_is_named_at_once(folder):
    (folder / ".env").write_text("PORT=http\nMAX_PAGE_SIZE=0\n")
    found = examined(code=6)
    assert [words.split(":")[0] for _, words, _ in found["settings"]] == ["PORT", "MAX_PAGE_SIZE"]


def test_a_file_that_is_no_text_is_told(folder):
    (folder / ".env").write_bytes(b"PORT=\xff\xfe\n")
    assert only(examined(code=6), ".env") == (
        "fail",
        "cannot be read: it is no UTF-8 text",
        "write it as UTF-8 text that you may read",
    )


def test_a_setting_that_is_missing_on_aws_is_told(monkeypatch):
    monkeypatch.setenv("ENVIRONMENT", "prod")
    assert "S3_RAW_BUCKET" in examined(code=6)["settings"][-1][1]


def test_a_collector_needs_no_more_than_it_uses(monkeypatch):
    for name, value in {"ENVIRONMENT": "prod", "S3_RAW_BUCKET": "raw", "EVENTBRIDGE_BUS_NAME": "bus"}.items():
        monkeypatch.setenv(name, value)
    for name, value in {"SOURCES": "simulation:10", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_MAX_ATTEMPTS"):
        monkeypatch.setenv(name, "1")
    checks = examined(code=6)
    assert {verdict for verdict, *_ in checks["aws"]} == {"fail"}, "nobody answers there"
    found = [(verdict, words) for verdict, words, _ in checks["settings"]]
    assert [verdict for verdict, _ in found] == ["pass", "warn", "warn"]
    assert "SQS_QUEUE_URL" in found[1][1]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("LOGLEVEL", "LOG_LEVEL"), ("SOURCE", "SOURCES"), ("DATADIR", "DATA_DIR"), ("FLIGHTDATA_DATA_DIR", "DATA_DIR")],
)
def test_a_misspelt_variable_is_found_in_the_file_and_in_the_environment(folder, monkeypatch, name, meant):
    monkeypatch.setenv(name, "x")
    assert (name, "environment", meant) in strays()
    monkeypatch.delenv(name)
    (folder / ".env").write_text(f"{name}=canary-secret\nNOTHING_LIKE_IT=1\n")
    assert set(strays()) == {(name, ".env", meant), ("NOTHING_LIKE_IT", ".env", None)}
    found = examined("--source", "simulation:1")
    assert ("warn", f"{name} (.env) is read by nobody", f"did you mean {meant}?") in found["settings"]


def test_what_others_set_is_nobody_s_mistake(monkeypatch):
    for name in ("HOSTNAME", "PATH", "AWS_DEFAULT_REGION", "AWS_PROFILE", "HOME", "LANG", "TERM", "EDITOR", "LOGNAME"):
        monkeypatch.setenv(name, "x")
    assert not [one for one in strays() if one.where == "environment"]


# The data folder


@pytest.fixture
def used(folder):
    """A data folder that has been worked in."""
    house = House(Settings(_env_file=None, data_dir=folder / "data"))
    house.fetch.tick(house.source("simulation:5"))
    house.close()
    return folder / "data"


def test_a_folder_in_use_is_whole(used):
    house = House(Settings(_env_file=None, data_dir=used))
    with house.alone():
        found = examined("--source", "simulation:1")
    house.close()
    assert "works there" in only(found, "lock")[1]
    assert [only(found, f"{name}.sqlite")[:2] for name in ("health", "queue")] == [("pass", "is whole")] * 2
    assert only(found, "queue") == ("pass", "no dead letters", "")


def test_a_damaged_file_is_named_with_what_to_do(used):
    for path in used.glob("queue.sqlite*"):
        path.write_bytes(b"no database" * 1000)
    verdict, words, advice = only(examined("--source", "simulation:1", code=6), "queue.sqlite")
    assert (verdict, words) == ("fail", "file is not a database")
    assert "move queue.sqlite away" in advice


def test_a_damaged_page_is_found(used):
    path = used / "ledger.sqlite"
    with sqlite3.connect(path) as made:
        made.execute(
            "CREATE TABLE numbers AS WITH n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 9999) SELECT * FROM n"
        )
        made.execute("CREATE INDEX by_number ON numbers (i)")
    made.close()
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    path.write_bytes(content)
    assert only(examined("--source", "simulation:1", code=6), "ledger.sqlite")[0] == "fail"


def test_dead_letters_are_a_warning(used):
    next(used.rglob("*.json.zst")).unlink()
    CliRunner().invoke(app, ["process"])
    verdict, words, advice = only(examined("--source", "simulation:1"), "queue")
    assert (verdict, words, "dlq" in advice) == ("warn", "1 dead letters", True)


def test_a_damaged_picture_is_a_warning(used):
    CliRunner().invoke(app, ["process"])
    assert only(examined("--source", "simulation:1"), "live picture")[1] == "version 1, 5 aircraft"
    (used / "live" / "picture.parquet").write_bytes(b"PAR1")
    assert only(examined("--source", "simulation:1"), "live picture")[:2] == ("warn", "is damaged")


def test_where_a_file_stands_there_can_be_no_folder(folder):
    (folder / "file").touch()
    assert only(examined("--data", "file", "--source", "simulation:1", code=6), "data folder")[0] == "fail"
    assert only(examined("--data", "file/data", "--source", "simulation:1", code=6), "data folder")[0] == "fail"


# The clock


@pytest.mark.parametrize(
    ("ahead", "verdict", "words"),
    [
        ([], Verdict.PASS, "not compared"),
        ([None], Verdict.PASS, "not compared"),
        ([4.0], Verdict.PASS, "4 s behind that of 1"),
        ([-6.0], Verdict.WARN, "6 s ahead of that of 1"),
        ([None, 60.0, 59.0, -9999.0], Verdict.WARN, "59 s behind that of 3"),
    ],
)
def test_the_clock_is_held_against_those_of_the_servers(ahead, verdict, words):
    (found,) = Beside(time.time).findings(ahead)
    assert (found.verdict, words in found.found) == (verdict, True)


def test_a_clock_that_jumps_is_told():
    clock = SetClock(1.7e9)
    beside = Beside(clock)
    clock.now += 3600
    jumped, _ = beside.findings([])
    assert (jumped.verdict, "3600.0 s" in jumped.found) == (Verdict.WARN, True)


def test_a_wrong_clock_is_seen_by_the_date_of_a_source():
    with FakeReceiver(told({"now": time.time(), "aircraft": []}), clock=lambda: time.time() - 600) as fake:
        found = examined("--source", f"readsb:{fake.url}")
    assert only(found, "clock")[0] == "warn"


# Sources


def test_every_source_is_looked_at_at_once(fake, folder):
    (folder / "aircraft.json").write_text(json.dumps(circling(3)(time.time())))
    specs = [f"readsb:{fake.url}", f"v2:{fake.url}#48.7,2.4,250", f"readsb:{folder}", "simulation:7", "recording"]
    found = examined(*(part for spec in specs for part in ("--source", spec)))
    told = {check: only(found, check)[:2] for check in found if check.startswith("source ")}
    assert {verdict for verdict, _ in told.values()} == {"pass"}
    assert [int(words.split()[0]) for _, words in told.values()][:4] == [12, 12, 3, 7]
    assert f"from {fake.host}/data/aircraft.json" in told[f"source readsb-127.0.0.1-{fake.port}"][1]


@pytest.mark.parametrize(
    ("fault", "words", "advice"),
    [
        ("401", "401", "password"),
        ("429:60", "too many requests", "less often"),
        ("500", "has trouble", "wait"),
        ("garbage", "no JSON", "not of a page"),
        ("truncated", "truncated", "not of a page"),
        ("reset", "broke", "is it running"),
    ],
)
def test_what_is_wrong_with_a_source_is_told_with_what_to_do(fake, fault, words, advice):
    fake.faults.append(fault)
    found = examined("--source", f"readsb:{fake.url}/data/aircraft.json", code=6)
    verdict, said, todo = only(found, f"source readsb-127.0.0.1-{fake.port}")
    assert (verdict, words in said, advice in todo) == ("fail", True, True)


@pytest.mark.parametrize(("offset", "words"), [(-90, "aircraft, 9"), (90, "aircraft, -")])
def test_data_of_another_time_are_a_warning(fake, offset, words):
    fake.sky = told({"now": time.time() + offset, "aircraft": []})
    verdict, said, _ = only(examined("--source", f"readsb:{fake.url}"), f"source readsb-127.0.0.1-{fake.port}")
    assert (verdict, words in said) == ("warn", True)


def test_a_source_that_is_none_is_told(folder):
    assert "unknown source 'nonsense'" in only(examined("--source", "nonsense:x", code=6), "source nonsense")[1]
    assert only(examined("--source", "recording:nowhere", code=6), "source recording")[0] == "fail"


def test_a_source_whose_answers_have_a_price_is_not_asked():
    class Costly:
        name = "costly"

        def fetch(self):
            raise AssertionError("that was a credit")

    look = looks._probed(Costly(), time.time)
    assert (look.finding.verdict, look.ahead) == (Verdict.PASS, None)


def test_opensky_is_looked_at_without_a_credit(folder, monkeypatch):
    service = OpenSkyService(time.time)
    with fake_opensky.serving(service) as fake:
        for name, value in {"API_URL": fake.api_url, "TOKEN_URL": fake.token_url, "CLIENT_ID": CLIENT_ID}.items():
            monkeypatch.setenv(f"OPENSKY_{name}", value)
        monkeypatch.setenv("OPENSKY_CLIENT_SECRET", CLIENT_SECRET)
        verdict, words, _ = only(examined("--source", "opensky"), "source opensky")
        service.token_fault = "401"
        assert only(examined("--source", "opensky", code=6), "source opensky")[0] == "fail"
    assert (verdict, "knows our account" in words, "cost credits" in words) == ("pass", True, True)
    assert (service.calls, service.looks, len(service.logins)) == ([], [], 2)
    assert list(folder.iterdir()) == []


# What it never tells


def test_no_secret_is_told(folder, monkeypatch):
    monkeypatch.setenv("OPENSKY_CLIENT_SECRET", "canary-secret")
    (folder / ".env").write_text(
        "OPENSKY_CLIENT_SECERT=canary-secret\nSOURCES=readsb:http://canary-name:canary-password@127.0.0.1:1/?key=canary-key\n"
    )
    said = [run(), run("--json"), run("--json", "--source", "x://canary-name:canary-password@pi/?key=canary-key")]
    with FakeReceiver(
        faults=["401", "html", "reset"], login="canary-name:canary-password", key=("key", "canary-key")
    ) as fake:
        spec = f"readsb:http://canary-name:canary-password@{fake.host}/data/aircraft.json?key=canary-key"
        said += [run("--source", spec) for _ in range(4)]
        said += [run("--source", spec.replace("http:", "")), run("--source", spec.replace("http:", "htp:"))]
        assert [one.exit_code for one in said] == [6, 6, 6, 6, 6, 6, 0, 6, 6]
    everything = "".join(one.output for one in said)
    assert not [secret for secret in SECRETS if secret in everything]
