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
from flightdata.pipeline.recover import Recover
from flightdata.pipeline.work import work
from flightdata.ports import Clock, DeadLetters, Queue, Source
from flightdata.utils.logs import logger

log = logger(__name__)

_POLL: Seconds = 1.0
_TIDY_EVERY: Seconds = 60.0
_LOOK_AGAIN: Seconds = 5.0
"""For lost snapshots, where a full queue hid which of them are."""
_FIRST_PAUSE: Seconds = 1.0
_LONGEST_PAUSE: Seconds = 60.0
_FULL_PAUSE: Seconds = 0.01
_LONGEST_QUEUE = 20


class _Ended(Exception):
    """The source has no more."""


class Collector:
    """Fetches from `sources` until `stop`, and runs `step`, if there is one, beside it.

    A failing source, or a failing disk, pauses and is tried again.
    """

    def __init__(
        self, sources: Sequence[Source], fetch: Fetch, clock: Clock, step: Callable[[], bool] | None = None
    ) -> None:
        """`step` returns whether it did what it should; until it does there are pauses between."""
        self._fetch = fetch
        self._clock = clock
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        if step:
            self._beside("forward", step)
        for source in sources:
            self._threads.append(
                threading.Thread(target=self._keep_fetching, args=(source,), name=source.name, daemon=True)
            )

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

    def _beside(self, name: str, step: Callable[[], bool]) -> None:
        self._threads.append(threading.Thread(target=self._repeat, args=(step,), name=name, daemon=True))

    def _keep_fetching(self, source: Source) -> None:
        with suppress(_Ended):
            self._repeat(lambda: self._fetch_when_due(source))
        log.info("source is done", source=source.name)

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
        """Whoever processes is elsewhere, and comes when he comes."""
        return True


class Runner(Collector):
    """Runs fetch, process and the housekeeping until `stop`."""

    def __init__(  # noqa: PLR0913, the twin of four triggers
        self,
        sources: Sequence[Source],
        fetch: Fetch,
        process: Process,
        recover: Recover,
        keep: Keep,
        queue: Queue,
        depth: DeadLetters,
        clock: Clock,
    ) -> None:
        super().__init__(sources, fetch, clock)
        self._process = process
        self._recover = recover
        self._keep = keep
        self._began = clock()
        self._queue = queue
        self._depth = depth
        self._beside("process", self._work)
        self._beside("recover", self._look_around)
        self._beside("history", self._tidy)

    def _tidy(self) -> bool:
        self._keep.round()
        self._stopping.wait(_TIDY_EVERY)
        return True

    def _look_around(self) -> bool:
        found = self._recover.round(self._began)
        self._stopping.wait(_LOOK_AGAIN if found.waiting else _TIDY_EVERY)
        return True

    def _work(self) -> bool:
        work(self._queue, self._process, wait=_POLL)
        return True

    def _has_room(self) -> bool:
        """A source that is faster than the processing waits for it."""
        full = self._depth.depth().waiting >= _LONGEST_QUEUE
        if full:
            self._stopping.wait(_FULL_PAUSE)
        return not full
