"""What every Health promises. A new backend is one line in OPEN."""

import sqlite3

import pytest
from fakes import MemoryHealth, kept
from samples import NOW

from flightdata.backends.health.dynamodb import DynamoHealth
from flightdata.backends.health.sqlite import SqliteHealth
from flightdata.ports import SourceHealth

OPEN = {
    "dynamodb": lambda account: DynamoHealth(account.client("dynamodb"), account.table),
    "sqlite": lambda folder: SqliteHealth(folder / "health.sqlite"),
    "fake": kept(MemoryHealth),
}

AWS = {"dynamodb"}
"""These are opened with an AWS account, the others with a folder."""


@pytest.fixture(params=OPEN)
def reopened(request, tmp_path):
    """Opens the same health, again and again."""
    place = request.getfixturevalue("account") if request.param in AWS else tmp_path
    opened = []

    def reopen():
        opened.append(OPEN[request.param](place))
        return opened[-1]

    yield reopen
    for one in opened:
        getattr(one, "close", lambda: None)()


@pytest.fixture
def health(reopened):
    return reopened()


def only(health):
    (one,) = health.sources()
    return one


def test_at_first_no_source_is_known(health):
    assert list(health.sources()) == []


def test_a_source_that_succeeded_has_no_error(health):
    health.succeeded("a", NOW)
    assert only(health) == SourceHealth("a", last_success=NOW)


def test_a_source_that_never_succeeded_has_no_last_success(health):
    health.failed("a", "timed out", NOW, kind="timeout")
    assert only(health) == SourceHealth("a", error="timed out", kind="timeout", failing_since=NOW, failures_in_a_row=1)


def test_failures_in_a_row_are_counted_from_the_first_and_the_last_error_is_kept(health):
    health.succeeded("a", NOW)
    for number, (error, kind) in enumerate([("timed out", "timeout"), ("500", "server"), ("gone", "unreachable")]):
        health.failed("a", error, NOW + 10 + number, kind=kind)
    assert only(health) == SourceHealth(
        "a", last_success=NOW, error="gone", kind="unreachable", failing_since=NOW + 10, failures_in_a_row=3
    )


def test_a_success_ends_the_failures(health):
    health.failed("a", "timed out", NOW)
    health.succeeded("a", NOW + 1)
    assert only(health) == SourceHealth("a", last_success=NOW + 1)
    health.failed("a", "refused", NOW + 2)
    assert (only(health).failing_since, only(health).failures_in_a_row) == (NOW + 2, 1)


def test_the_time_of_the_newest_data_stays_until_it_is_told_again(health):
    health.succeeded("a", NOW, data_time=NOW - 3)
    health.failed("a", "timed out", NOW + 1)
    health.succeeded("a", NOW + 2)
    assert only(health).data_time == NOW - 3
    health.succeeded("a", NOW + 3, data_time=NOW)
    assert only(health).data_time == NOW


def test_the_next_attempt_is_the_one_told_last(health):
    health.succeeded("a", NOW, next_attempt=NOW + 1)
    assert only(health).next_attempt == NOW + 1
    health.failed("a", "timed out", NOW + 1, next_attempt=NOW + 60)
    assert only(health).next_attempt == NOW + 60
    health.failed("a", "timed out", NOW + 2)
    assert only(health).next_attempt is None


def test_sources_do_not_touch_each_other_and_come_by_name(health):
    health.failed("b", "timed out", NOW)
    health.succeeded("a", NOW)
    health.succeeded("c", NOW + 1)
    assert [(one.name, one.last_success, one.error) for one in health.sources()] == [
        ("a", NOW, None),
        ("b", None, "timed out"),
        ("c", NOW + 1, None),
    ]


@pytest.mark.parametrize("names", [[], ["b"], ["b", "never heard of"], ["a", "b", "c"]])
def test_what_is_no_source_any_more_is_forgotten(health, names):
    for name in "abc":
        health.failed(name, "timed out", NOW)
    health.retain(names)
    assert [one.name for one in health.sources()] == [name for name in "abc" if name in names]


def test_another_instance_sees_it(reopened):
    reopened().failed("a", "timed out", NOW)
    reopened().failed("a", "refused", NOW + 1)
    assert (only(reopened()).error, only(reopened()).failures_in_a_row) == ("refused", 2)


# What only SQLite has


def test_a_file_of_the_first_version_is_no_obstacle(tmp_path):
    path = tmp_path / "health.sqlite"
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE sources (name TEXT PRIMARY KEY, last_success REAL, error TEXT, failures_in_a_row)")
        old.execute("INSERT INTO sources VALUES ('a', 1.0, NULL, 0)")
    old.close()
    health = SqliteHealth(path)
    health.succeeded("a", NOW, data_time=NOW - 1)
    assert only(health) == SourceHealth("a", last_success=NOW, data_time=NOW - 1)
    health.close()
