"""FETCH: one answer of a source into the raw archive, then the event that says so."""

import math
from datetime import UTC, datetime

from flightdata.errors import NotDue, NothingNewer, Transient
from flightdata.models.events import SnapshotArchived
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import BadAnswer, Clock, Health, Publisher, RawArchive, Source
from flightdata.utils.logs import correlation_id, logger, new_correlation_id

log = logger(__name__)

_MOST_ANSWERS = 100
STALE_AFTER: Seconds = 60.0
"""A source that answers, but has had nothing newer for so long, is stale."""


class Fetch:
    """The first stage. When `tick` returns an event, the bytes are durable and the event is on its way."""

    def __init__(self, archive: RawArchive, publisher: Publisher, health: Health, clock: Clock) -> None:
        self._archive = archive
        self._publisher = publisher
        self._health = health
        self._clock = clock
        self._news: dict[str, tuple[EpochSeconds, EpochSeconds]] = {}

    def all_due(self, source: Source) -> list[SnapshotArchived | None]:
        """Everything that is due now, for schedulers that call once a tick; None at the end where it failed."""
        source.next_due()  # the pace of some counts from the first time they are asked
        began, events = self._clock(), list[SnapshotArchived | None]()
        try:
            while source.next_due() <= began and None not in events and len(events) < _MOST_ANSWERS:
                events.append(self.tick(source))
        except NotDue as reason:
            log.info("nothing to fetch", source=source.name, reason=str(reason))
        return events

    def tick(self, source: Source) -> SnapshotArchived | None:
        """None where the source had nothing; that is noted as its failure, with the reason. Raises NotDue."""
        with correlation_id(identity := new_correlation_id()):
            try:
                snapshot = source.fetch()
            except NothingNewer:
                self._answered(source, None)
                raise
            except NotDue:
                raise
            except Transient as error:
                self._failed(source, str(error), error.kind)
                if isinstance(error, BadAnswer):
                    self._archived(error.evidence, identity)
                return None
            except Exception as error:
                self._failed(source, f"{type(error).__name__}, a mistake of ours: see the log", "mistake")
                raise
            event = self._archived(snapshot, identity)
            self._answered(source, snapshot.time)
            log.info("snapshot archived", source=source.name, size=event.size, key=event.key)
            return event

    def _archived(self, snapshot: RawSnapshot, identity: str) -> SnapshotArchived:
        key = self._archive.put(snapshot)
        event = SnapshotArchived(
            correlation_id=identity,
            key=key,
            sha256=snapshot.sha256,
            size=len(snapshot.body),
            source=snapshot.source,
            received_at=snapshot.received_at,
        )
        self._publisher.publish(event)
        return event

    def _answered(self, source: Source, time: EpochSeconds | None) -> None:
        """It works, unless its answers, the last of them of `time`, have not become newer for too long."""
        now = self._clock()
        newest, since = self._news.get(source.name, (-math.inf, now))
        if time is not None and time > newest:
            newest, since = self._news[source.name] = (time, now)
        if newest > -math.inf and now - since > STALE_AFTER:
            last = f"{datetime.fromtimestamp(newest, UTC):%F %T}Z"
            self._failed(source, f"it answers, but its newest data are still those of {last}", "stale")
        else:
            self._health.succeeded(source.name, now, data_time=time, next_attempt=_next_attempt(source))

    def _failed(self, source: Source, reason: str, kind: str) -> None:
        log.warning("the source fails", source=source.name, kind=kind, reason=reason)
        self._health.failed(source.name, reason, self._clock(), kind=kind, next_attempt=_next_attempt(source))


def _next_attempt(source: Source) -> EpochSeconds | None:
    due = source.next_due()
    return due if math.isfinite(due) else None
