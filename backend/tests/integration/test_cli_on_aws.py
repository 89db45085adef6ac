"""`flightdata` from a machine outside, on what is kept on AWS: export, compact, replay."""

import json
import os
import subprocess
import sys
from contextlib import closing

import polars as pl
import pytest
from fixtures.fault_proxy import Faults, fault_proxy
from samples import NOW, archived, row, snapshot

from flightdata.backends.archive.s3 import S3Archive
from flightdata.backends.history.s3 import S3History
from flightdata.models.selection import Selection
from flightdata.pipeline.work import work
from flightdata.settings import Settings
from flightdata.wiring import House

STEPS = 5
SPAN = ("--from", str(int(NOW)), "--to", str(int(NOW + 3600)))


@pytest.fixture
def environment(account):
    """Of a machine outside: credentials, and where things are. The history of some snapshots is there."""
    history = f"flightdata-history-dev-{account.id}"
    account.client("s3").create_bucket(Bucket=history)
    queue, dead = account.queues(visibility=60, max_attempts=5)
    known = {
        "ENVIRONMENT": "prod",
        "AWS_ENDPOINT_URL": account.ministack.url,
        "S3_RAW_BUCKET": account.bucket,
        "S3_HISTORY_BUCKET": history,
        "EVENTBRIDGE_BUS_NAME": account.bus,
        "DYNAMODB_FLIGHTS_TABLE": account.table,
        "SQS_QUEUE_URL": queue,
        "SQS_DEAD_LETTER_QUEUE_URL": dead,
        "AWS_ACCESS_KEY_ID": account.id,
        "AWS_SECRET_ACCESS_KEY": "test",
        "LOG_LEVEL": "WARNING",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in known.items():
            patch.setenv(name, value)
        with closing(House(Settings(_env_file=None))) as house:
            for step in range(STEPS):
                now = NOW + 10 * step
                one = snapshot(row("000001", seen=now), row("000002", seen=now, longitude=3.0), time=now)
                house.archive.put(one)
                house.publisher.publish(archived(one))
            while work(house.queue, house.process):
                pass
    return known


def flightdata(environment, folder, *arguments, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "flightdata", *map(str, arguments)],
        env=os.environ | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def doctor(environment, folder, code):
    """What it says of AWS, by what it is about."""
    found = json.loads(flightdata(environment, folder, "doctor", "--json", code=code).stdout)["checks"]
    return {one["found"].partition(":")[0]: one for one in found if one["check"] == "aws"}


def test_the_doctor_asks_aws_for_all_that_the_settings_name(environment, tmp_path):
    found = doctor(environment, tmp_path, 0)
    assert {one["verdict"] for one in found.values()} == {"pass"}
    assert [name.split()[0] for name in found] == ["table", "bucket", "bucket", "bus", "queue", "queue", "parameter"]


def test_the_doctor_says_what_is_not_there_and_which_setting_names_it(environment, tmp_path):
    wrong = dict.fromkeys(("DYNAMODB_FLIGHTS_TABLE", "S3_RAW_BUCKET", "EVENTBRIDGE_BUS_NAME"), "nobodys-name")
    wrong["SQS_QUEUE_URL"] = environment["SQS_QUEUE_URL"] + "-nobodys"
    found = doctor(environment | wrong, tmp_path, 6)
    lost = [one for one in found.values() if one["verdict"] == "fail"]
    assert {one["found"].partition(": ")[2] for one in lost} == {"is not there"}
    assert sorted(setting for setting in wrong for one in lost if f"see {setting} " in one["advice"]) == sorted(wrong)


def test_the_doctor_says_when_aws_does_not_answer(environment, tmp_path):
    away = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    found = doctor(environment | away, tmp_path, 6)
    assert {one["verdict"] for one in found.values()} == {"fail"}
    assert all("AWS_ENDPOINT_URL" in one["advice"] for one in found.values())


def test_what_is_on_aws_is_exported_compacted_and_exported_the_same(environment, account, tmp_path):
    for name in ("before.parquet", "after.parquet"):
        flightdata(environment, tmp_path, "export", name, *SPAN)
        if name == "before.parquet":
            done = flightdata(environment, tmp_path, "compact")
            assert json.loads(done.stdout) == {"compacted": 1, "forgotten_hours": 0, "forgotten_snapshots": 0}
    before, after = (tmp_path / name for name in ("before.parquet", "after.parquet"))
    assert before.read_bytes() == after.read_bytes()
    assert pl.read_parquet(after).height == 2 * STEPS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["after.parquet", "before.parquet"]
    found = pl.concat(S3History(account.client("s3"), environment["S3_HISTORY_BUCKET"]).states(Selection(0, 4e9)))
    assert found.height == 2 * STEPS


def test_an_archive_on_aws_is_replayed_into_a_folder_here(environment, account, tmp_path):
    done = flightdata(environment, tmp_path, "replay", "--into", "rebuilt", "--json")
    assert json.loads(done.stdout)["snapshots"] == STEPS
    with closing(House(Settings(_env_file=None, environment="local", data_dir=tmp_path / "rebuilt"))) as rebuilt:
        assert pl.concat(rebuilt.history.states(Selection(0, 4e9))).height == 2 * STEPS
        assert rebuilt.live.latest().aircraft == 2
    assert not (tmp_path / "rebuilt" / "raw").exists()
    assert len(list(S3Archive(account.client("s3"), account.bucket).keys())) == STEPS


def test_an_interval_on_aws_is_processed_again_after_its_accounts_were_lost(
    environment, account, tmp_path, monkeypatch
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    table = account.client("dynamodb")
    for item in table.scan(TableName=account.table)["Items"]:
        table.delete_item(TableName=account.table, Key={"pk": item["pk"], "sk": item["sk"]})
    said = json.loads(flightdata(environment, tmp_path, "republish", *SPAN, "--unprocessed", "--json").stdout)
    assert (said["snapshots"], said["published"]) == (STEPS, STEPS)
    with closing(House(Settings(_env_file=None))) as house:
        while work(house.queue, house.process, wait=1):
            pass
        assert house.ledger.totals().stored == 2 * STEPS
        assert house.live.latest().aircraft == 2
        assert pl.concat(house.history.states(Selection(0, 4e9))).height == 2 * STEPS
    said = flightdata(environment, tmp_path, "republish", "--unprocessed")
    assert (said.stdout, said.stderr) == ("", "0 published again\n")


def test_how_far_it_came_is_said_where_the_bus_refuses(environment, account, tmp_path):
    with fault_proxy(account.ministack.url, Faults(refused=1.0), seed=1) as proxy:
        said = flightdata(environment | {"AWS_ENDPOINT_URL": proxy.url}, tmp_path, "republish", *SPAN, code=5)
    assert said.stdout == ""
    assert f"0 of {STEPS} published, start it again: " in said.stderr


def test_a_replay_in_the_place_of_what_is_on_aws_is_refused(environment, tmp_path):
    done = flightdata(environment, tmp_path, "replay", code=2)
    assert "--into" in done.stderr
    assert list(tmp_path.iterdir()) == []
