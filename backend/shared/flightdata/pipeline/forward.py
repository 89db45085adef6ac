"""FORWARD: what a collector has fetched, from its disk to an archive and a queue that may be away for a while.

An answer may have cost credits and is had once. So a collector archives into a spool of its own first; from there each
snapshot goes on until it is archived and published, and is then removed. Whenever this is killed, it does the last one
again, which changes nothing.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from flightdata.errors import Poison, Transient
from flightdata.models.events import SnapshotArchived
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import Health, Publisher, RawArchive, SourceHealth, Spool
from flightdata.utils.logs import logger, new_correlation_id

log = logger(__name__)

_MOST_NOTES = 100


class Forward:
    """The fetch stage archives and publishes into it (`put`, `publish`); `round` takes it from there."""

    def __init__(self, spool: Spool, archive: RawArchive, publisher: Publisher, notes: "Notes") -> None:
        self._spool = spool
        self._archive = archive
        self._publisher = publisher
        self.notes = notes
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._events: dict[str, SnapshotArchived] = {}
        self._damaged: set[str] = set()

    def put(self, snapshot: RawSnapshot) -> str:
        with self._lock:  # `forget` removes folders that have become empty
            return self._spool.put(snapshot)

    def publish(self, event: SnapshotArchived) -> None:
        self._events[event.key] = event
        self._news.set()

    def waiting(self) -> int:
        """How many are here still."""
        return len(list(self._spool.keys()))

    def round(self, wait: Seconds = 0.0) -> bool:
        """Send what is here, and the notes about sources; waits up to `wait` for something new. False: not all went."""
        self._news.wait(wait)
        self._news.clear()
        try:
            for key in list(self._spool.keys()):
                if key not in self._damaged:
                    self._send(key)
            self.notes.send()
        except Transient as error:
            log.warning("kept here until it can be sent", waiting=self.waiting(), reason=str(error))
            return False
        return True

    def _send(self, key: str) -> None:
        try:
            snapshot = self._spool.get(key)
        except Poison as error:
            self._damaged.add(key)  # it stays as evidence
            log.warning("not sent", key=key, reason=str(error))
            return
        self._archive.put(snapshot)
        self._publisher.publish(self._events.get(key) or _event(snapshot))
        with self._lock:
            self._spool.forget(key)
        self._events.pop(key, None)
        log.info("snapshot sent", source=snapshot.source, key=key)


def _event(snapshot: RawSnapshot) -> SnapshotArchived:
    """Of one that another start has fetched."""
    return SnapshotArchived(
        correlation_id=new_correlation_id(),
        key=snapshot.key,
        sha256=snapshot.sha256,
        size=len(snapshot.body),
        source=snapshot.source,
        received_at=snapshot.received_at,
    )


class Notes:
    """A Health that is told later, so that fetching does not wait for it; of many failures the last ones."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._lock = threading.Lock()
        self._pending: dict[str, list[Callable[[], None]]] = {}

    def succeeded(
        self,
        source: str,
        at: EpochSeconds,
        *,
        data_time: EpochSeconds | None = None,
        next_attempt: EpochSeconds | None = None,
    ) -> None:
        with self._lock:  # what went wrong before is over
            self._pending[source] = [
                lambda: self._health.succeeded(source, at, data_time=data_time, next_attempt=next_attempt)
            ]

    def failed(self, source: str, error: str, at: EpochSeconds, **about: Any) -> None:
        with self._lock:
            notes = self._pending.setdefault(source, [])
            notes.append(lambda: self._health.failed(source, error, at, **about))
            del notes[:-_MOST_NOTES]

    def retain(self, names: Sequence[str]) -> None:
        self._health.retain(names)

    def sources(self) -> Sequence[SourceHealth]:
        return self._health.sources()

    def send(self) -> None:
        """Raises Transient where the health does not take them; those not taken stay."""
        for source in list(self._pending):
            with self._lock:
                notes = self._pending.pop(source, [])
            for place, note in enumerate(notes):
                try:
                    note()
                except Transient:
                    with self._lock:
                        self._pending[source] = [*notes[place:], *self._pending.get(source, [])]
                    raise
