"""The lake as objects of an S3 bucket, laid out as in a folder.

What is opened is fetched into files of this machine that have no name: whole, or of `states` the row groups that may
hold the aircraft in question. So what was opened stays readable, and memory holds what is being worked on.

Several may write and compact at once. A recent object never changes: its content is part of its name. `states` and
`last` are replaced only if they are still what was read before (If-Match); who comes second looks again. They are put
before recent objects are deleted, `states` first; and the ETag of `last` is asked for before anything else is read. So
each `last` that replaces another one was made of a `states` that has all that the other one's maker has deleted.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain, takewhile
from shutil import copyfileobj
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Any

import polars as pl
from botocore.exceptions import ClientError

from flightdata.backends.aws import code, delete_objects, transient
from flightdata.backends.history import layout
from flightdata.backends.history.canon import newest
from flightdata.backends.history.lake import Compacted, Found, Gone, Lake, Look, Opened, scan, write_recent
from flightdata.backends.history.layout import END_OF_TIME, LAST, RECENT, STATES
from flightdata.models.lake import LAKE_SCHEMA
from flightdata.models.units import EpochSeconds
from flightdata.utils.footer import RowGroup, UnreadableFooter, footer_length, row_groups

_MISSING = {"NoSuchKey", "NotFound", "404"}
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_HANDS = 8
_TAIL = 96 * 1024
"""Bytes from the end of an object that mostly hold its footer: that of an hour of 12,000 aircraft has 60 KB."""
_REMEMBERED = 1_000

CHUNK = 25_000
"""Rows a chunk: the API function has 256 MB."""
_MIXED = 12_500
"""As many where recent rows come from several files: these take twice the memory a row (measured)."""
_BATCH = 15
"""The analytics function has 512 MB."""


class S3History(Lake):
    """The history in `bucket`. `client` is boto3's for S3."""

    def __init__(self, client: Any, bucket: str) -> None:
        super().__init__(_Objects(client, bucket), hands=_HANDS, chunk=CHUNK, mixed=_MIXED, batch=_BATCH)


class _Objects:
    """The Place."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._reading = Lock()  # several at once take a multiple of the memory
        self._known: dict[tuple[str, str], tuple[RowGroup, ...]] = {}

    def hours(self, start: EpochSeconds, end: EpochSeconds) -> list[Found]:
        since = f"{layout.partition(layout.hour_of(max(0.0, min(start, END_OF_TIME))))}"
        hours: dict[EpochSeconds, list[str]] = {}
        for name in chain(self._names(RECENT, since, end), self._names(STATES, since, end)):
            hour = layout.hour_in(_partition(name))
            if hour is not None and layout.hour_of(start) <= hour <= end:
                hours.setdefault(hour, []).append(name)
        return [Found(hour, _recents(hours[hour])) for hour in sorted(hours)]

    def recents(self) -> list[Found]:
        hours: dict[EpochSeconds, list[str]] = {}
        for name in self._list(f"{RECENT}/"):
            if (hour := layout.hour_in(_partition(name))) is not None:
                hours.setdefault(hour, []).append(name)
        return [Found(hour, _recents(hours[hour])) for hour in sorted(hours)]

    def find(self, hour: EpochSeconds) -> Found:
        return Found(hour, _recents(self._list(f"{RECENT}/{layout.partition(hour)}/")))

    def open(self, found: Found, look: Look) -> Opened:
        last = self._etag(layout.last(found.hour)) if look.replacing else None
        with ExitStack() as files:
            recent = [files.enter_context(file) for file in self._fetch_recent(found.recents, look)]
            compacted, etag = self._fetch_compacted(found.hour, look)
            files.pop_all()  # theirs who asked
            return Opened(found, recent, compacted, (etag, last))

    def add(self, hour: EpochSeconds, key: str, kept: pl.DataFrame) -> None:
        content = io.BytesIO()
        write_recent(kept, content)
        name = layout.recent(hour, key, content.getvalue())
        with transient(f"{name} was not written"):
            self._client.put_object(Bucket=self._bucket, Key=name, Body=content.getvalue())

    @contextmanager
    def replacing(self, opened: Opened) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        hour = opened.found.hour
        with TemporaryFile() as states, TemporaryFile() as last:
            yield states, last
            for name, file, etag in zip(
                (layout.states(hour), layout.last(hour)), (states, last), opened.seen, strict=True
            ):
                self._put(name, file, etag)
        delete_objects(self._client, self._bucket, opened.found.recents)

    def forget(self, hour: EpochSeconds) -> None:
        """In a deployment a rule of the bucket does so, without a request."""
        for kind in (RECENT, LAST, STATES):
            delete_objects(self._client, self._bucket, list(self._list(f"{kind}/{layout.partition(hour)}/")))

    # Recent objects.

    def _fetch_recent(self, names: Sequence[str], look: Look) -> Iterator[IO[bytes]]:
        """Their rows that are wanted, in as few files as fit in memory one after the other."""
        wanted = pl.lit(value=True) if look.wanted is None else look.wanted
        together: list[pl.DataFrame] = []
        with ThreadPoolExecutor(_HANDS) as hands:
            for start in range(0, len(names), _HANDS):
                for content in hands.map(self._content, names[start : start + _HANDS]):
                    with self._reading:
                        together.append(scan([io.BytesIO(content)]).filter(wanted).collect())
                    if _height(together) >= CHUNK and not (look.newest and _reduced(together)):
                        yield _spooled(together, look)
                        together.clear()
        if together:
            yield _spooled(together, look)

    def _content(self, name: str) -> bytes:
        return _read(self._get(name), name)

    # Compacted objects.

    def _fetch_compacted(self, hour: EpochSeconds, look: Look) -> tuple[Compacted | None, str | None]:
        """With its ETag."""
        if look.icao24:
            with suppress(UnreadableFooter):  # the whole object then: it is for polars to say what it is
                return self._fetch_rows(layout.states(hour), look.icao24)
        for name in [layout.last(hour)] * look.last + [layout.states(hour)]:
            try:
                answer = self._get(name)
            except Gone:
                continue
            with transient(f"{name} was not read"):
                return Compacted(_copied(answer["Body"])), answer["ETag"]
        return None, None

    def _fetch_rows(self, name: str, icao24: Sequence[str]) -> tuple[Compacted | None, str | None]:
        """The row groups that may hold one of these aircraft, each where it is in the object: a file with holes."""
        try:
            answer = self._get(name, Range=f"bytes=-{_TAIL}")
        except Gone:
            return None, None
        etag, size, tail = answer["ETag"], int(answer["ContentRange"].rsplit("/")[-1]), _read(answer, name)
        if (length := footer_length(tail)) > size:
            raise UnreadableFooter(f"a footer of {length} bytes in an object of {size}")
        if length > len(tail):
            tail = _read(self._get(name, Range=f"bytes=-{length}", IfMatch=etag), name)
        groups = self._row_groups(name, etag, tail[-length:])
        chosen = [group for group in groups if any(group.may_hold(one) for one in icao24)]
        with _spool() as file:
            _write_at(file, size - len(tail), tail)
            for start, end in _joined(chosen, size - len(tail)):
                part = _read(self._get(name, Range=f"bytes={start}-{end - 1}", IfMatch=etag), name)
                _write_at(file, start, part)
        return Compacted(file, tuple((group.first_row, group.rows) for group in chosen)), etag

    def _row_groups(self, name: str, etag: str, footer: bytes) -> tuple[RowGroup, ...]:
        """Remembered: to read a footer takes 20 ms."""
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        if (name, etag) not in self._known:
            self._known[name, etag] = tuple(row_groups(footer, "icao24"))
        return self._known[name, etag]

    # Requests.

    def _get(self, name: str, **conditions: str) -> Any:
        """Raises Gone if it is not there, or not what it was."""
        with transient(f"{name} was not read"):
            try:
                return self._client.get_object(Bucket=self._bucket, Key=name, **conditions)
            except ClientError as error:
                if code(error) in _MISSING | _CHANGED:
                    raise Gone(name) from error
                raise

    def _etag(self, name: str) -> str | None:
        with transient(f"{name} was not asked for"):
            try:
                return str(self._client.head_object(Bucket=self._bucket, Key=name)["ETag"])
            except ClientError as error:
                if code(error) in _MISSING:
                    return None
                raise

    def _put(self, name: str, file: IO[bytes], etag: str | None) -> None:
        """Raises Gone if it is not what it was any more."""
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        file.seek(0)
        with transient(f"{name} was not written"):
            try:
                self._client.put_object(Bucket=self._bucket, Key=name, Body=file, **condition)
            except ClientError as error:
                if code(error) in _MISSING | _CHANGED:
                    raise Gone(name) from error
                raise

    def _names(self, kind: str, since: str, end: EpochSeconds) -> Iterator[str]:
        return takewhile(
            lambda name: _partition(name)[:15] <= layout.day(end), self._list(f"{kind}/", f"{kind}/{since}")
        )

    def _list(self, prefix: str, after: str = "") -> Iterator[str]:
        """In their order."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=after
        )
        with transient(f"{prefix} was not listed"):
            for page in pages:
                yield from (one["Key"] for one in page.get("Contents", ()))


