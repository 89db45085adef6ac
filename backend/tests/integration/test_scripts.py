"""Scripts as people start them."""

import gzip
import json
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures import aws

from flightdata.backends.layout import create_table_arguments
from flightdata.wiring import PARIS

SCRIPTS = Path(__file__).parents[2] / "scripts"
SAFE = 60.0


def run(script, *arguments, **options):
    command = [sys.executable, SCRIPTS / script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=SAFE, check=False, **options)


@pytest.fixture
def where(tmp_path, account):
    """A folder, and an environment in which AWS is an emulator."""
    given = {"AWS_ACCESS_KEY_ID": account.id, "AWS_SECRET_ACCESS_KEY": "test", "HOME": str(tmp_path)}
    environment = {"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": account.ministack.url}
    return {"cwd": tmp_path, "env": environment | given}


def exported(done):
    """The settings that a script printed for a shell."""
    assert done.returncode == 0, done.stderr
    return dict(shlex.split(line)[1].split("=", 1) for line in done.stdout.splitlines())


def test_a_local_aws_whose_port_is_taken_says_so_and_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("aws-local.py", "--port", str(port))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        f"aws-local: port {port} is not to be had (Address already in use); another one: make"
    )


# Stores and data.


def test_the_stores_of_the_data_folder_are_made(tmp_path):
    done = run("create-local-tables.py", cwd=tmp_path, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "data").glob("*.sqlite")} >= {"queue.sqlite", "keys.sqlite"}
    assert done.stdout.startswith("5 stores are in data: ")


def test_on_an_emulator_the_table_of_the_cdk_app_is_made_and_again_does_no_harm(where, account):
    for _ in range(2):
        settings = exported(run("create-local-tables.py", **where))
    client, name = account.client("dynamodb"), settings["DYNAMODB_FLIGHTS_TABLE"]
    assert (name, settings["ENVIRONMENT"]) == ("flightdata-flights-dev", "dev")
    table = client.describe_table(TableName=name)["Table"]
    wanted = create_table_arguments(name)
    assert table["KeySchema"] == wanted["KeySchema"]
    indexes = {one["IndexName"]: (one["KeySchema"], one["Projection"]) for one in table["GlobalSecondaryIndexes"]}
    assert indexes == {
        one["IndexName"]: (one["KeySchema"], one["Projection"]) for one in wanted["GlobalSecondaryIndexes"]
    }
    ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    assert account.client("s3").list_buckets()["Buckets"] == []


def test_what_is_made_is_enough_to_load_recordings_into(where, tmp_path):
    settings = exported(run("create-local-tables.py", "--all", **where))
    with gzip.open(PARIS) as lines:
        (tmp_path / "some.jsonl").write_bytes(b"".join(lines.readlines()[:12]))
    command = [sys.executable, "-m", "flightdata", "ingest", "some.jsonl", "--json"]
    there = where | {"env": where["env"] | settings}
    done = subprocess.run(command, capture_output=True, text=True, timeout=SAFE, check=False, **there)
    assert done.returncode == 0, done.stderr[-2000:]
    account = json.loads(done.stdout)
    assert (account["snapshots"], account["dead"]) == (12, 0)
    assert account["rows"] == account["stored"] + account["superseded"] + sum(account["rejected"].values()) > 0


def test_a_bucket_of_another_account_is_told_with_what_to_do(where, account, ministack):
    aws.Account(ministack).client("s3").create_bucket(Bucket=f"of-another-{account.id}")
    taken = where["env"] | {"S3_RAW_BUCKET": f"of-another-{account.id}"}
    done = run("create-local-tables.py", "--all", **where | {"env": taken})
    assert done.returncode == 2, done.stderr
    assert "set S3_RAW_BUCKET and S3_HISTORY_BUCKET to names of your own" in " ".join(done.stderr.split())


def test_an_emulator_that_is_not_there_and_credentials_that_are_not_are_told_in_one_line(tmp_path):
    nobody = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    done = run("create-local-tables.py", cwd=tmp_path, env=nobody | {"AWS_EC2_METADATA_DISABLED": "true"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "set AWS_ACCESS_KEY_ID=test" in done.stderr
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    done = run("create-local-tables.py", cwd=tmp_path, env=nobody | keys)
    assert (done.returncode, done.stdout) == (5, "")
    assert "the table flightdata-flights-dev was not made" in done.stderr
