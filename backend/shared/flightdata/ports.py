"""Every seam of the house on one page: what the stages need, named for what they do with it.

Clients and backends implement these; `wiring` chooses. What each one promises is written down as the contract test
in `tests/contract/`, which runs over every implementation.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import polars as pl
from pydantic import SecretStr

from flightdata.errors import Transient
from flightdata.models.credits import Budget
from flightdata.models.events import SnapshotArchived
from flightdata.models.figures import Reading
from flightdata.models.flight import FlightsAsked, Side
from flightdata.models.key import ApiKey
from flightdata.models.picture import Picture, Shown
from flightdata.models.selection import Selection
from flightdata.models.snapshot import RawSnapshot, SnapshotAccount
from flightdata.models.units import EpochSeconds, Seconds

Clock = Callable[[], EpochSeconds]


class Source(Protocol):
    """Where flight data comes from."""

    @property
    def name(self) -> str: ...

    def next_due(self) -> EpochSeconds:
        """When the next `fetch` is worth making, by the clock the source was given; `math.inf`: never again.

        After a failure that is the next attempt: a source knows best how patient it has to be.
        """
        ...

    def fetch(self) -> RawSnapshot:
        """One answer, as it came; where a tick has several, `next_due` then says at once.

        Raises Transient when there is none now, BadAnswer when it is none that can be used, NothingNewer when it is
        the last one again, NotDue when it is too early or another process has this tick.
        """
        ...


class BadAnswer(Transient):
    """The source answered, but not with states. `evidence` is what it said."""

    def __init__(self, message: str, evidence: RawSnapshot, *, kind: str = "unreadable") -> None:
        super().__init__(message, kind=kind)
        self.evidence = evidence


@dataclass(frozen=True)
class Reach:
    """Whether something elsewhere is in reach. `trouble`: why not; `advice`: what to do then. `optional`: perhaps
    nothing has to be done.
    """

    what: str
    trouble: str = ""
    advice: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Probe:
    """What a look at a source found: its answer, None where an answer has a price, and in words what was looked at.

    `server_time`: what the clock of its server showed, where it said so.
    """

    snapshot: RawSnapshot | None
    server_time: EpochSeconds | None = None
    found: str = ""


@runtime_checkable
class Probing(Protocol):
    """A source that can be looked at without price and without consequences."""

    def probe(self) -> Probe:
        """Raises Transient when it does not answer."""
        ...


class Budgets(Protocol):
    """What is known about the accounts that have credits. Durable when `update` returns."""

    def update(self, account: str, change: Callable[[Budget | None], Budget]) -> Budget:
        """Replace what is known by `change` of it (None: nothing yet), as one step; nothing happens if it raises."""
        ...

    def find(self, account: str) -> Budget | None: ...

    def known(self) -> Sequence[Budget]:
        """All of them, by account."""
        ...


class Lease(Protocol):
    """Who fetches a tick. Durable when it returns."""

    def take(self, name: str, tick: int) -> bool:
        """Whether the tick of `name` is now ours. Each is given once, to whoever asks first, and none that is past."""
        ...


class RawWriter(Protocol):
    """Where the fetch stage keeps what came. Durable when `put` returns; the same snapshot again changes nothing."""

    def put(self, snapshot: RawSnapshot) -> str:
        """Keep it and return its key."""
        ...


class RawArchive(RawWriter, Protocol):
    """The truth."""

    def get(self, key: str) -> RawSnapshot:
        """What was put. Raises Poison when there is no such snapshot or its bytes are not those that were put."""
        ...

    def keys(self, start: EpochSeconds = 0.0, end: EpochSeconds = math.inf) -> Iterator[str]:
        """Those received from `start` to before `end`, oldest first within a source, one source after the other.

        What that costs depends on how many these are, not on how many there are.
        """
        ...

    def expire(self, before: EpochSeconds) -> int:
        """Forget what was received in hours that ended by then; how many snapshots that were."""
        ...


class Spool(RawWriter, Protocol):
    """Where a collector keeps what it has fetched until it is where it belongs."""

    def get(self, key: str) -> RawSnapshot:
        """Raises Poison as RawArchive's."""
        ...

    def keys(self) -> Iterator[str]: ...

    def forget(self, key: str) -> None:
        """It is where it belongs."""
        ...


@dataclass(frozen=True)
class Delivery:
    """One try at one message. `receipt` names the try: it is void once the message was handed out again."""

    receipt: str
    event: SnapshotArchived
    attempt: int


class Publisher(Protocol):
    """Where the fetch stage says what it has archived. Durable when it returns."""

    def publish(self, event: SnapshotArchived) -> None: ...


