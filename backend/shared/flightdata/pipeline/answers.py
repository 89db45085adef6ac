"""Answers that were given once: kept in the process and, where functions share a cache, there too.

A live answer belongs to an edition of the picture and a question; its tag follows from both, before any work. One about
the past is named by what it says: states may still come late, hours are compacted.
"""

from collections.abc import Callable
from hashlib import blake2b
from threading import Lock
from typing import Protocol

import orjson
from cachetools import TLRUCache
from pydantic import BaseModel

from flightdata import __version__
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.pipeline.answer import Answer, Written
from flightdata.pipeline.past import SETTLED
from flightdata.ports import Cache, Clock, Metrics, NoMetrics
from flightdata.utils.logs import logger

log = logger(__name__)

LARGEST_SHARED = 1_000_000
"""Bytes; what is larger takes a Redis too much of the 50 ms that it has."""
_PART = 4
"""No answer takes more than this part of the room in the process."""


class Editions(Protocol):
    """What `Query` says of the picture that it answers from."""

    @property
    def edition(self) -> str: ...

    @property
    def behind(self) -> bool: ...


class Answers:
    """`ttl`: how long they are kept, in s, 0: not at all; `room`: bytes of them in the process.

    `shared`: a cache of several processes, in which `place` names the data that ours are about.
    """

    def __init__(  # noqa: PLR0913, where and how long
        self,
        editions: Editions,
        clock: Clock,
        *,
        ttl: Seconds = 0.0,
        room: int = 0,
        shared: Cache | None = None,
        place: str = "",
        metrics: Metrics | None = None,
    ) -> None:
        self._editions = editions
        self._clock = clock
        self._ttl = ttl
        self._shared = shared if ttl else None
        self._place = place
        self._metrics = metrics or NoMetrics()
        self._lock = Lock()
        self._largest = room // _PART
        self._near: TLRUCache[str, Answer] = TLRUCache(
            room, ttu=lambda _, answer, __: answer.ends, timer=clock, getsizeof=lambda answer: answer.size
        )

    @property
    def wait(self) -> bool:
        """Whether a live answer may have to wait for anybody."""
        return self._shared is not None or self._editions.behind

    def tag(self, question: bytes) -> str:
        """Of the live answer to it, if there is one."""
        return _digest("live", self._editions.edition, question)

    def unchanged(self) -> None:
        """Somebody still has the answer to his question."""
        self._metrics.count({"CacheHits": {"unchanged": 1}})

    def live(self, question: bytes, make: Callable[[], Written]) -> Answer:
        """What `make` answers from the picture. Another function's answer is used if that saves loading the picture.

        Raises what `make` raises.
        """
        edition = self._editions.edition
        tag = _digest("live", edition, question)
        if (found := self._find(tag, shared=self._editions.behind)) is not None:
            return found
        written = make()
        if self._editions.edition != edition:
            return _answer(written, "", 0.0)  # a newer one came meanwhile: this may be from either
        return self._keep(tag, _answer(written, tag, self._clock() + self._ttl))

    def past(self, question: bytes, end: EpochSeconds | None, make: Callable[[], Written]) -> Answer:
        """What `make` answers about the time until `end` (None: now).

        While states of that time may still come, it is kept until the next edition at most. Raises what `make` raises.
        """
        settled = end is not None and end < self._clock() - SETTLED
        key = _digest("past", "" if settled else self._editions.edition, question)
        if (found := self._find(key, shared=True)) is not None:
            return found
        written = make()
        tag = _digest("says", orjson.dumps(dict(written.headers)).decode(), written.body)
        return self._keep(key, _answer(written, tag, self._clock() + self._ttl, settled=settled))

    def lasting(self, answer: Answer) -> Seconds:
        """For how long it may be used without asking again."""
        return max(0.0, answer.ends - self._clock()) if answer.settled else 0.0

    def _find(self, key: str, *, shared: bool) -> Answer | None:
        with self._lock:
            found: Answer | None = self._near.get(key)
        if found is None and shared:
            found = self._fetch(key)
        self._metrics.count({"CacheMisses" if found is None else "CacheHits": {"answer": 1}})
        return found

    def _fetch(self, key: str) -> Answer | None:
        kept = self._shared.get(self._place + key) if self._shared else None
        if kept is None:
            return None
        try:
            found = Answer.from_bytes(key, kept)
        except ValueError as error:
            log.warning("what the cache holds is not used", key=self._place + key, reason=str(error))
            return None
        if found.ends <= self._clock():
            return None
        self._keep_near(key, found)
        return found

    def _keep(self, key: str, answer: Answer) -> Answer:
        if self._shared and len(kept := answer.to_bytes(key)) <= LARGEST_SHARED:
            self._shared.put(self._place + key, kept, self._ttl)
        if self._ttl:
            self._keep_near(key, answer)
        return answer

    def _keep_near(self, key: str, answer: Answer) -> None:
        if answer.size <= self._largest:
            with self._lock:
                self._near[key] = answer


def question(route: str, *names: str, parameters: BaseModel | None = None) -> bytes:
    """What is asked, in the same bytes however it was written: in which order, with defaults or without them."""
    given = parameters.model_dump(exclude_defaults=True) if parameters else {}
    asked = {name: sorted(set(value)) if isinstance(value, list) else value for name, value in given.items()}
    return orjson.dumps([route, names, asked])


def _answer(written: Written, tag: str, ends: EpochSeconds, *, settled: bool = False) -> Answer:
    return Answer(tag, ends, settled=settled, body=written.body, packs=written.packs, headers=written.headers)


def _digest(kind: str, of: str, said: bytes) -> str:
    """Documents of another version of this package have other names."""
    opening = f"{__version__}\n{kind}\n{of}\n".encode()
    return blake2b(opening + said, digest_size=16).hexdigest()
