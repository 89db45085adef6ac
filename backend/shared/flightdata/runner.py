"""The local twin of the triggers: a thread a source for the schedule, one worker at the queue."""

import gc
import math
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from flightdata.errors import NotDue
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.pipeline.fetch import Fetch
from flightdata.pipeline.keep import Keep
from flightdata.pipeline.process import Process
from flightdata.pipeline.work import work
from flightdata.ports import Clock, DeadLetters, Queue, Source
from flightdata.utils.logs import logger

log = logger(__name__)

_POLL: Seconds = 1.0
_TIDY_EVERY: Seconds = 60.0
_FIRST_PAUSE: Seconds = 1.0
_LONGEST_PAUSE: Seconds = 60.0
_FULL_PAUSE: Seconds = 0.01
_LONGEST_QUEUE = 20


class _Ended(Exception):
    """The source has no more."""


class Runner:
    """Runs fetch and process until `stop`. A failing source, or a failing disk, pauses and is tried again."""

    def __init__(  # noqa: PLR0913, the twin of four triggers
        self,
        sources: Sequence[Source],
        fetch: Fetch,
        process: Process,
        keep: Keep,
        queue: Queue,
        depth: DeadLetters,
        clock: Clock,
    ) -> None:
        self._fetch = fetch
        self._process = process
        self._keep = keep
        self._queue = queue
        self._depth = depth
        self._clock = clock
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep_working, name="process", daemon=True),
            threading.Thread(target=self._keep_house, name="history", daemon=True),
        ] + [
            threading.Thread(target=self._keep_fetching, args=(source,), name=source.name, daemon=True)
            for source in sources
        ]

    def start(self) -> None:
        gc.freeze()  # what is there now stays; looking for garbage in it takes 9 % of the time (measured)
        for thread in self._threads:
            thread.start()

    def stop(self, within: Seconds) -> bool:
        """Let everybody finish what is in hand; whether they did so `within` that time. What is queued stays so."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(within / len(self._threads))
        return not any(thread.is_alive() for thread in self._threads)

    def _keep_working(self) -> None:
        self._repeat(self._work)

    def _keep_fetching(self, source: Source) -> None:
        with suppress(_Ended):
            self._repeat(lambda: self._fetch_when_due(source))
        log.info("source is done", source=source.name)

    def _keep_house(self) -> None:
        self._repeat(self._tidy)

    def _tidy(self) -> bool:
        self._keep.round()
        self._stopping.wait(_TIDY_EVERY)
        return True

    def _work(self) -> bool:
        work(self._queue, self._process, wait=_POLL)
        return True

    def _fetch_when_due(self, source: Source) -> bool:
        due = source.next_due()
        if due == math.inf:
            raise _Ended
        if not (self._is_due(due) and self._has_room()):
            return True
        try:
            done = self._fetch.tick(source) is not None
        except NotDue:
            done = False
        return done or source.next_due() > self._clock()  # who says when to ask again needs no pause besides

    def _repeat(self, step: Callable[[], bool]) -> None:
        """Do `step` until told to stop; while it fails, or raises, with growing pauses."""
        failures = 0
        while not self._stopping.is_set():
            try:
                done = step()
            except _Ended:
                raise
            except Exception as error:
                log.exception("step failed and will be tried again", reason=str(error))
                done = False
            failures = 0 if done else failures + 1
            self._pause(failures)

    def _pause(self, failures: int) -> None:
        if failures:
            self._stopping.wait(min(_FIRST_PAUSE * 2.0 ** min(failures - 1, 16), _LONGEST_PAUSE))

    def _is_due(self, due: EpochSeconds) -> bool:
        """False after a wait: the clock may have been set meanwhile."""
        left = due - self._clock()
        if left > 0:
            self._stopping.wait(min(left, _POLL))
        return left <= 0

    def _has_room(self) -> bool:
        """A source that is faster than the processing waits for it."""
        full = self._depth.depth().waiting >= _LONGEST_QUEUE
        if full:
            self._stopping.wait(_FULL_PAUSE)
        return not full
