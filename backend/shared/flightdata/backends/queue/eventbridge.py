"""Events to an EventBridge bus, from where a rule takes them to the queue."""

import time
from typing import Any

from flightdata.backends.aws import transient
from flightdata.errors import Poison, Transient
from flightdata.models.events import SnapshotArchived
from flightdata.models.units import Seconds

SOURCE = "flightdata.fetcher"

LARGEST = 256 * 1024
"""Bytes an entry may have at most. Checked here: an emulator takes anything, and AWS refuses the whole call."""

_TRIES = 4
_FIRST_PAUSE: Seconds = 0.1


class EventBridgePublisher:
    """A Publisher on the bus `bus`. `client` is boto3's for `events`."""

    def __init__(self, client: Any, bus: str) -> None:
        self._client = client
        self._bus = bus

    def publish(self, event: SnapshotArchived) -> None:
        entry = {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": type(event).__name__,
            "Detail": event.model_dump_json(),
        }
        if (size := sum(len(value.encode()) for value in entry.values())) > LARGEST:
            raise Poison(f"an event of {size:,} bytes does not fit on the bus")
        self._put(entry)

    def _put(self, entry: dict[str, str]) -> None:
        """The bus answers 200 also when it has not taken the entry, and says so inside."""
        for attempt in range(_TRIES):
            with transient(f"the event was not put on the bus {self._bus}"):
                answer = self._client.put_events(Entries=[entry])
            if not answer["FailedEntryCount"]:
                return
            time.sleep(_FIRST_PAUSE * 2**attempt)
        failed = answer["Entries"][0]
        raise Transient(
            f"the bus {self._bus} refuses the event: {failed.get('ErrorCode')} {failed.get('ErrorMessage')}"
        )