def _partition(name: str) -> str:
    """`date=…/hour=…`"""
    return name.partition("/")[2].rpartition("/")[0]


def _recents(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if name.startswith(f"{RECENT}/") and name.endswith(".parquet")))


def _read(answer: Any, name: str) -> bytes:
    """The body, which may still break off."""
    with transient(f"{name} was not read"):
        content: bytes = answer["Body"].read()
    return content


@contextmanager
def _spool() -> Iterator[IO[bytes]]:
    """A file to write into, which stays open to be read, unless that fails."""
    file = TemporaryFile()  # noqa: SIM115, theirs who asked
    try:
        yield file
        file.flush()
        file.seek(0)
    except BaseException:
        file.close()
        raise


def _height(tables: Sequence[pl.DataFrame]) -> int:
    return sum(table.height for table in tables)


def _reduced(tables: list[pl.DataFrame]) -> bool:
    """Put the newest of their rows in their place; whether there is much room again."""
    before = _height(tables)
    tables[:] = [newest(pl.concat(tables))]
    return _height(tables) <= before // 2


def _spooled(tables: Sequence[pl.DataFrame], look: Look) -> IO[bytes]:
    rows = pl.concat([pl.DataFrame(schema=LAKE_SCHEMA), *tables])
    with _spool() as file:
        write_recent(newest(rows) if look.newest else rows, file)
    return file


def _copied(body: Any) -> IO[bytes]:
    with _spool() as file:
        copyfileobj(body, file)
    return file


def _write_at(file: IO[bytes], place: int, content: bytes) -> None:
    file.seek(place)
    file.write(content)


def _joined(groups: Sequence[RowGroup], end: int) -> list[tuple[int, int]]:
    """The ranges to fetch: neighbours as one, and nothing from `end` on, which is there."""
    ranges: list[tuple[int, int]] = []
    for group in groups:
        if ranges and ranges[-1][1] == group.start:
            ranges[-1] = ranges[-1][0], group.end
        else:
            ranges.append((group.start, group.end))
    return [(first, min(last, end)) for first, last in ranges if first < end]
