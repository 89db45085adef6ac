"""FETCH: one answer of a source into the raw archive, then the event that says so."""

from flightdata.errors import NotDue, Transient
from flightdata.models.events import SnapshotArchived
from flightdata.models.snapshot import RawSnapshot
from flightdata.ports import BadAnswer, Clock, Health, Publisher, RawArchive, Source
from flightdata.utils.logs import correlation_id, logger, new_correlation_id

log = logger(__name__)

_MOST_ANSWERS = 100


class Fetch:
    """The first stage. When `tick` returns an event, the bytes are durable and the event is on its way."""

    def __init__(self, archive: RawArchive, publisher: Publisher, health: Health, clock: Clock) -> None:
        self._archive = archive
        self._publisher = publisher
        self._health = health
        self._clock = clock

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
            except Transient as error:
                log.warning("the source did not answer", source=source.name, reason=str(error))
                self._health.failed(source.name, str(error))
                if isinstance(error, BadAnswer):
                    self._archived(error.evidence, identity)
                return None
            event = self._archived(snapshot, identity)
            self._health.succeeded(source.name, self._clock())
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