class Queue(Protocol):
    """At least once: what is received and not acknowledged in time comes back, five times at most."""

    def receive(self, most: int, wait: Seconds = 0.0) -> Sequence[Delivery]:
        """Up to `most` messages, the oldest first; waits up to `wait` for the first one."""
        ...

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Done with them; for good."""
        ...

    def give_back(self, delivery: Delivery, reason: str, *, delay: Seconds = 0.0, poison: bool = False) -> None:
        """It failed for `reason`: again after `delay`, or, if it is `poison`, straight to the dead letters."""
        ...

    def bury(self, message: str, attempts: int, reason: str) -> None:
        """Put a message that somebody else took from here, and gives up, to the dead letters. Durable on return."""
        ...


@dataclass(frozen=True)
class QueueDepth:
    waiting: int
    in_flight: int
    dead: int


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up. `body` is the message as it was sent (JSON text)."""

    id: int
    body: str
    attempts: int
    reason: str
    died_at: EpochSeconds


class DeadLetters(Protocol):
    """What the operator does with the queue."""

    def depth(self) -> QueueDepth: ...

    def dead_letters(self) -> Sequence[DeadLetter]: ...

    def redrive(self, ids: Sequence[int] | None = None) -> int:
        """Put these (None: all) back into the queue with fresh attempts; how many that were."""
        ...


class WorkQueue(Queue, DeadLetters, Protocol):
    """Both sides of one queue: the worker's and the operator's."""


class ShownPictures(Protocol):
    """The newest picture as its readers see it, atomic: all of a version or none of it.

    Both raise Transient where it cannot be read, because it is damaged or nobody answers: who has one goes on with it.
    """

    def version(self) -> int:
        """The newest version's number, 0 if there is none."""
        ...

    def edition(self) -> str:
        """Which publication is the newest: no two have the same, also when versions are counted anew after a loss, and
        it is the same for all readers. Empty if there is none. Cheap enough to ask several times a second.
        """
        ...

    def shown(self) -> Shown:
        """With its edition."""
        ...


class LivePictures(ShownPictures, Protocol):
    """The newest picture, for those who make the next one of it."""

    def latest(self) -> Picture:
        """All of it. Its states may be in another order than they were published in. Damage stops nobody: then it is
        what can still be read or this process has in memory, and what follows on it takes the place of the damaged one.
        """
        ...

    def publish(self, picture: Picture) -> bool:
        """Make it the newest. False, and nothing happens, unless it follows directly on the newest one."""
        ...


class HistoryWriter(Protocol):
    """Where the process stage keeps the states that changed. Durable when it returns."""

    def add(self, key: str, states: pl.DataFrame) -> None:
        """Those of the snapshot `key` (a state table). Again for the same key: they replace the ones before."""
        ...


class HistoryReader(Protocol):
    """Every state that was added, once, whatever is being compacted meanwhile. Numbers are as exact as the lake's."""

    def track(self, icao24: str, start: EpochSeconds, end: EpochSeconds) -> pl.DataFrame:
        """The states of one aircraft with start ≤ last_contact < end, the oldest first."""
        ...

    def picture(self, time: EpochSeconds, since: EpochSeconds) -> pl.DataFrame:
        """Of each aircraft and source the last state with since ≤ last_contact ≤ time."""
        ...

    def states(self, selection: Selection) -> Iterator[pl.DataFrame]:
        """The selected states, hour by hour, within an hour in the order of icao24 and time; a bounded number at a
        time.
        """
        ...


class HistoryKeeper(Protocol):
    """What the hourly job does with the history. Hours are named by the moment they begin."""

    def due(self, now: EpochSeconds) -> Sequence[EpochSeconds]:
        """The hours worth compacting: closed ones with new states, open ones with many snapshots."""
        ...

    def compact(self, hour: EpochSeconds) -> None:
        """Sort the hour into one file. May be repeated and may be killed at any moment."""
        ...

    def expire(self, before: EpochSeconds) -> int:
        """Forget the hours that ended by then; how many that were."""
        ...


class History(HistoryWriter, HistoryReader, HistoryKeeper, Protocol):
    """All sides of one history."""


@dataclass(frozen=True)
class Totals:
    """Sums over accounts."""

    snapshots: int
    rows: int
    stored: int
    superseded: int
    rejected: dict[str, int]
    unreadable: int


class Ledger(Protocol):
    """The accounts of all snapshots, one each: the first one entered for a key stays."""

    def record(self, accounts: Sequence[SnapshotAccount]) -> None: ...

    def totals(self, since: EpochSeconds = 0.0) -> Totals:
        """Over the snapshots processed at or after `since`."""
        ...

    def find(self, keys: Sequence[str]) -> Sequence[SnapshotAccount]:
        """The accounts of those among `keys` that have one."""
        ...

    def entered(self, first: str, last: str) -> set[str]:
        """The keys from `first` to `last` (not before it), in the order of texts, that have an account."""
        ...

    def settled(self) -> EpochSeconds | None:
        """What was said last with `settle`, None before the first time."""
        ...

    def settle(self, until: EpochSeconds) -> None:
        """Every snapshot received before `until` has an account, or was given up."""
        ...


