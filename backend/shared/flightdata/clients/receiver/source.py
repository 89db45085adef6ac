"""The source: asks one place, or several in turn, each at its time."""

from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Protocol

from flightdata.clients.receiver.answer import News, accepted, checked
from flightdata.clients.receiver.pace import Pace
from flightdata.errors import NothingNewer, Transient
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.units import EpochSeconds
from flightdata.ports import BadAnswer, Clock, Probe
from flightdata.utils.http import Answer, Truncated, http_date


class Place(Protocol):
    """Where answers are; `shown` is its address for people."""

    @property
    def shown(self) -> str: ...

    def hide(self, text: str) -> str:
        """`text` without what is secret in the address."""
        ...

    def read(self) -> Answer:
        """Of any status. Raises Transient."""
        ...


class Receiver:
    """What `readsb` and `v2` make."""

    def __init__(self, name: str, places: Sequence[Place], *, clock: Clock, pace: Pace) -> None:
        self.name = name
        self._places = places
        self._clock = clock
        self._pace = pace
        self._turns: Iterator[tuple[Place, News]] = cycle([(place, News()) for place in places])

    def next_due(self) -> EpochSeconds:
        return self._pace.next_due()

    def fetch(self) -> RawSnapshot:
        self._pace.asking()
        place, news = next(self._turns)
        try:
            found = news.take(self._read(place)[0], place.hide)
        except Transient as error:
            self._pace.failed(error.retry_after)
            raise
        except NothingNewer:
            self._pace.answered()
            raise
        self._pace.answered()
        return found

    def probe(self) -> Probe:
        place = self._places[0]
        snapshot, answer = self._read(place)
        return Probe(checked(snapshot, place.hide), http_date(answer.headers.get("date")), place.shown)

    def _read(self, place: Place) -> tuple[RawSnapshot, Answer]:
        """The bytes of a good answer as a snapshot, whatever they are. Half an answer is evidence too."""
        try:
            answer = place.read()
        except Truncated as error:
            now = self._clock()
            raise BadAnswer(str(error), RawSnapshot(self.name, now, accepted(error.answer, now))) from error
        now = self._clock()
        return RawSnapshot(self.name, now, accepted(answer, now)), answer
