"""The arithmetic against a model of the server, for 30 days; no clock but a number, no network."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import NOW

from flightdata.clients.opensky import governor
from flightdata.models.credits import AccountClass, Failure, Plan

DAYS = 30
TICK = 30.0
CALL = 0.05
"""Ticks from a call to its answer."""


def opened(account_class=AccountClass.STANDARD, price=4, tick=TICK, now=NOW):
    return governor.opened("somebody", account_class, Plan("the globe", price, tick), now)


class Bucket:
    """The server's credits: all of them again every period, from `phase` on."""

    def __init__(self, account_class, phase):
        self.allowance = governor.ALLOWANCES[account_class]
        self.phase = phase
        self.window, self.left = None, 0

    def at(self, now):
        window = (now - self.phase) // self.allowance.period
        if window != self.window:
            self.window, self.left = window, self.allowance.credits
        return self.left

    def take(self, price, now):
        """What the server says is left; None: refused."""
        if self.at(now) < price:
            return None
        self.left -= price
        return self.left


class Drip(Bucket):
    """Another server: credits come back one by one, all the time."""

    def at(self, now):
        rate = self.allowance.credits / self.allowance.period
        before = self.window if self.window is not None else now - self.allowance.period
        gained = math.floor((now - before) * rate)
        self.window, self.left = before + gained / rate, min(self.allowance.credits, self.left + gained)
        return self.left


def run(budget, bucket, until, *, start=NOW, tells=True):
    """Fetch whenever it is due: the moments of the calls."""
    now, calls, price = start, [], budget.plan.price
    while now < until:
        budget = governor.current(budget, now)
        if (moment := governor.due(budget)) > now:
            now = moment
            continue
        budget = governor.charge(budget, price, now)
        left = bucket.take(price, now)
        assert left is not None, f"one credit over, {now - start:.0f} s after the start"
        calls.append(now)
        now += CALL * budget.plan.tick
        if tells:
            budget = governor.answered(budget, left, now, learn=False)
    return calls, budget


def most_in(calls, period):
    """The most calls in any half-open window of that length."""
    first = most = 0
    for last, moment in enumerate(calls):
        while moment - calls[first] >= period:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.parametrize("price", [1, 2, 3, 4])
@pytest.mark.parametrize("account_class", AccountClass)
def test_for_30_days_never_one_credit_over_and_95_percent_used_where_the_tick_allows(account_class, price):
    allowance = governor.ALLOWANCES[account_class]
    until = NOW + DAYS * governor.DAY
    calls, _ = run(opened(account_class, price), Bucket(account_class, phase=12_345.6), until)
    affordable = DAYS * governor.DAY / allowance.period * allowance.credits
    by_tick = DAYS * governor.DAY / TICK * price
    assert len(calls) * price >= 0.95 * min(affordable, by_tick)
    assert most_in(calls, allowance.period) * price <= allowance.credits
    assert min(later - earlier for earlier, later in pairwise(calls[1:])) >= TICK  # the first one is at once


@pytest.mark.parametrize(("account_class", "tick"), [(AccountClass.LICENSED, 1.0), (AccountClass.FEEDER, 5.0)])
def test_with_a_tick_that_is_short_the_credits_are_the_limit(account_class, tick):
    allowance = governor.ALLOWANCES[account_class]
    span = max(allowance.period, governor.DAY / 4)
    calls, _ = run(opened(account_class, 4, tick), Bucket(account_class, phase=99.9), NOW + span)
    assert 0.95 * span / allowance.period * allowance.credits <= len(calls) * 4
    assert most_in(calls, allowance.period) * 4 <= allowance.credits


@pytest.mark.parametrize("bucket", [Bucket, Drip])
@pytest.mark.parametrize("tells", [True, False])
def test_it_holds_however_the_server_counts_and_whether_it_tells(bucket, tells):
    calls, _ = run(opened(), bucket(AccountClass.STANDARD, phase=1.0), NOW + 5 * governor.DAY, tells=tells)
    assert len(calls) * 4 >= 0.95 * 5 * 4_000


@given(st.floats(0, governor.DAY), st.integers(1, 4), st.sampled_from([7.0, 30.0, 61.7]), st.data())
def test_no_window_of_a_day_holds_one_call_too_many_whatever_fails_and_whenever_it_starts_again(
    start, price, tick, data
):
    """Retries at any moment that they may, restarts (what is stored is all there is), a server that says nothing."""
    budget, now, calls = opened(AccountClass.ANONYMOUS, price, tick, NOW + start), NOW + start, []
    while now < NOW + start + 2 * governor.DAY:
        budget = governor.current(replace(budget, left=400), now)
        retry = data.draw(st.booleans()) if len(calls) < 20 else len(calls) % 3 == 0
        now = max(now, governor.retry_due(budget) if retry else governor.due(budget))
        budget = governor.charge(budget, price, now)
        calls.append(now)
        now += 0.5
    assert most_in(calls, governor.DAY) * price <= 400


