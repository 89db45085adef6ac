"""QUERY: live questions answered from memory, as bytes of JSON."""

from bisect import bisect_left
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

import orjson

from flightdata.errors import BadRequest, NotFound
from flightdata.models.flight import Side
from flightdata.models.picture import Shown
from flightdata.models.search import FlightSearch
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.pipeline.index import LiveIndex, icao24_of, opening
from flightdata.ports import Clock, Health, ShownPictures, SourceHealth
from flightdata.utils.logs import correlation_id, logger
from flightdata.utils.tracing import span

log = logger(__name__)

_USUAL_PAGE = 50


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
    """The third stage. `refresh` is called between requests; requests are answered from what it loaded last."""

    def __init__(
        self, live: ShownPictures, health: Health, clock: Clock, *, max_page_size: int, expiry: Seconds
    ) -> None:
        self._live = live
        self._health = health
        self._clock = clock
        self._max_page_size = max_page_size
        self._expiry = expiry
        self._loading = Lock()
        self._index = LiveIndex(live.shown())

    def refresh(self) -> bool:
        """Load the newest version if it is not there yet; whether that was so. Others go on asking the old one."""
        if self._live.version() == self._index.version or not self._loading.acquire(blocking=False):
            return False
        try:
            with span("query.load"):
                shown = self._live.shown()
                index = LiveIndex(shown)
            self._index = index
            with _of_first(shown):
                log.debug("live picture loaded", version=index.version, aircraft=len(index))
            return True
        finally:
            self._loading.release()

    def flights(self, search: FlightSearch) -> bytes:
        """One page: `{"time", "version", "total", "count", "next_cursor", "flights": […]}`."""
        return page(self._index, search, self._max_page_size)

    def flight(self, icao24: str) -> bytes:
        """One aircraft's live state. Raises NotFound."""
        document = self._index.aircraft(icao24.lower())
        if document is None:
            raise NotFound(f"no aircraft {icao24} has been heard in the last {self._expiry:.0f} s")
        return document

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


def page(index: LiveIndex, search: FlightSearch, largest: int) -> bytes:
    """What the search finds in `index`, as JSON. Raises BadRequest for a page of more than `largest`."""
    limit = search.limit or min(_USUAL_PAGE, largest)
    if limit > largest:
        raise BadRequest(f"limit is at most {largest}", parameter="limit")
    found = _found(index, search)
    first = _after(found, search.cursor)
    shown = found[first : first + limit]
    more = first + len(shown) < len(found)
    cursor = orjson.dumps(icao24_of(shown[-1])) if more else b"null"
    return b'{"time":%b,"version":%d,"total":%d,"count":%d,"next_cursor":%b,"flights":[%b]}' % (
        orjson.dumps(index.time),
        index.version,
        len(found),
        len(shown),
        cursor,
        b",".join(shown),
    )


def _found(index: LiveIndex, search: FlightSearch) -> list[bytes]:
    """All that the search finds, in the order of icao24."""
    if not (search.area or search.icao24 or search.callsign or search.departure or search.arrival):
        return index.everything
    sets: list[list[bytes]] = []
    if search.area is not None:
        sets.append(index.inside(search.area))
    if search.icao24:
        sets.append([document for one in set(search.icao24) if (document := index.aircraft(one))])
    if search.callsign:
        sets.append(index.called(search.callsign.strip().upper()))
    sets += [index.of_airport(airport, side) for side in Side if (airport := getattr(search, side))]
    first, *others = sorted(sets, key=len)
    for other in others:
        first = list(set(first).intersection(other))
    return sorted(first)


def _after(found: list[bytes], cursor: str | None) -> int:
    """Where the page after `cursor` begins."""
    if cursor is None:
        return 0
    last = opening(cursor)
    place = bisect_left(found, last)
    return place + 1 if place < len(found) and found[place].startswith(last) else place
