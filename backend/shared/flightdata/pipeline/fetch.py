"""FETCH: one answer of a source into the raw archive, then the event that says so."""

import math
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime

from flightdata.errors import NotDue, NothingNewer, Transient
from flightdata.models.events import SnapshotArchived
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import BadAnswer, Clock, Health, Metrics, NoMetrics, Publisher, RawWriter, Source
from flightdata.utils.logs import correlation_id, logger, new_correlation_id
from flightdata.utils.tracing import span, traceparent

log = logger(__name__)

_MOST_ANSWERS = 100
_MOST_UNSENT = 1_000
STALE_AFTER: Seconds = 60.0
"""A source that answers, but has had nothing newer for so long, is stale."""


class Fetch:
    """The first stage. When `tick` returns an event, the bytes are durable and the event is on its way.

    What is archived but could not be published is published by a later `tick`, as long as this process lives; after
    that by `Recover`.
    """

    def __init__(
        self,
        archive: RawWriter,
        publisher: Publisher,
        health: Health,
        clock: Clock,
        metrics: Metrics | None = None,
    ) -> None:
        self._archive = archive
        self._publisher = publisher
        self._health = health
        self._clock = clock
        self._metrics = metrics or NoMetrics()
        self._unsent: deque[SnapshotArchived] = deque(maxlen=_MOST_UNSENT)
        self._news: dict[str, tuple[EpochSeconds, EpochSeconds]] = {}

    def all_due(self, source: Source, until: EpochSeconds = math.inf) -> list[SnapshotArchived | None]:
        """Everything that is due now, for schedulers that call once a tick; None at the end where it failed.

        Nothing is begun at `until` or later.
        """
        source.next_due()  # the pace of some counts from the first time they are asked
        began, events = self._clock(), list[SnapshotArchived | None]()
        try:
            while source.next_due() <= began and None not in events and len(events) < _MOST_ANSWERS:
                if self._clock() >= until:
                    break
                events.append(self.tick(source))
        except NotDue as reason:
            log.info("nothing to fetch", source=source.name, reason=str(reason))
        return events

    def tick(self, source: Source) -> SnapshotArchived | None:
        """None where the source had nothing; that is noted as its failure, with the reason. Raises NotDue."""
        self._publish_unsent()
        began = time.perf_counter()
        with correlation_id(identity := new_correlation_id()), span("fetch", source=source.name) as traced:
            try:
                with span("fetch.ask", kind="client", source=source.name):
                    snapshot = source.fetch()
            except NothingNewer:
                self._answered(source, None)
                raise
            except NotDue:
                raise
            except Transient as error:
                self._failed(source, str(error), error.kind)
                traced.fail(f"{error.kind}: {error}")
                if isinstance(error, BadAnswer):
                    self._archived(error.evidence, identity)
                return None
            except Exception as error:
                self._failed(source, f"{type(error).__name__}, a mistake of ours: see the log", "mistake")
                raise
            event = self._archived(snapshot, identity)
            self._answered(source, snapshot.time)
            self._metrics.count({"SnapshotsArchived": 1})
            self._metrics.observe({"FetchSeconds": time.perf_counter() - began})
            log.info("snapshot archived", source=source.name, size=event.size, key=event.key)
            return event

    def _archived(self, snapshot: RawSnapshot, identity: str) -> SnapshotArchived:
        with span("fetch.archive", size=len(snapshot.body)):
            key = self._archive.put(snapshot)
        event = SnapshotArchived(
            correlation_id=identity,
            key=key,
            sha256=snapshot.sha256,
            size=len(snapshot.body),
            source=snapshot.source,
            received_at=snapshot.received_at,
            traceparent=traceparent(),
        )
        try:
            with span("fetch.publish", kind="producer", key=key):
                self._publisher.publish(event)
        except Transient:
            self._unsent.append(event)
            raise
        return event

    def _publish_unsent(self) -> None:
        """As far as the queue takes them. Several threads may do so at once."""
        with suppress(IndexError):
            while True:
                event = self._unsent.popleft()
                try:
                    self._publisher.publish(event)
                except Transient as error:
                    self._unsent.appendleft(event)
                    log.warning("archived, still not published", waiting=len(self._unsent), reason=str(error))
                    return
                log.info("published late", key=event.key)

    def _answered(self, source: Source, newest_of: EpochSeconds | None) -> None:
        """It works, unless its answers, the last of them of `newest_of`, have not become newer for too long."""
        now = self._clock()
        newest, since = self._news.get(source.name, (-math.inf, now))
        if newest_of is not None and newest_of > newest:
            newest, since = self._news[source.name] = (newest_of, now)
        if newest > -math.inf and now - since > STALE_AFTER:
            last = f"{datetime.fromtimestamp(newest, UTC):%F %T}Z"
            self._failed(source, f"it answers, but its newest data are still those of {last}", "stale")
        else:
            self._health.succeeded(source.name, now, data_time=newest_of, next_attempt=_next_attempt(source))

    def _failed(self, source: Source, reason: str, kind: str) -> None:
        log.warning("the source fails", source=source.name, kind=kind, reason=reason)
        self._metrics.count({"FetchFailures": {kind: 1}})
        self._health.failed(source.name, reason, self._clock(), kind=kind, next_attempt=_next_attempt(source))


def _next_attempt(source: Source) -> EpochSeconds | None:
    due = source.next_due()
    return due if math.isfinite(due) else None
