"""Which ticks fetch: pure arithmetic that spreads an account's credits evenly and never spends one too many.

The bound holds for every window of the account's period T, wherever the server begins its own: a tick of price p may be
fetched n = ⌊credits / p⌋ times in it. Calls are paid for at an even pace of one every I = (T + tick + d) / (n - r)
seconds, and a call may leave up to one tick before it is paid for, so that whole ticks lose nothing; retries up to r
calls earlier; and it may reach the server up to d seconds late. Any T then holds fewer than
1 + (T + tick + d + r·I) / I = n + 1 calls. The server's own count and its Retry-After come on top: they only ever make
it slower.
"""

import math
from dataclasses import dataclass, replace

from flightdata.models.credits import AccountClass, Budget, Failure, Plan, Trouble
from flightdata.models.units import EpochSeconds, Seconds

DAY: Seconds = 86_400.0

RETRIES = 2
"""r: how many calls ahead of the pace retries may be. 2 % of the calls of an anonymous account, 0.2 % of others."""

_DELAY: Seconds = 20.0
"""d, the usual time-out."""

_USUAL_BLOCK: Seconds = 900.0
_LONGEST_BLOCK: Seconds = 7 * DAY
_RENEWAL = 0.1
"""When the server's count is above ours by more than this part of all credits, they were renewed."""


@dataclass(frozen=True)
class Allowance:
    """So many credits in so many seconds."""

    credits: int
    period: Seconds


ALLOWANCES = {
    AccountClass.ANONYMOUS: Allowance(400, DAY),
    AccountClass.STANDARD: Allowance(4_000, DAY),
    AccountClass.FEEDER: Allowance(8_000, DAY),
    AccountClass.LICENSED: Allowance(14_400, 3_600.0),
}
"""Of `/states`, by account. Source: https://openskynetwork.github.io/opensky-api/rest.html"""

_LARGER = {
    AccountClass.STANDARD: AccountClass.FEEDER,
    AccountClass.FEEDER: AccountClass.LICENSED,
}


def opened(account: str, account_class: AccountClass, plan: Plan, now: EpochSeconds) -> Budget:
    """The budget of an account of which nothing is known yet."""
    allowance = ALLOWANCES[account_class]
    return Budget(account, account_class, plan, allowance.credits, now + allowance.period)


def interval(budget: Budget) -> Seconds:
    """The even pace: seconds between two ticks that fetch, if they could be of any length."""
    allowance, plan = ALLOWANCES[budget.account_class], budget.plan
    return (allowance.period + plan.tick + _DELAY) / (allowance.credits // plan.price - RETRIES)


def due(budget: Budget) -> EpochSeconds:
    """The tick that may fetch next."""
    plan, pace = budget.plan, interval(budget)
    moment = max(budget.earned_by - plan.tick, budget.blocked_until, next_tick(budget.last_call, plan.tick))
    calls = budget.left // plan.price
    if calls == 0:
        moment = max(moment, budget.renewed_by)
    elif (gap := (budget.renewed_by - budget.last_call) / calls) > pace and budget.last_call:
        moment = max(moment, budget.last_call + gap)
    return math.ceil(moment / plan.tick) * plan.tick


def retry_due(budget: Budget) -> EpochSeconds:
    """The moment at which a call that failed may be made again."""
    moment = max(budget.earned_by - budget.plan.tick - RETRIES * interval(budget), budget.blocked_until)
    return moment if budget.left >= budget.plan.price else max(moment, budget.renewed_by)


def charge(budget: Budget, price: int, now: EpochSeconds) -> Budget:
    """A request of `price` is about to leave."""
    paid = interval(budget) * price / budget.plan.price
    return replace(budget, left=max(budget.left - price, 0), earned_by=max(now, budget.earned_by) + paid, last_call=now)


def refund(budget: Budget, price: int) -> Budget:
    """The request that was charged has not left after all."""
    paid = interval(budget) * price / budget.plan.price
    return replace(budget, left=budget.left + price, earned_by=budget.earned_by - paid)


def answered(budget: Budget, remaining: int | None, now: EpochSeconds, *, learn: bool) -> Budget:
    """The server's count: it is right. With `learn`, more credits than the account's class has tell another class."""
    if remaining is None:
        return budget
    account_class = budget.account_class
    while learn and remaining > ALLOWANCES[account_class].credits and account_class in _LARGER:
        account_class = _LARGER[account_class]
    allowance = ALLOWANCES[account_class]
    renewed = remaining > budget.left + _RENEWAL * allowance.credits
    return replace(
        budget,
        account_class=account_class,
        left=remaining,
        renewed_by=now + allowance.period if renewed else budget.renewed_by,
    )


def throttled(budget: Budget, retry_after: Seconds | None, reason: str, now: EpochSeconds) -> Budget:
    """The server refused the call (429) and wants none for `retry_after`; then the credits are renewed."""
    until = now + min(max(retry_after or _USUAL_BLOCK, 1.0), _LONGEST_BLOCK)
    trouble = Trouble(Failure.QUOTA, reason, budget.trouble.count + 1, since=budget.trouble.since or now)
    return replace(budget, left=0, blocked_until=until, renewed_by=until, trouble=trouble)


def current(budget: Budget, now: EpochSeconds) -> Budget:
    """The budget at `now`: renewed when its time has come, and put right after the clock was set back."""
    allowance = ALLOWANCES[budget.account_class]
    if max(budget.last_call, budget.trouble.looked_at) > now or budget.earned_by > now + 2 * allowance.period:
        budget = _set_back(budget, allowance.period, now)
    if now >= budget.renewed_by:
        budget = replace(budget, left=allowance.credits, renewed_by=now + allowance.period)
    return budget


def next_tick(moment: EpochSeconds, tick: Seconds) -> EpochSeconds:
    """The first tick after `moment`; at once where there was none."""
    return (math.floor(moment / tick) + 1) * tick if moment else 0.0


def _set_back(budget: Budget, period: Seconds, now: EpochSeconds) -> Budget:
    """No moment further away than it can be by right."""
    trouble = budget.trouble
    return replace(
        budget,
        last_call=min(budget.last_call, now),
        earned_by=min(budget.earned_by, now + 2 * period),
        blocked_until=min(budget.blocked_until, now + _LONGEST_BLOCK),
        renewed_by=min(budget.renewed_by, now + _LONGEST_BLOCK),
        trouble=replace(
            trouble, looked_at=min(trouble.looked_at, now), retry_at=min(trouble.retry_at, now + _USUAL_BLOCK)
        ),
    )
