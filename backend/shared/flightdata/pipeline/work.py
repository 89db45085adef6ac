"""The worker at the queue: takes messages, has them processed, says what became of each."""

from flightdata.errors import FlightDataError, Poison
from flightdata.models.units import Seconds
from flightdata.pipeline.process import Process, Processed
from flightdata.ports import Delivery, Queue
from flightdata.utils.logs import logger

log = logger(__name__)

MOST = 10
"""Messages a batch, as SQS hands them to a Lambda function by default."""

_FIRST_DELAY: Seconds = 1.0
_LONGEST_DELAY: Seconds = 60.0


def work(queue: Queue, process: Process, *, wait: Seconds = 0.0, patient: bool = True) -> Processed | None:
    """One batch, acknowledged when all its effects are durable. None if there was no message within `wait`.

    What fails is tried again after a pause that grows with each attempt; at once unless `patient`.
    """
    deliveries = queue.receive(MOST, wait)
    if not deliveries:
        return None
    try:
        result = process.batch([one.event for one in deliveries])
    except FlightDataError as error:
        log.warning("batch not processed, all of it will be tried again", reason=str(error))
        for delivery in deliveries:
            queue.give_back(delivery, str(error), delay=_delay(delivery) if patient else 0.0)
        return Processed()
    queue.acknowledge([deliveries[place] for place in result.accounts])
    for place, failure in result.failed.items():
        delivery = deliveries[place]
        queue.give_back(
            delivery, _reason(failure), delay=_delay(delivery) if patient else 0.0, poison=isinstance(failure, Poison)
        )
    return result


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, FlightDataError) else f"{type(error).__name__}: {error}"


def _delay(delivery: Delivery) -> Seconds:
    return min(_FIRST_DELAY * 2.0 ** min(delivery.attempt - 1, 16), _LONGEST_DELAY)
