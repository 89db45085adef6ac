"""The source `opensky`: live states, as often as the account's credits allow.

Nothing here waits. What must wait is written down with its moment (`Budgets`), so that a function that is billed by the
second, or a process that starts anew, does the same as one that runs on.
"""

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from flightdata.clients.opensky import breaker, governor
from flightdata.clients.opensky.areas import Request, in_words, requests
from flightdata.clients.opensky.credentials import ANONYMOUS, Poster, Tokens, confidential
from flightdata.clients.opensky.failures import Failed, check, own_time, remaining, truncated
from flightdata.errors import ConfigurationError, NotDue, Transient
from flightdata.models.area import Area
from flightdata.models.credits import AccountClass, Budget, Failure, Plan, Trouble
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import BadAnswer, Budgets, Clock, Lease, Probe
from flightdata.utils.http import Answer, NoConnection, Truncated, http_date
from flightdata.utils.logs import logger

log = logger(__name__)

NAME = "opensky"

_RESTART_WAIT: Seconds = 60.0
_UNAUTHORISED = 401
_SERVER_ERROR = 500


class Web(Poster, Protocol):
    """What the source needs of HTTP."""

    def get(self, url: str, *, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer: ...


@dataclass(frozen=True)
class Account:
    """Whose credits are spent: `name` shows no credential; `known_class` None: to be found out."""

    name: str = ANONYMOUS
    tokens: Tokens | None = None
    known_class: AccountClass | None = None

    @property
    def first_class(self) -> AccountClass:
        """What it is taken for until the server tells otherwise."""
        return self.known_class or (AccountClass.STANDARD if self.tokens else AccountClass.ANONYMOUS)


class OpenSky:
    """`/states/all` of `areas` (none: the globe). Raises ConfigurationError for a `url` that shows tokens to all."""

    name = NAME

    def __init__(  # noqa: PLR0913, each is a seam by itself
        self,
        url: str,
        account: Account,
        areas: Sequence[Area],
        *,
        http: Web,
        budgets: Budgets,
        lease: Lease,
        tick: Seconds = 30.0,
        clock: Clock = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._url = (confidential(url) if account.tokens else url).rstrip("/")
        self._account = account
        self._requests = requests(areas)
        self._http = http
        self._budgets = budgets
        self._lease = lease
        self._clock = clock
        self._chance = chance
        self._pending: tuple[Request, ...] = ()
        self._held: int | None = None
        price = sum(request.price for request in self._requests)
        self._plan = Plan(in_words(areas, self._requests), price, tick)
        self._begun = False
        self._last_call: EpochSeconds = 0.0

    def next_due(self) -> EpochSeconds:
        return self._moment(self._budget())

    def fetch(self) -> RawSnapshot:
        self._take_the_tick()
        try:
            if breaker.looks(self._budget().trouble):
                self._look()
            return self._ask((self._pending or self._requests)[0])
        except Failed as error:
            self._note(error)
            if error.evidence is None:
                raise
            raise BadAnswer(
                str(error), RawSnapshot(self.name, self._clock(), error.evidence), kind=error.kind
            ) from error

    def probe(self) -> Probe:
        """Whether it is there and knows us: a connection and a token, for nothing else is free of credits at all times.

        Raises Transient.
        """
        token = self._headers()
        parts = urlsplit(self._url)
        answer = self._http.get(f"{parts.scheme}://{parts.netloc}/", query={}, headers={})
        known = "knows our account" if token else "is asked without an account"
        found = f"{parts.hostname} answers and {known}; not asked for states, for these cost credits"
        return Probe(None, http_date(answer.headers.get("date")), found)

    def _moment(self, budget: Budget) -> EpochSeconds:
        """When the next call, or the next look, may leave."""
        trouble = budget.trouble
        if trouble.kind is None and self._pending and budget.left >= self._pending[0].price:
            return max(budget.last_call, budget.blocked_until)  # the rest of a tick that has begun
        if trouble.kind in (None, Failure.QUOTA):
            return governor.due(budget)
        if breaker.looks(trouble):
            return max(governor.next_tick(trouble.looked_at, self._plan.tick), budget.blocked_until)
        return max(governor.retry_due(budget), trouble.retry_at)

    def _take_the_tick(self) -> None:
        """Raises NotDue unless something is due and the tick is ours."""
        now = self._clock()
        if now < (moment := self.next_due()):
            raise NotDue(f"{self.name} is not due before {_time(moment)}")
        tick = math.floor(now / self._plan.tick)
        goes_on = bool(self._pending) and self._budget().trouble.kind is None
        if goes_on or tick == self._held:
            return
        if not self._lease.take(self._account.name, tick):
            raise NotDue(f"another process fetches this tick of {self.name}")
        self._held = tick

    def _ask(self, request: Request) -> RawSnapshot:
        """One `/states/all`. Raises Failed, or NotDue."""
        answer = self._answer(request)
        self._listen(answer)
        check(answer)
        self._change(lambda budget: replace(budget, trouble=Trouble()))
        self._pending = (self._pending or self._requests)[1:]
        return RawSnapshot(self.name, self._clock(), answer.body, own_time(answer))

    def _answer(self, request: Request) -> Answer:
        """Whatever the server says; charged before the call leaves."""
        try:
            headers = self._headers()
            self._charge(request)
            answer = self._first(request, headers)
            if answer.status == _UNAUTHORISED and self._account.tokens:
                self._account.tokens.forget()
                answer = self._get(request, self._headers())
        except Failed:
            raise
        except Truncated as error:
            raise truncated(error) from error
        except Transient as error:
            raise Failed(Failure.OUTAGE, str(error)) from error
        except ConfigurationError as error:
            raise Failed(Failure.MISTAKE, str(error)) from error
        return answer

    def _first(self, request: Request, headers: Mapping[str, str]) -> Answer:
        try:
            return self._get(request, headers)
        except NoConnection:
            self._change(lambda budget: governor.refund(budget, request.price))
            raise

    def _get(self, request: Request, headers: Mapping[str, str]) -> Answer:
        return self._http.get(f"{self._url}/states/all", query={"extended": "1", **request.query}, headers=headers)

    def _charge(self, request: Request) -> None:
        """Raises NotDue, and charges nothing, where another process was quicker."""
        now = self._clock()

        def charged(budget: Budget) -> Budget:
            if now < (moment := self._moment(budget)):
                raise NotDue(f"{self.name} is not due before {_time(moment)}")
            return governor.charge(budget, request.price, now)

        self._last_call = self._change(charged).last_call
        self._pending = self._pending or self._requests

    def _look(self) -> None:
        """Whether the service answers at all, free of charge. Raises Transient unless a call may follow."""
        try:
            answer = self._http.get(f"{self._url}/states/own", query={}, headers=self._headers())
            alive = answer.status < _SERVER_ERROR
        except Transient:
            alive = False
        now = self._clock()
        budget = self._change(lambda budget: replace(budget, trouble=breaker.looked(budget.trouble, now, alive=alive)))
        trouble = budget.trouble
        if not alive:
            raise Transient(f"down since {_time(trouble.since)}, found by a look that costs nothing: {trouble.reason}")
        if now < trouble.retry_at:
            raise Transient(
                f"failing since {_time(trouble.since)}, next try {_time(trouble.retry_at)}: {trouble.reason}"
            )

    def _headers(self) -> Mapping[str, str]:
        return self._account.tokens.header() if self._account.tokens else {}

    def _listen(self, answer: Answer) -> None:
        """To what the server says about credits."""
        now, learn = self._clock(), self._account.known_class is None and self._account.tokens is not None
        self._change(lambda budget: governor.answered(budget, remaining(answer), now, learn=learn))

    def _note(self, error: Failed) -> None:
        now, jitter = self._clock(), self._chance() * self._plan.tick

        def noted(budget: Budget) -> Budget:
            if error.kind is Failure.QUOTA:
                return governor.throttled(budget, error.retry_after, str(error), now)
            trouble = breaker.failed(budget.trouble, error.kind, str(error), now, jitter)
            until = now + min(error.retry_after or 0.0, breaker.PROBE_EVERY)
            return replace(budget, trouble=trouble, blocked_until=max(budget.blocked_until, until))

        self._change(noted)

    def _budget(self) -> Budget:
        """As it is now; at first it is opened, or brought up to what this source does."""
        budget = self._budgets.find(self._account.name) if self._begun else None
        if budget is None:
            self._begun = True
            budget = self._change(self._begin)
            log.info(
                "credits",
                source=self.name,
                account=budget.account_class.value,
                left=budget.left,
                price=self._plan.price,
                areas=self._plan.areas,
                every=round(max(governor.interval(budget), self._plan.tick)),
            )
            return budget
        if budget.last_call != self._last_call:
            self._pending = ()  # another process went on
        return self._as_planned(governor.current(budget, self._clock()))

    def _begin(self, budget: Budget) -> Budget:
        trouble = budget.trouble
        if trouble.kind is Failure.MISTAKE:  # it may have been put right before this start
            trouble = replace(trouble, retry_at=min(trouble.retry_at, trouble.looked_at + _RESTART_WAIT))
        return replace(budget, account_class=self._account.known_class or budget.account_class, trouble=trouble)

    def _change(self, change: Callable[[Budget], Budget]) -> Budget:
        now = self._clock()

        def changed(budget: Budget | None) -> Budget:
            if budget is None:
                budget = governor.opened(self._account.name, self._account.first_class, self._plan, now)
            return change(self._as_planned(governor.current(budget, now)))

        return self._budgets.update(self._account.name, changed)

    def _as_planned(self, budget: Budget) -> Budget:
        return budget if budget.plan == self._plan else replace(budget, plan=self._plan)


def _time(moment: EpochSeconds) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%FT%TZ}"