@pytest.mark.parametrize("price", [1, 2, 3, 4])
@pytest.mark.parametrize("calm", [0, 1, 40])
def test_not_even_where_after_a_calm_while_every_call_is_a_retry(price, calm):
    budget, now, calls = opened(AccountClass.ANONYMOUS, price), NOW, []
    while now < NOW + 3 * governor.DAY:
        budget = governor.current(replace(budget, left=400), now)
        now = max(now, governor.retry_due(budget) if len(calls) >= calm else governor.due(budget))
        budget = governor.charge(budget, price, now)
        calls.append(now)
        now += 0.5
    assert most_in(calls, governor.DAY + 19) * price <= 400


def test_at_first_it_is_due_at_once():
    assert governor.due(opened()) <= NOW


def test_calls_are_on_ticks_and_two_are_never_in_one():
    calls, _ = run(opened(AccountClass.FEEDER), Bucket(AccountClass.FEEDER, 0.0), NOW + 3_600, start=NOW + 17)
    assert all(moment % TICK == 0 for moment in calls[1:])
    assert len({moment // TICK for moment in calls}) == len(calls)


def test_where_others_spend_the_same_credits_the_rest_is_spread_over_the_rest_of_the_time():
    budget = governor.charge(opened(), 4, NOW)
    budget = governor.answered(budget, 404, NOW + 1, learn=False)  # we thought 3,996
    gap = governor.DAY / 101
    assert governor.due(budget) == math.ceil((NOW + gap) / TICK) * TICK


def test_where_the_server_has_too_few_nothing_leaves_until_they_are_renewed():
    budget = governor.answered(governor.charge(opened(), 4, NOW), 3, NOW + 1, learn=False)
    assert governor.due(budget) >= NOW + governor.DAY
    assert governor.retry_due(budget) >= NOW + governor.DAY
    later = governor.current(budget, NOW + governor.DAY)
    assert (later.left, later.renewed_by) == (4_000, NOW + 2 * governor.DAY)


def test_a_server_that_has_more_than_we_thought_has_renewed_them():
    budget = replace(opened(), left=100, renewed_by=NOW + 5)
    told = governor.answered(budget, 3_996, NOW, learn=False)
    assert (told.left, told.renewed_by) == (3_996, NOW + governor.DAY)
    told = governor.answered(budget, 104, NOW, learn=False)  # the call was not charged
    assert (told.left, told.renewed_by) == (104, NOW + 5)


@pytest.mark.parametrize(
    ("remaining", "account_class"),
    [
        (3_996, AccountClass.STANDARD),
        (4_000, AccountClass.STANDARD),
        (7_996, AccountClass.FEEDER),
        (14_396, AccountClass.LICENSED),
    ],
)
def test_the_class_is_found_out_from_what_is_left(remaining, account_class):
    assert governor.answered(opened(), remaining, NOW, learn=True).account_class is account_class
    assert governor.answered(opened(), remaining, NOW, learn=False).account_class is AccountClass.STANDARD


def test_more_credits_are_a_shorter_interval():
    assert [round(governor.interval(opened(one))) for one in AccountClass] == [882, 87, 43, 1]


@pytest.mark.parametrize("retry_after", [1.0, 3_600.0, 22_688.0, 86_400.0, 100_000.0])
def test_nothing_leaves_before_the_moment_that_the_server_named(retry_after):
    budget = governor.throttled(governor.charge(opened(), 4, NOW), retry_after, "429", NOW + 1)
    assert governor.due(budget) >= NOW + 1 + retry_after
    assert governor.retry_due(budget) >= NOW + 1 + retry_after
    assert (budget.left, budget.trouble.kind) == (0, Failure.QUOTA)
    later = governor.current(budget, NOW + 1 + retry_after)
    assert later.left == 4_000
    assert governor.due(later) <= NOW + 1 + retry_after + TICK or retry_after < 100


@pytest.mark.parametrize(("named", "seconds"), [(None, 900), (0.0, 900), (1e15, 7 * 86_400)])
def test_a_moment_that_makes_no_sense_is_replaced(named, seconds):
    assert governor.throttled(opened(), named, "429", NOW).blocked_until == NOW + seconds


def test_a_clock_that_was_set_back_does_not_stop_it():
    budget = governor.charge(opened(now=NOW + 1e9), 4, NOW + 1e9)
    trouble = replace(budget.trouble, kind=Failure.OUTAGE, looked_at=NOW + 1e9, retry_at=NOW + 1e9 + 900)
    budget = governor.current(replace(budget, trouble=trouble), NOW)
    assert governor.due(budget) <= NOW + 2 * governor.DAY
    assert budget.trouble.looked_at <= NOW
    assert budget.trouble.retry_at <= NOW + 900
