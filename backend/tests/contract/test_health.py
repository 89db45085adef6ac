"""What every Health promises. A new backend is one line in OPEN."""

import pytest
from fakes import MemoryHealth, kept
from samples import NOW

from flightdata.backends.health.sqlite import SqliteHealth
from flightdata.ports import SourceHealth

OPEN = {
    "sqlite": lambda folder: SqliteHealth(folder / "health.sqlite"),
    "fake": kept(MemoryHealth),
}


@pytest.fixture(params=OPEN)
def reopened(request, tmp_path):
    """Opens the same health, again and again."""
    opened = []

    def reopen():
        opened.append(OPEN[request.param](tmp_path))
        return opened[-1]

    yield reopen
    for one in opened:
        getattr(one, "close", lambda: None)()


@pytest.fixture
def health(reopened):
    return reopened()


def test_at_first_no_source_is_known(health):
    assert list(health.sources()) == []


def test_a_source_that_succeeded_has_no_error(health):
    health.succeeded("a", NOW)
    assert list(health.sources()) == [SourceHealth("a", NOW, None, 0)]


def test_a_source_that_never_succeeded_has_no_last_success(health):
    health.failed("a", "timed out")
    assert list(health.sources()) == [SourceHealth("a", None, "timed out", 1)]


def test_failures_in_a_row_are_counted_and_the_last_error_is_kept(health):
    health.succeeded("a", NOW)
    for error in ("timed out", "refused", "timed out again"):
        health.failed("a", error)
    assert list(health.sources()) == [SourceHealth("a", NOW, "timed out again", 3)]


def test_a_success_ends_the_failures(health):
    health.failed("a", "timed out")
    health.succeeded("a", NOW)
    assert list(health.sources()) == [SourceHealth("a", NOW, None, 0)]
    health.failed("a", "refused")
    assert list(health.sources()) == [SourceHealth("a", NOW, "refused", 1)]


def test_sources_do_not_touch_each_other_and_come_by_name(health):
    health.failed("b", "timed out")
    health.succeeded("a", NOW)
    health.succeeded("c", NOW + 1)
    assert list(health.sources()) == [
        SourceHealth("a", NOW, None, 0),
        SourceHealth("b", None, "timed out", 1),
        SourceHealth("c", NOW + 1, None, 0),
    ]


def test_another_instance_sees_it(reopened):
    reopened().failed("a", "timed out")
    reopened().failed("a", "refused")
    assert list(reopened().sources()) == [SourceHealth("a", None, "refused", 2)]
