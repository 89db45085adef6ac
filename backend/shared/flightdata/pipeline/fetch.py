"""FETCH: one answer of a source into the raw archive, then the event that says so."""

from flightdata.errors import Transient
from flightdata.models.events import SnapshotArchived
from flightdata.ports import Clock, Health, Publisher, RawArchive, Source
from flightdata.utils.logs import correlation_id, logger, new_correlation_id

log = logger(__name__)


class Fetch:
    """The first stage. When `tick` returns an event, the bytes are durable and the event is on its way."""

    def __init__(self, archive: RawArchive, publisher: Publisher, health: Health, clock: Clock) -> None:
        self._archive = archive
        self._publisher = publisher
        self._health = health
        self._clock = clock

    def tick(self, source: Source) -> SnapshotArchived | None:
        """None where the source had nothing; that is noted as its failure, with the reason."""
        with correlation_id(identity := new_correlation_id()):
            try:
                snapshot = source.fetch()
            except Transient as error:
                log.warning("the source did not answer", source=source.name, reason=str(error))
                self._health.failed(source.name, str(error))
                return None
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
            self._health.succeeded(source.name, self._clock())
            log.info("snapshot archived", source=source.name, size=event.size, key=key)
            return event
