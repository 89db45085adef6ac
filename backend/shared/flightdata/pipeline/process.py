"""PROCESS: archived snapshots into the live picture, with an account of every row."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field, replace

import polars as pl

from flightdata.errors import FlightDataError, Outrun, Poison
from flightdata.models.events import SnapshotArchived, StatesStored
from flightdata.models.flight import no_flights
from flightdata.models.picture import Picture
from flightdata.models.snapshot import RawSnapshot, SnapshotAccount
from flightdata.pipeline.moving import Moved, Moving
from flightdata.ports import Clock, Flights, HistoryWriter, Ledger, LivePictures, Metrics, NoMetrics, RawArchive
from flightdata.utils.logs import correlation_id, logger
from flightdata.utils.tracing import span, traceparent
from flightdata.validation.decoded import Decoded, Unreadable
from flightdata.validation.gate import CLOCK_TOLERANCE, decode

log = logger(__name__)

Keep = Callable[[str, Moved], None]
"""Takes a snapshot's key and what it did."""

_AHEAD = 3
"""Snapshots that are decoded at the same time."""


@dataclass
class Processed:
    """What became of a batch of events: the account of each that went through, the error of each that did not.

    Both are keyed by the event's place in the batch. `stored` is the new version of the picture, None where nothing
    changed. `flags`: what the quality rules flagged, by rule.
    """

    accounts: dict[int, SnapshotAccount] = field(default_factory=dict)
    failed: dict[int, Exception] = field(default_factory=dict)
    stored: StatesStored | None = None
    flags: Counter[str] = field(default_factory=Counter)


