"""QUERY: live questions answered from memory, as bytes of JSON."""

import math
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from threading import Lock

from flightdata.errors import NotFound, Transient
from flightdata.models.picture import Shown
from flightdata.models.search import FlightSearch
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.pipeline.index import LiveIndex
from flightdata.pipeline.page import Page, json, page
from flightdata.ports import Clock, Health, ShownPictures, SourceHealth
from flightdata.utils.logs import correlation_id, logger
from flightdata.utils.tracing import span

log = logger(__name__)

REST: Seconds = 5.0
"""How long the store is left alone after it did not answer, once there is a picture to go on with."""


@dataclass(frozen=True)
class Readiness:
    """Whether questions can be answered, and how well.

    `ready`: there is a picture. `degraded`: what is wrong all the same. `age`: seconds since the picture's time.
    """

    ready: bool
    degraded: tuple[str, ...]
    version: int
    time: EpochSeconds
    age: Seconds | None
    aircraft: int
    sources: tuple[SourceHealth, ...]


class Query:
    """The third stage, answering from the picture that was loaded last, also while what is newer cannot be had; where
    none was yet, from the one there is then. While none can be had there is no answer: an empty sky would be a lie.

    Who has time between requests calls `refresh` again and again, and nobody waits for a picture. Who has none, as a
    function, calls `look` before each: what is newer is loaded if a question needs it. Neither raises.

    `at_once`: whether it loads what is there now, or when it is first asked or refreshed.
    """

    def __init__(  # noqa: PLR0913, it answers from all of them
        self,
        live: ShownPictures,
        health: Health,
        clock: Clock,
        *,
        max_page_size: int,
        expiry: Seconds,
        at_once: bool = True,
        rest: Seconds = REST,
    ) -> None:
        self._live = live
        self._health = health
        self._clock = clock
        self._max_page_size = max_page_size
        self._expiry = expiry
        self._rest = rest
        self._trouble: str | None = None
        self._again_at = -math.inf
        self._loading = Lock()
        self._loaded: LiveIndex | None = None
        self._newer: str | None = None
        self._unreadable: str | None = None
        if at_once:
            self.refresh()

    @property
    def edition(self) -> str:
        """Of the picture that the next answer is from. Raises Transient."""
        return self._index.edition if self._newer is None else self._newer

    @property
    def behind(self) -> bool:
        """Whether the next question has to wait for that picture."""
        return self._loaded is None or self._newer is not None

    def look(self) -> None:
        """See which edition is the newest, and load nothing."""
        if not self._resting:
            self._tried(self._look)

    def refresh(self) -> bool:
        """Load the newest picture if it is not there yet; whether that was so. Others go on asking the old one."""
        return not self._resting and self._tried(self._renew)

    @property
    def _resting(self) -> bool:
        return self._loaded is not None and time.monotonic() < self._again_at

    @property
    def _index(self) -> LiveIndex:
        """Raises Transient if there is no picture, or not the one that was named as the next one."""
        while (loaded := self._loaded) is None or self._newer is not None:
            if not self._tried(partial(self._load, loaded)) and self._trouble is not None:
                raise Transient(self._trouble)
        return loaded

    def _tried(self, step: Callable[[], bool]) -> bool:
        """What fails leaves the old picture to everybody; the log says why, and `readiness` that it is so."""
        try:
            done = step()
        except Exception as error:
            unexpected = not isinstance(error, Transient)
            log.warning("the newest picture cannot be had", reason=str(error), exc_info=unexpected)
            reason = f": {error}" if isinstance(error, Transient) and error.kind == "unreadable" else ""
            self._trouble = (
                self._trouble or f"live picture: the newest cannot be had (since {_told(self._clock())}){reason}"
            )
            self._unreadable, self._newer = self._newer, None
            self._again_at = time.monotonic() + self._rest
            return False
        if self._unreadable is None:
            self._trouble = None
        return done

    def _look(self) -> bool:
        newest, loaded = self._live.edition(), self._loaded
        if newest != self._unreadable or loaded is None:
            self._unreadable = None
            self._newer = None if loaded is not None and loaded.edition == newest else newest
        return True

    def _renew(self) -> bool:
        loaded = self._loaded
        if loaded is not None and self._live.edition() == loaded.edition:
            return False
        return self._load(loaded)

    def _load(self, known: LiveIndex | None) -> bool:
        if not self._loading.acquire(blocking=self.behind):
            return False
        try:
            if self._loaded is not known:  # by the one we waited for
                return False
            with span("query.load"):
                shown = self._live.shown()
                index = LiveIndex(shown)
            self._loaded, self._newer, self._unreadable = index, None, None
            with _of_first(shown):
                log.debug("live picture loaded", version=index.version, aircraft=len(index))
            return True
        finally:
            self._loading.release()

    def flights(self, search: FlightSearch) -> bytes:
        """One page as JSON."""
        return json(self.page(search))

    def page(self, search: FlightSearch) -> Page:
        """The same, to be written in another format. Raises BadRequest."""
        return page(self._index, search, self._max_page_size)

    def flight(self, icao24: str) -> bytes:
        """One aircraft's live state. Raises NotFound."""
        index = self._index
        if (row := index.row(icao24.lower())) is None:
            raise NotFound(f"no aircraft {icao24} has been heard in the last {self._expiry:.0f} s")
        return index.documents([row])[0]

    def readiness(self) -> Readiness:
        """Also while nothing answers."""
        degraded, sources = list[str](), tuple[SourceHealth, ...]()
        try:
            index = self._index
        except Transient:
            index = LiveIndex(Shown()) if self._loaded is None else self._loaded
        if self._trouble is not None:
            degraded.append(self._trouble)
        try:
            sources = tuple(self._health.sources())
        except Transient as error:
            log.warning("how the sources are is not known", reason=str(error))
            degraded.append("sources: their store does not answer")
        degraded += troubles(sources)
        age = self._clock() - index.time if index.version else None
        return Readiness(index.version > 0, tuple(degraded), index.version, index.time, age, len(index), sources)


def _of_first(shown: Shown) -> AbstractContextManager[None]:
    """A version made of several snapshots goes by the id of the first one, as StatesStored does."""
    return correlation_id(shown.correlation_id) if shown.correlation_id else nullcontext()


def troubles(sources: Iterable[SourceHealth]) -> tuple[str, ...]:
    """What is wrong with those sources that fail, and since when."""
    return tuple(
        f"source {one.name}: {one.error} (since {_told(one.failing_since or 0)})" for one in sources if one.error
    )


def _told(moment: EpochSeconds) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%F %T}Z"