@dataclass(frozen=True)
class SourceHealth:
    """How a source is doing.

    `error` is what went wrong last, None while it works, and `kind` the same in one word; `failing_since` the first
    failure after the last success. `data_time` is the time of its newest data, as it says itself.
    """

    name: str
    last_success: EpochSeconds | None = None
    data_time: EpochSeconds | None = None
    error: str | None = None
    kind: str | None = None
    failing_since: EpochSeconds | None = None
    failures_in_a_row: int = 0
    next_attempt: EpochSeconds | None = None


class Health(Protocol):
    """What the fetch stage remembers of its sources, for `status` and readiness."""

    def succeeded(
        self,
        source: str,
        at: EpochSeconds,
        *,
        data_time: EpochSeconds | None = None,
        next_attempt: EpochSeconds | None = None,
    ) -> None:
        """It answered. `data_time` None: that is not known; the one before stays."""
        ...

    def failed(
        self,
        source: str,
        error: str,
        at: EpochSeconds,
        *,
        kind: str = "unreachable",
        next_attempt: EpochSeconds | None = None,
    ) -> None: ...

    def retain(self, names: Sequence[str]) -> None:
        """These are the sources from now on; what is known of others is forgotten."""
        ...

    def sources(self) -> Sequence[SourceHealth]:
        """All that are known, by name."""
        ...


class Flights(Protocol):
    """Flights, each as the newest version has it. Frames are flights tables (`models.flight.FLIGHT_SCHEMA`)."""

    def put(self, flights: pl.DataFrame, fence: int) -> None:
        """Keep them, as the version of this `fence` has them (`models.picture`). Durable when it returns.

        One of the same icao24 and first_seen takes the place of the other, unless that one is of a greater fence: who
        comes late changes nothing.
        """
        ...

    def of_aircraft(self, icao24: str, asked: FlightsAsked) -> pl.DataFrame:
        """An aircraft's flights that began in the time asked for, the newest first."""
        ...

    def of_airport(self, airport: str, side: Side, asked: FlightsAsked) -> pl.DataFrame:
        """Flights that departed (by first_seen) from `airport` or arrived (by last_seen) at it, the newest first."""
        ...

    def of_callsign(self, callsign: str, asked: FlightsAsked) -> pl.DataFrame:
        """Flights called `callsign` (capitals) that are over and began in the time asked for, the newest first.

        One in progress comes into the list when it lands or is lost, and leaves it when it is found again.
        """
        ...

    def in_progress(self, time: EpochSeconds) -> pl.DataFrame:
        """The `FLIGHT_ENDS` of the flights that were in the air at `time` and began within `LONGEST_FLIGHT` before.

        None, where a store cannot find all of them at once.
        """
        ...


class Cache(Protocol):
    """Copies of what is kept elsewhere, had faster. Never an error: what cannot be had is a miss."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes, ttl: Seconds) -> None: ...


Number = float | Mapping[Any, float]
"""A figure as a whole; or of each of its parts, named by a word, or by several (a tuple of them)."""


class Metrics(Protocol):
    """Figures about what was done, by the names of `models.figures`, for who watches from outside. Never an error."""

    def count(self, figures: Mapping[str, Number]) -> None:
        """So many more of each."""
        ...

    def observe(self, figures: Mapping[str, Number]) -> None:
        """What was just measured: how long something took, how much of something there is."""
        ...


class NoMetrics:
    """Metrics for where nobody watches."""

    def count(self, figures: Mapping[str, Number]) -> None: ...

    def observe(self, figures: Mapping[str, Number]) -> None: ...


@runtime_checkable
class Exposition(Metrics, Protocol):
    """Metrics that are kept until somebody asks for them."""

    @property
    def content_type(self) -> str: ...

    def text(self, readings: Iterable[Reading]) -> bytes:
        """All that was counted and measured, and the `readings`."""
        ...


class Keys(Protocol):
    """Who may ask the API. Durable when it returns."""

    def put(self, key: ApiKey) -> None: ...

    def find(self, digest: str) -> ApiKey | None:
        """The one of this SHA-256, also if it has expired."""
        ...

    def known(self) -> Sequence[ApiKey]:
        """All of them, the oldest first."""
        ...

    def revoke(self, digest: str) -> None:
        """Forget it; nothing happens if there is none."""
        ...


class Secrets(Protocol):
    """What must not be seen: `opensky/client_id`, `opensky/client_secret`."""

    def get(self, name: str, *, fresh: bool = False) -> SecretStr | None:
        """None if there is none; `fresh`: past what is remembered. Raises Transient when the keeper does not answer."""
        ...
