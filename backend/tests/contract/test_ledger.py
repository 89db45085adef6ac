"""What every Ledger promises. A new backend is one line in OPEN."""

import pytest
from fakes import MemoryLedger, kept
from samples import NOW

from flightdata.backends.ledger.dynamodb import DynamoLedger
from flightdata.backends.ledger.sqlite import SqliteLedger
from flightdata.models.snapshot import SnapshotAccount
from flightdata.ports import Totals

OPEN = {
    "dynamodb": lambda account: DynamoLedger(account.client("dynamodb"), account.table),
    "sqlite": lambda folder: SqliteLedger(folder / "ledger.sqlite"),
    "fake": kept(MemoryLedger),
}

AWS = {"dynamodb"}
"""These are opened with an AWS account, the others with a folder."""

FIRST = SnapshotAccount("a", 10, 4, 3, {"icao24": 2, "wrong_type:velocity": 1}, None, "one", NOW)
SECOND = SnapshotAccount("b", 5, 1, 1, {"icao24": 3}, None, "two", NOW + 10)
BROKEN = SnapshotAccount("c", unreadable="HTML", correlation_id="three", processed_at=NOW + 20)
NOTHING = Totals(0, 0, 0, 0, {}, 0)


@pytest.fixture(params=OPEN)
def reopened(request, tmp_path):
    """Opens the same ledger, again and again."""
    place = request.getfixturevalue("account") if request.param in AWS else tmp_path
    opened = []

    def reopen():
        opened.append(OPEN[request.param](place))
        return opened[-1]

    yield reopen
    for one in opened:
        getattr(one, "close", lambda: None)()


@pytest.fixture
def ledger(reopened):
    return reopened()


def test_an_empty_ledger_has_sums_of_nothing(ledger):
    assert ledger.totals() == NOTHING
    assert list(ledger.find(["a"])) == []


def test_an_account_is_found_as_it_was_entered(ledger):
    ledger.record([FIRST, SECOND, BROKEN])
    assert list(ledger.find(["a"])) == [FIRST]
    assert list(ledger.find(["c", "b"])) == [BROKEN, SECOND]


def test_only_those_that_have_an_account_are_found(ledger):
    ledger.record([FIRST])
    assert list(ledger.find(["nothing", "a", "A"])) == [FIRST]
    assert list(ledger.find([])) == []


def test_the_first_entry_for_a_key_stays(ledger):
    ledger.record([FIRST])
    ledger.record([SnapshotAccount("a", 10, 0, 10), SECOND])
    assert list(ledger.find(["a", "b"])) == [FIRST, SECOND]


def test_the_first_entry_stays_also_within_one_record(ledger):
    ledger.record([FIRST, SnapshotAccount("a", 10, 0, 10)])
    assert list(ledger.find(["a"])) == [FIRST]
    assert ledger.totals().snapshots == 1


def test_recording_nothing_is_fine(ledger):
    ledger.record([])
    assert ledger.totals() == NOTHING


def test_totals_are_sums_and_rejections_are_summed_by_reason(ledger):
    ledger.record([FIRST, SECOND, BROKEN])
    assert ledger.totals() == Totals(3, 15, 5, 4, {"icao24": 5, "wrong_type:velocity": 1}, 1)


def test_the_law_holds_for_the_totals(ledger):
    ledger.record([FIRST, SECOND, BROKEN])
    totals = ledger.totals()
    assert totals.rows == totals.stored + totals.superseded + sum(totals.rejected.values())


@pytest.mark.parametrize(
    ("since", "counted"), [(NOW, 3), (NOW + 0.001, 2), (NOW + 10, 2), (NOW + 10.001, 1), (NOW + 20.001, 0)]
)
def test_totals_since_a_moment_include_it(ledger, since, counted):
    ledger.record([FIRST, SECOND, BROKEN])
    assert ledger.totals(since).snapshots == counted


def test_rejections_before_the_moment_are_not_counted(ledger):
    ledger.record([FIRST, SECOND, BROKEN])
    assert ledger.totals(NOW + 10).rejected == {"icao24": 3}
    assert ledger.totals(NOW + 20).rejected == {}


def test_any_text_may_be_a_reason(ledger):
    odd = {'"': 1, "a.b[0]": 2, "$": 3, "": 4, "ü\n": 5}
    ledger.record([SnapshotAccount("a", 15, rejected=odd), SnapshotAccount("b", 15, rejected=odd)])
    assert ledger.totals().rejected == {reason: 2 * count for reason, count in odd.items()}
    assert ledger.find(["a"])[0].rejected == odd


@pytest.mark.parametrize(
    ("first", "last", "entered"),
    [("a", "c", "abc"), ("a", "a", "a"), ("aa", "bb", "b"), ("c", "z", "c"), ("d", "z", "")],
)
def test_the_keys_of_a_range_that_have_an_account_are_told(ledger, first, last, entered):
    ledger.record([BROKEN, FIRST, SECOND])
    assert ledger.entered(first, last) == set(entered)


def test_as_many_keys_are_told_as_there_are(ledger):
    keys = [f"source=a/{number:05}" for number in range(1_500)]
    ledger.record([SnapshotAccount(key, rejected={"x" * 2_000: 1}, rows=1) for key in keys])
    assert ledger.entered(keys[1], keys[-2]) == set(keys[1:-1])


def test_what_is_settled_is_what_was_said_last_and_no_account(reopened):
    assert reopened().settled() is None
    reopened().settle(NOW + 0.25)
    assert reopened().settled() == NOW + 0.25
    reopened().settle(NOW - 5)
    assert reopened().settled() == NOW - 5
    assert reopened().totals() == NOTHING
    assert reopened().entered("!", "~") == set()


def test_another_instance_sees_it(reopened):
    reopened().record([FIRST])
    assert list(reopened().find(["a"])) == [FIRST]
    assert reopened().totals().rows == 10
