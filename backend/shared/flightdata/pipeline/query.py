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
    """The third stage, answering from the picture that was loaded last; where none was yet, from the one there is then.

    Who has time between requests calls `refresh` again and again, and nobody waits for a picture. Who has none, as a
    function, calls `look` before each: what is newer is loaded if a question needs it.

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
        self._loaded: LiveIndex | None = LiveIndex(live.shown()) if at_once else None
        self._newer: str | None = None

    @property
    def edition(self) -> str:
        """Of the picture that the next answer is from."""
        return self._index.edition if self._newer is None else self._newer

    @property
    def behind(self) -> bool:
        """Whether the next question has to wait for that picture."""
        return self._loaded is None or self._newer is not None

    def look(self) -> None:
        """See which edition is the newest, and load nothing."""
        newest = self._live.edition()
        self._newer = None if self._loaded is not None and self._loaded.edition == newest else newest

    def refresh(self) -> bool:
        """Load the newest picture if it is not there yet; whether that was so. Others go on asking the old one."""
        loaded = self._loaded
        if loaded is not None and self._live.edition() == loaded.edition:
            return False
        return self._load(loaded)

    @property
    def _index(self) -> LiveIndex:
        while self._loaded is None or self._newer is not None:
            self._load(self._loaded)
        return self._loaded

    def _load(self, known: LiveIndex | None) -> bool:
        if not self._loading.acquire(blocking=self.behind):
            return False
        try:
            if self._loaded is not known:  # by the one we waited for
                return False
            with span("query.load"):
                shown = self._live.shown()
                index = LiveIndex(shown)
            self._loaded, self._newer = index, None
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
