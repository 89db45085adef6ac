"""How long what a process does now may still take."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager


class TimeLeft:
    """Called: seconds. For a process that does one thing at a time, as a function does; its threads share it."""

    def __init__(self) -> None:
        self._end = math.inf

    def __call__(self) -> float:
        return self._end - time.monotonic()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """What is inside has so long, but no longer than what is around it."""
        around = self._end
        self._end = min(around, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._end = around
