"""When a source may ask next: its own pace, and after failures more patience."""

import random
from collections.abc import Callable

from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import Clock

_MOST_INTERVALS = 30
_LEAST_PATIENCE: Seconds = 60.0
_LONGEST_ORDER: Seconds = 86_400.0


class Pace:
    """Every `interval` while it works; after failures up to 30 of these, or a minute (full jitter, a doubling span).

    What a server orders with Retry-After is a deadline: nothing is due before it.
    Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """

    def __init__(self, interval: Seconds, clock: Clock, *, dice: Callable[[], float] = random.random) -> None:
        self._interval = interval
        self._longest = max(interval * _MOST_INTERVALS, _LEAST_PATIENCE)
        self._clock = clock
        self._dice = dice
        self._failures = 0
        self._asked: EpochSeconds = 0.0
        self._due: EpochSeconds = 0.0

    def next_due(self) -> EpochSeconds:
        """At once if the clock was set back meanwhile: who knows how long it would be otherwise."""
        return self._due if self._clock() >= self._asked else 0.0

    def asking(self) -> None:
        """Now somebody is asked. The interval counts from here, however long the answer takes."""
        self._asked = self._clock()
        self._due = self._asked + self._interval

    def answered(self) -> None:
        self._failures = 0

    def failed(self, retry_after: Seconds | None = None) -> None:
        self._failures += 1
        span = min(self._interval * 2.0 ** min(self._failures, 32), self._longest)
        wait = max(self._dice() * span, min(retry_after or 0.0, _LONGEST_ORDER))
        self._due = max(self._due, self._clock() + wait)
