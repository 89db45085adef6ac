"""RECOVER: archived snapshots that nobody has in hand are published again.

A fetcher may be killed between archiving and publishing, a bus may refuse an event or lose it. The snapshot is then in
the archive and nowhere else: it has no account, it is no dead letter, and it is in no queue. What is published twice
for nothing does no harm.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from flightdata.errors import Poison
from flightdata.models.events import SnapshotArchived, event_of
from flightdata.models.snapshot import SnapshotKey
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import Clock, DeadLetters, Ledger, Metrics, NoMetrics, Publisher, RawArchive
from flightdata.utils.logs import correlation_id, logger, new_correlation_id
from flightdata.utils.tracing import span, traceparent

log = logger(__name__)

GRACE: Seconds = 600.0
"""So long a snapshot may be on its way: to the archive, and from there to its account. A fetcher runs five minutes at
most.
"""

REACH: Seconds = 86_400.0
"""How far the very first round looks back."""

AGAIN_AFTER: Seconds = 1_800.0
"""What was published and has no account yet is not published again earlier."""

_AT_ONCE = 1_000


@dataclass(frozen=True)
class Recovered:
    """What a round found without an account: `published` again; `waiting`, left for later, since the queue may have
    them; `given_up`: dead letters, which are the operator's.
    """

    published: int = 0
    waiting: int = 0
    given_up: int = 0


@dataclass(frozen=True)
class Looked:
    """`lacking`: keys without an account; `newest`: when the newest snapshot that has one was received."""

    lacking: Sequence[str]
    newest: EpochSeconds


class Recover:
    """Looks through what was received since everything was settled; a round that is killed is made up by the next."""

    def __init__(  # noqa: PLR0913, these are what it works with
        self,
        archive: RawArchive,
        ledger: Ledger,
        publisher: Publisher,
        queue: DeadLetters,
        clock: Clock,
        metrics: Metrics | None = None,
    ) -> None:
        self._archive = archive
        self._ledger = ledger
        self._publisher = publisher
        self._queue = queue
        self._clock = clock
        self._metrics = metrics or NoMetrics()
        self._sent: dict[str, EpochSeconds] = {}

    def round(self, idle_until: EpochSeconds = 0.0) -> Recovered:
        """`idle_until`: what was received before that no fetcher has in hand any more, however short ago it was."""
        now = self._clock()
        settled = self._ledger.settled()
        with span("recover.look"):
            looked = look(self._archive.keys(now - REACH if settled is None else settled, now), self._ledger)
        old = [key for key in looked.lacking if _received(key) < max(idle_until, now - GRACE)]
        dead = given_up(self._queue) if old else set[str]()
        left = [key for key in old if key not in dead]
        stranded = self._stranded(left, looked.newest, now)
        for key in stranded:
            publish_again(key, self._publisher)
            self._sent[key] = now
        self._sent = {key: self._sent[key] for key in left if key in self._sent}
        self._metrics.count({"SnapshotsRecovered": len(stranded)})
        self._ledger.settle(min([now - GRACE, *map(_received, left)]))
        return Recovered(len(stranded), len(left) - len(stranded), len(old) - len(left))

    def _stranded(self, keys: Sequence[str], newest: EpochSeconds, now: EpochSeconds) -> list[str]:
        """Those that are in no queue: it is empty, or much later ones have come out of it."""
        if not keys:
            return []
        depth = self._queue.depth()
        empty = not (depth.waiting or depth.in_flight)
        found = [key for key in keys if empty or _received(key) + GRACE <= newest]
        return in_order(key for key in found if now - self._sent.get(key, -math.inf) >= AGAIN_AFTER)


def look(keys: Iterable[str], ledger: Ledger) -> Looked:
    """Which of these lack an account. `keys`: as an archive lists them; what is no key is passed over."""
    lacking, newest = list[str](), -math.inf
    for _, of_source in groupby(filter(SnapshotKey.is_one, keys), key=lambda key: key.partition("/")[0]):
        while some := list(islice(of_source, _AT_ONCE)):
            entered = ledger.entered(some[0], some[-1])
            lacking += [key for key in some if key not in entered]
            newest = max(newest, next((_received(key) for key in reversed(some) if key in entered), newest))
    return Looked(lacking, newest)


def given_up(queue: DeadLetters) -> set[str]:
    """The keys of the dead letters."""
    return set(_dead_keys(queue)) if queue.depth().dead else set()


def in_order(keys: Iterable[str]) -> list[str]:
    """As they were received, whatever the source."""
    return sorted(keys, key=lambda key: (_received(key), key))


def publish_again(key: str, publisher: Publisher) -> None:
    """Raises Transient."""
    with correlation_id(identity := new_correlation_id()), span("recover.publish", kind="producer", key=key):
        publisher.publish(SnapshotArchived.of_key(key, identity, traceparent()))
        log.info("published again", key=key)


def _dead_keys(queue: DeadLetters) -> Iterator[str]:
    for letter in queue.dead_letters():
        try:
            yield event_of(letter.body).key
        except Poison:  # a message of another program
            continue


def _received(key: str) -> EpochSeconds:
    return SnapshotKey.parse(key).received_at