class Process:
    """The second stage. Any event may come again, at any time and in any order: the picture does not mind."""

    def __init__(  # noqa: PLR0913, these are what it works with
        self,
        archive: RawArchive,
        live: LivePictures,
        history: HistoryWriter,
        flights: Flights,
        ledger: Ledger,
        moving: Moving,
        clock: Clock,
        metrics: Metrics | None = None,
    ) -> None:
        self._archive = archive
        self._live = live
        self._history = history
        self._flights = flights
        self._ledger = ledger
        self._moving = moving
        self._clock = clock
        self._metrics = metrics or NoMetrics()
        self._entered = 0, 0

    def batch(self, events: Sequence[SnapshotArchived]) -> Processed:
        """All of `events` into one new version. Raises Outrun if somebody else published meanwhile."""
        began = time.perf_counter()
        try:
            result, picture = self._batch(events)
        except Exception:
            self._metrics.count({"ProcessingFailures": len(events)})
            raise
        self._count(result, picture)
        self._metrics.observe({"ProcessSeconds": time.perf_counter() - began})
        return result

    def _batch(self, events: Sequence[SnapshotArchived]) -> tuple[Processed, Picture]:
        with span("process.batch", links=[one.traceparent for one in events], snapshots=len(events)):
            before = self._live.latest()
            if _named(before) != self._entered:  # somebody else's; he may have been killed before he could enter them
                self._enter(before)
            picture, result = replace(before, accounts=(), changed=no_flights()), Processed()
            with self._keeping() as keep:
                picture = self._all(events, picture, result, keep)
            picture = replace(picture, accounts=tuple(result.accounts.values()))
            result.stored, picture = self._publish(before, picture)
            self._enter(picture)
            self._entered = _named(picture)
            return result, picture

    def _count(self, result: Processed, picture: Picture) -> None:
        accounts = list(result.accounts.values())
        rejected = Counter[str]()
        for account in accounts:
            rejected.update(account.rejected)
        self._metrics.count(
            {
                "SnapshotsProcessed": len(accounts),
                "SnapshotsUnreadable": sum(one.unreadable is not None for one in accounts),
                "FlightsProcessed": sum(one.rows for one in accounts),
                "FlightsStored": sum(one.stored for one in accounts),
                "FlightsRejected": rejected,
                "QualityFlags": result.flags,
                "ProcessingFailures": len(result.failed),
            }
        )
        if result.stored:
            self._metrics.observe({"PictureAge": self._clock() - picture.time})

    def _all(self, events: Sequence[SnapshotArchived], picture: Picture, result: Processed, keep: Keep) -> Picture:
        """One after the other into the picture; what became of each into `result`."""
        batch = traceparent()
        for place, (event, decoding) in enumerate(zip(events, self._decoding(events), strict=True)):
            with (
                correlation_id(event.correlation_id),
                span("process", kind="consumer", parent=event.traceparent, links=[batch], key=event.key) as traced,
            ):
                try:
                    account, moved = self._one(event, decoding, picture)
                except Exception as error:
                    unexpected = not isinstance(error, FlightDataError)
                    log.warning("snapshot not processed", key=event.key, reason=str(error), exc_info=unexpected)
                    result.failed[place] = error
                    traced.fail(str(error))
                    continue
                result.accounts[place] = account
                if moved is not None:
                    keep(event.key, moved)
                    picture = moved.picture
                    result.flags.update(moved.flags)
        return picture

    @contextmanager
    def _keeping(self) -> Iterator[Keep]:
        """Fresh and late states go to the history beside the other work; at the end all of them are durable there.

        So they are before the picture is published: published rows are superseded ones when they come again. A snapshot
        that comes again may write less; that is kept beside what it wrote before.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="history") as writer:
            writes: dict[str, Future[None]] = {}

            def keep(key: str, moved: Moved) -> None:
                if key in writes:  # the second time nothing is fresh, and what was is not late
                    return
                if moved.fresh.height or (moved.late.height and not self._was_read(key)):
                    states = pl.concat([moved.fresh, moved.late])
                    writes[key] = writer.submit(copy_context().run, self._add, key, states)

            yield keep
        for write in writes.values():
            write.result()

    def _was_read(self, key: str) -> bool:
        """Whether it was processed before, by code that could read it."""
        return any(account.unreadable is None for account in self._ledger.find([key]))

    def _add(self, key: str, states: pl.DataFrame) -> None:
        with span("process.history", rows=states.height):
            self._history.add(key, states)

    def _enter(self, picture: Picture) -> None:
        """What a published version carries for the other stores. Again and again, and however late, it does no harm."""
        if picture.changed.height:
            with span("process.flights", flights=picture.changed.height):
                self._flights.put(picture.changed, picture.fence)
        with span("process.ledger", accounts=len(picture.accounts)):
            self._ledger.record(picture.accounts)

    def _decoding(self, events: Sequence[SnapshotArchived]) -> Iterator[Future[Decoded]]:
        """Each one's decoding and enrichment, begun while the one before is merged: much of it holds no interpreter."""
        with ThreadPoolExecutor(_AHEAD, thread_name_prefix="decode") as pool:
            yield from [pool.submit(self._decode, event) for event in events]

    def _decode(self, event: SnapshotArchived) -> Decoded:
        with correlation_id(event.correlation_id), span("process.prepare", parent=event.traceparent, key=event.key):
            with span("process.load"):
                raw = self._archive.get(event.key)
            if not event.tells_of(raw):
                raise Poison(f"what the archive has as {event.key} is not what the event tells of")
            with span("process.decode", size=len(raw.body)):
                return self._prepared(raw)

    def _prepared(self, raw: RawSnapshot) -> Decoded:
        try:
            decoded = decode(raw)
            if decoded.time - self._clock() > CLOCK_TOLERANCE:  # the picture would wait for that time to come
                raise Unreadable(f"its time is {decoded.time - self._clock():,.0f} s ahead of the clock here")
            return self._moving.prepare(decoded)
        except pl.exceptions.PanicException as error:  # no Exception: it would end the worker
            raise RuntimeError(f"polars gave up: {error}") from error

    def _one(
        self, event: SnapshotArchived, decoding: Future[Decoded], picture: Picture
    ) -> tuple[SnapshotAccount, Moved | None]:
        """The account, and what became of `picture`: None where the body is no snapshot."""
        blank = SnapshotAccount(event.key, correlation_id=event.correlation_id, processed_at=self._clock())
        try:
            decoded = decoding.result()
        except Unreadable as error:
            account = replace(blank, unreadable=str(error))
            log.warning("body is no snapshot", key=event.key, reason=account.unreadable)
            return account, None
        account, moved = self._moved(picture, decoded, blank)
        log.info(
            "snapshot processed",
            source=event.source,
            key=account.key,
            rows=account.rows,
            stored=account.stored,
            superseded=account.superseded,
            rejected=sum(account.rejected.values()),
        )
        return account, moved

    def _moved(self, picture: Picture, decoded: Decoded, blank: SnapshotAccount) -> tuple[SnapshotAccount, Moved]:
        with span("process.move", rows=decoded.rows):
            moved = self._moving.move(picture, decoded)
        account = replace(
            blank,
            rows=decoded.rows,
            stored=moved.fresh.height,
            superseded=moved.superseded,
            rejected=decoded.rejected,
        )
        if not account.balanced:
            raise ArithmeticError(f"the conservation law is broken: {account}")
        return account, moved

    def _publish(self, before: Picture, picture: Picture) -> tuple[StatesStored | None, Picture]:
        """What was published, if anything was, and the picture as it was."""
        accounts = picture.accounts
        if not any(account.stored for account in accounts) and picture.time == before.time:
            return None, picture
        fence = max(before.fence + 1, int(self._clock() * 1000))
        picture = replace(picture, version=before.version + 1, fence=fence)
        with span("process.publish", version=picture.version, aircraft=picture.aircraft):
            published = self._live.publish(picture)
        if not published:
            raise Outrun(f"somebody else published version {picture.version} of the live picture")
        stored = StatesStored(
            correlation_id=accounts[0].correlation_id,
            version=picture.version,
            time=picture.time,
            aircraft=picture.aircraft,
            keys=tuple(account.key for account in accounts),
        )
        return stored, picture


def _named(picture: Picture) -> tuple[int, int]:
    """Which publication it is: versions are counted anew after a loss."""
    return picture.version, picture.fence
