"""The worker at the queue: takes messages, has them processed, says what became of each."""

from collections.abc import Sequence
from contextlib import suppress

from flightdata.errors import FlightDataError, Outrun, Poison
from flightdata.models.events import SnapshotArchived
from flightdata.models.units import Seconds
from flightdata.pipeline.process import Process, Processed
from flightdata.ports import Delivery, Queue
from flightdata.utils.logs import logger

log = logger(__name__)

MOST = 10
"""Messages a batch, as SQS hands them to a Lambda function by default."""

_TRIES = 3
_FIRST_DELAY: Seconds = 1.0
_LONGEST_DELAY: Seconds = 60.0


def work(queue: Queue, process: Process, *, wait: Seconds = 0.0, patient: bool = True) -> Processed | None:
    """One batch, acknowledged when all its effects are durable. None if there was no message within `wait`.

    What fails is tried again after a pause that grows with each attempt; at once unless `patient`.
    """
    deliveries = queue.receive(MOST, wait)
    if not deliveries:
        return None
    result = processed(process, [one.event for one in deliveries])
    queue.acknowledge([deliveries[place] for place in result.accounts])
    for place, failure in result.failed.items():
        delivery = deliveries[place]
        queue.give_back(
            delivery, reason(failure), delay=_delay(delivery) if patient else 0.0, poison=isinstance(failure, Poison)
        )
    return result


def processed(process: Process, events: Sequence[SnapshotArchived]) -> Processed:
    """What became of each. What is thrown by one only does not cost its neighbours; what is thrown by all is raised,
    unless it is one of our own errors, since it is no fault of theirs.
    """
    try:
        return _quickly_again(process, events)
    except FlightDataError as error:
        log.warning("batch not processed, all of it will be tried again", reason=str(error))
        return Processed(failed=dict.fromkeys(range(len(events)), error))
    except Exception as error:
        if len(events) == 1:
            raise
        log.exception("batch not processed, each will be tried alone", reason=str(error))
        return _each_alone(process, events, error)


def reason(error: Exception) -> str:
    return str(error) if isinstance(error, FlightDataError) else f"{type(error).__name__}: {error}"


def _quickly_again(process: Process, events: Sequence[SnapshotArchived]) -> Processed:
    """Who lost the race for the next version starts again from the new one; by the queue it would take longer."""
    for _ in range(_TRIES - 1):
        with suppress(Outrun):
            return process.batch(events)
    return process.batch(events)


def _each_alone(process: Process, events: Sequence[SnapshotArchived], thrown_by_all: Exception) -> Processed:
    result = Processed()
    for place, event in enumerate(events):
        try:
            alone = _quickly_again(process, [event])
        except Exception as error:
            log.exception("snapshot not processed", key=event.key, reason=reason(error))
            result.failed[place] = error
            continue
        if alone.failed:
            result.failed[place] = alone.failed[0]
            continue
        result.accounts[place] = alone.accounts[0]
        result.flags.update(alone.flags)
        result.stored = alone.stored or result.stored
    if not result.accounts:
        raise thrown_by_all
    return result


def _delay(delivery: Delivery) -> Seconds:
    return min(_FIRST_DELAY * 2.0 ** min(delivery.attempt - 1, 16), _LONGEST_DELAY)
