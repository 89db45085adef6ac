"""What every Budgets promises. A new backend is one line in OPEN."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from fakes import MemoryBudgets, MemoryMetrics, kept
from samples import NOW

from flightdata.backends.budgets.dynamodb import DynamoBudgets
from flightdata.backends.budgets.observed import ObservedBudgets
from flightdata.backends.budgets.sqlite import SqliteBudgets
from flightdata.models.credits import AccountClass, Budget, Failure, Plan, Trouble

OPEN = {
    "dynamodb": lambda account: DynamoBudgets(account.client("dynamodb"), account.table),
    "sqlite": lambda folder: SqliteBudgets(folder / "budgets.sqlite"),
    "fake": kept(MemoryBudgets),
    "observed": kept(lambda: ObservedBudgets(MemoryBudgets(), MemoryMetrics())),
}

PLAIN = Budget("somebody", AccountClass.STANDARD, Plan("the globe", 4, 30.0), 4_000, NOW)
FULL = Budget(
    "anonymous",
    AccountClass.ANONYMOUS,
    Plan("2 boxes of 12 square degrees", 2, 10.5),
    17,
    NOW + 0.125,
    earned_by=NOW + 1 / 3,
    last_call=NOW,
    blocked_until=NOW + 22_688,
    trouble=Trouble(Failure.OUTAGE, "503 from OpenSky — é", 4, NOW, NOW + 900, NOW + 30, alive=False, misled=True),
)


AWS = {"dynamodb"}
"""These are opened with an AWS account, the others with a folder."""


@pytest.fixture(params=OPEN)
def reopened(request, tmp_path):
    """Opens the same budgets, again and again."""
    place = request.getfixturevalue("account") if request.param in AWS else tmp_path
    opened = []

    def reopen():
        opened.append(OPEN[request.param](place))
        return opened[-1]

    yield reopen
    for one in opened:
        getattr(one, "close", lambda: None)()


@pytest.fixture
def budgets(reopened):
    return reopened()


def test_at_first_nothing_is_known(budgets):
    assert list(budgets.known()) == []
    assert budgets.find("somebody") is None
    seen = []
    budgets.update("somebody", lambda budget: seen.append(budget) or PLAIN)
    assert seen == [None]


@pytest.mark.parametrize("budget", [PLAIN, FULL], ids=["plain", "full"])
def test_what_was_stored_is_found_as_it_was_also_by_another_instance(reopened, budget):
    assert reopened().update(budget.account, lambda _: budget) == budget
    assert reopened().find(budget.account) == budget


def test_a_change_gets_what_is_known(budgets):
    budgets.update("somebody", lambda _: PLAIN)
    changed = budgets.update("somebody", lambda budget: replace(budget, left=budget.left - 4))
    assert changed.left == budgets.find("somebody").left == 3_996


def test_a_change_that_raises_changes_nothing(budgets):
    def refuse(_budget):
        raise LookupError

    with pytest.raises(LookupError):
        budgets.update("somebody", refuse)
    assert budgets.find("somebody") is None
    budgets.update("somebody", lambda _: PLAIN)
    with pytest.raises(LookupError):
        budgets.update("somebody", refuse)
    assert budgets.find("somebody") == PLAIN


def test_accounts_do_not_touch_each_other_and_come_by_name(budgets):
    for budget in (PLAIN, FULL):
        budgets.update(budget.account, lambda _, budget=budget: budget)
    assert list(budgets.known()) == [FULL, PLAIN]


@pytest.mark.parametrize("reopened", ["sqlite"], indirect=True)
def test_no_change_is_lost_between_several_at_once(reopened):
    reopened().update("somebody", lambda _: PLAIN)

    def spend(_number):
        return reopened().update("somebody", lambda budget: replace(budget, left=budget.left - 1)).left

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(spend, range(40)))
    assert sorted(seen) == list(range(3_960, 4_000))


def test_what_is_left_is_said_each_time():
    metrics = MemoryMetrics()
    observed = ObservedBudgets(MemoryBudgets(), metrics)
    for budget in (PLAIN, replace(PLAIN, left=3_996)):
        observed.update(PLAIN.account, lambda _, new=budget: new)
    assert metrics.observed == [("CreditsRemaining", {PLAIN.account: left}) for left in (4_000, 3_996)]
