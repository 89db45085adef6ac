"""What the pipeline can say of itself now: the durable figures of `models.figures`, read from the stores."""

import math
import time
from collections.abc import Callable, Iterator

from flightdata.models.figures import Reading
from flightdata.models.units import Seconds
from flightdata.ports import Budgets, Clock, DeadLetters, Exposition, Health, Ledger, ShownPictures, Totals
from flightdata.utils.logs import logger

log = logger(__name__)

Readings = Iterator[Reading]

_REST = 20


class Watch:
    """Whoever scrapes asks here. A store that cannot be read keeps silent about its own figures, not about others'."""

    def __init__(  # noqa: PLR0913, it looks at all of them
        self,
        metrics: Exposition,
        live: ShownPictures,
        ledger: Ledger,
        queue: DeadLetters,
        health: Health,
        budgets: Budgets,
        clock: Clock,
    ) -> None:
        self._metrics = metrics
        self._live = live
        self._ledger = ledger
        self._queue = queue
        self._health = health
        self._budgets = budgets
        self._clock = clock
        self._known: Totals | None = None
        self._good_until = -math.inf

    @property
    def content_type(self) -> str:
        return self._metrics.content_type

    def text(self) -> bytes:
        """All figures, counted here and read from the stores."""
        return self._metrics.text(list(self.readings()))

    def answered(self, method: str, route: str, status: int, took: Seconds) -> None:
        """A request was."""
        self._metrics.count({"Requests": {(method, route, str(status)): 1}})
        self._metrics.observe({"RequestSeconds": {(route,): took}})

    def readings(self) -> Readings:
        asked: tuple[Callable[[], Readings], ...] = (
            self._of_picture,
            self._of_ledger,
            self._of_queue,
            self._of_sources,
            self._of_credits,
        )
        for ask in asked:
            try:
                yield from list(ask())
            except Exception as error:  # noqa: BLE001, whatever it is, the others are still worth having
                log.warning("figures could not be read", reason=str(error))

    def _of_picture(self) -> Readings:
        picture = self._live.shown()
        yield Reading("Aircraft", picture.aircraft)
        if picture.version:
            yield Reading("PictureAge", self._clock() - picture.time)

    def _of_ledger(self) -> Readings:
        totals = self._totals()
        rejected = sum(totals.rejected.values())
        yield Reading("SnapshotsProcessed", totals.snapshots)
        yield Reading("SnapshotsUnreadable", totals.unreadable)
        for result, rows in (("stored", totals.stored), ("superseded", totals.superseded), ("rejected", rejected)):
            yield Reading("Rows", rows, (result,))
        for reason, rows in totals.rejected.items():
            yield Reading("FlightsRejected", rows, (reason,))

    def _totals(self) -> Totals:
        """Of the whole ledger. That takes 70 ms for 100,000 snapshots, so it rests for a multiple of what it took."""
        began = time.monotonic()
        if self._known is None or began >= self._good_until:
            self._known = self._ledger.totals()
            ended = time.monotonic()
            self._good_until = ended + _REST * (ended - began)
        return self._known

    def _of_queue(self) -> Readings:
        depth = self._queue.depth()
        for state, messages in (("waiting", depth.waiting), ("in_flight", depth.in_flight), ("dead", depth.dead)):
            yield Reading("QueueMessages", messages, (state,))

    def _of_sources(self) -> Readings:
        for source in self._health.sources():
            yield Reading("SourceUp", source.error is None, (source.name,))
            if source.last_success is not None:
                yield Reading("SourceSuccess", source.last_success, (source.name,))
            if source.data_time is not None:
                yield Reading("SourceData", source.data_time, (source.name,))

    def _of_credits(self) -> Readings:
        for budget in self._budgets.known():
            yield Reading("CreditsRemaining", budget.left, (budget.account,))
