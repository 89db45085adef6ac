"""QUERY: live questions answered from memory, as bytes of JSON."""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from flightdata.errors import NotFound
from flightdata.models.picture import Shown
from flightdata.models.search import FlightSearch
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.pipeline.index import LiveIndex
from flightdata.pipeline.page import Page, json, page
from flightdata.ports import Clock, Health, ShownPictures, SourceHealth
from flightdata.utils.logs import correlation_id, logger
from flightdata.utils.tracing import span

log = logger(__name__)


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
    """The third stage. `refresh` is called between requests; requests are answered from what it loaded last.

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
    ) -> None:
        self._live = live
        self._health = health
        self._clock = clock
        self._max_page_size = max_page_size
        self._expiry = expiry
        self._loading = Lock()
        self._loaded = LiveIndex(live.shown()) if at_once else None

    @property
    def _index(self) -> LiveIndex:
        while self._loaded is None:
            self.refresh()
        return self._loaded

    def refresh(self) -> bool:
        """Load the newest version if it is not there yet; whether that was so. Others go on asking the old one."""
        loaded = self._loaded
        known = loaded is not None and self._live.version() == loaded.version
        if known or not self._loading.acquire(blocking=loaded is None):
            return False
        try:
            if self._loaded is not loaded:  # we have waited for who loaded it
                return False
            with span("query.load"):
                shown = self._live.shown()
                index = LiveIndex(shown)
            self._loaded = index
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
        index, sources = self._index, tuple(self._health.sources())
        age = self._clock() - index.time if index.version else None
        return Readiness(index.version > 0, troubles(sources), index.version, index.time, age, len(index), sources)


def _of_first(shown: Shown) -> AbstractContextManager[None]:
    """A version made of several snapshots goes by the id of the first one, as StatesStored does."""
    return correlation_id(shown.correlation_id) if shown.correlation_id else nullcontext()


def troubles(sources: Iterable[SourceHealth]) -> tuple[str, ...]:
    """What is wrong with those sources that fail, and since when."""
    return tuple(
        f"source {one.name}: {one.error} (since {datetime.fromtimestamp(one.failing_since or 0, UTC):%F %T}Z)"
        for one in sources
        if one.error
    )
