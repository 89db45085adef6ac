"""What `status` says about an account: credits left, the price of a tick, how often that is, what would help."""

from dataclasses import replace
from typing import Any

from flightdata.clients.opensky import breaker, governor
from flightdata.clients.opensky.areas import GLOBE_PRICE
from flightdata.models.credits import AccountClass, Budget, Failure, Plan
from flightdata.models.units import EpochSeconds, Seconds

_SMALLER = {3: 400, 2: 100, 1: 25}
"""The largest box in square degrees, by its price."""

_STEP_UP = {
    AccountClass.ANONYMOUS: (AccountClass.STANDARD, "a free OpenSky account (set OPENSKY_CLIENT_ID, _SECRET)"),
    AccountClass.STANDARD: (AccountClass.FEEDER, "feeding OpenSky with a receiver of your own"),
}


def report(stored: Budget, now: EpochSeconds) -> dict[str, Any]:
    """As one JSON document; moments in seconds since 1970, `interval` the average between two ticks that fetch."""
    budget = governor.current(stored, now)
    allowance, trouble = governor.ALLOWANCES[budget.account_class], budget.trouble
    return {
        "account": budget.account,
        "class": budget.account_class.value,
        "credits_left": budget.left,
        "credits": allowance.credits,
        "period": allowance.period,
        "renewed_by": budget.renewed_by,
        "areas": budget.plan.areas,
        "price": budget.plan.price,
        "tick": budget.plan.tick,
        "interval": round(_interval(budget), 1),
        "next_call": max(_next_call(budget), now),
        "blocked_until": budget.blocked_until if budget.blocked_until > now else None,
        "failure": trouble.kind.value if trouble.kind else None,
        "reason": trouble.reason or None,
        "failing_since": trouble.since or None,
        "failures_in_a_row": trouble.count,
        "cheaper": _cheaper(budget),
    }


def _interval(budget: Budget) -> Seconds:
    return max(governor.interval(budget), budget.plan.tick)


def _next_call(budget: Budget) -> EpochSeconds:
    """When a call that costs credits leaves next, as far as that is known."""
    trouble = budget.trouble
    if trouble.kind in (None, Failure.QUOTA):
        return governor.due(budget)
    if breaker.looks(trouble):
        return max(governor.retry_due(budget), governor.next_tick(trouble.looked_at, budget.plan.tick))
    return max(governor.retry_due(budget), trouble.retry_at)


def _cheaper(budget: Budget) -> list[str]:
    """What would let it fetch more often, while the credits are what limits it."""
    if governor.interval(budget) <= budget.plan.tick:
        return []
    ideas = []
    if budget.account_class in _STEP_UP:
        larger, what = _STEP_UP[budget.account_class]
        ideas.append(f"{what}: every {_interval(replace(budget, account_class=larger)):.0f} s")
    price = next((price for price in _SMALLER if price < min(budget.plan.price, GLOBE_PRICE)), None)
    if price:
        smaller = replace(budget, plan=Plan("", price, budget.plan.tick))
        ideas.append(f"one box of at most {_SMALLER[price]} square degrees: every {_interval(smaller):.0f} s")
    return ideas
