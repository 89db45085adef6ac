"""The lake, wherever it lies: what is asked of it, and what is compacted when.

Who reads an hour opens the files of `recent/` first and then that of `states/` (or `last/`). Compaction puts these in
their place whole before it removes anything from `recent/`; so whatever happens in between, each row is in what was
opened, at least once, and the canonical order makes once of that. What was opened stays readable when it is replaced.
"""

import io
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import IO, Literal, Protocol

import polars as pl

from flightdata.backends.history.canon import CHUNK, canonical, chunks, newest
from flightdata.backends.history.layout import END_OF_TIME, HOUR
from flightdata.errors import Transient
from flightdata.models.area import Area
from flightdata.models.lake import LAKE_SCHEMA, from_lake, to_lake
from flightdata.models.region import bounds, inside
from flightdata.models.selection import Selection
from flightdata.models.states import altitude
from flightdata.models.units import Degrees, EpochSeconds, Seconds
from flightdata.utils.parquet import ROW_GROUP, write_parquet
from flightdata.validation.quality import METADATA

_GRACE: Seconds = 600
"""An hour is closed so long after its end: by then states of it come from late sources only (they live 330 s)."""

_MANY = 30
"""So many recent files, and an hour is compacted while it is open: a question shall not have to open hundreds."""

_TOGETHER = 24
"""Hours that a track reads in one go: half the time of one after the other (measured)."""

_GROUP = ROW_GROUP // 8

_SORTED_AT_ONCE = 10
"""Files."""

_COMPACTED_AT_ONCE = 50_000
"""Rows. With these three a global hour is compacted in 300 MB, with twice as many rows in 370, and in 460 if the recent
files are held as they are, for a fifth less CPU (measured).
"""

_TRIES = 10


class Gone(Exception):
    """A file that was listed, or that was to be replaced, is not there any more as it was: look again."""


@dataclass(frozen=True)
class Found:
    """An hour of which there is something, and its recent files, oldest first."""

    hour: EpochSeconds
    recents: tuple[str, ...]


@dataclass(frozen=True)
class Look:
    """What is opened for. `wanted`: these rows will do (None: all), of them those of the aircraft `icao24` (empty:
    all); `newest`: of each aircraft and source the newest of them; `last`: of what is compacted the last states will;
    `replacing`: to compact it.
    """

    wanted: pl.Expr | None = None
    newest: bool = False
    last: bool = False
    icao24: tuple[str, ...] = ()
    replacing: bool = False


@dataclass(frozen=True)
class Compacted:
    """A compacted file. `rows`: of one that is here in part the rows that are, each as first and number."""

    file: IO[bytes]
    rows: tuple[tuple[int, int], ...] | None = None

    def scans(self) -> list[pl.LazyFrame]:
        whole = scan([self.file])
        return [whole] if self.rows is None else [whole.slice(first, number) for first, number in self.rows]


@dataclass(frozen=True)
class Opened:
    """The files of an hour as they were at one moment. `seen`: by what the place knows them again."""

    found: Found
    recent: Sequence[IO[bytes]]
    compacted: Compacted | None
    seen: tuple[str | None, ...] = ()

    def scans(self) -> list[pl.LazyFrame]:
        """What is compacted, and what is not; none of what there is nothing of."""
        return [*(self.compacted.scans() if self.compacted else ()), *([scan(self.recent)] if self.recent else ())]

    def close(self) -> None:
        for file in (*self.recent, *([self.compacted.file] if self.compacted else ())):
            file.close()


class Place(Protocol):
    """Where a lake lies. Names are those of `layout`."""

    def hours(self, start: EpochSeconds, end: EpochSeconds) -> Sequence[Found]:
        """All hours that may hold something of start ≤ time ≤ end, in their order."""
        ...

    def recents(self) -> Sequence[Found]:
        """The hours that have recent files."""
        ...

    def find(self, hour: EpochSeconds) -> Found:
        """The hour as it is now."""
        ...

    def open(self, found: Found, look: Look) -> Opened:
        """First its recent files, then what is compacted. Raises Gone if one of them is not there any more."""
        ...

    def add(self, hour: EpochSeconds, key: str, kept: pl.DataFrame) -> None:
        """A recent file."""
        ...

    def replacing(self, opened: Opened) -> AbstractContextManager[tuple[IO[bytes], IO[bytes]]]:
        """Two files to write into, which at the end become the hour's `states` and `last`, each whole; then the recent
        files that were opened are removed, as they were then. Raises Gone, and has done no harm, if another one was
        faster.
        """
        ...

    def forget(self, hour: EpochSeconds) -> None: ...


class Lake:
    """HistoryWriter, HistoryReader and HistoryKeeper in a `place`. `hands`: how many hours are opened at once. `chunk`:
    rows that are in memory at a time, about, and `mixed` where an hour has recent files too (None: as many); `batch`:
    recent files that are compacted at once.
    """

    def __init__(
        self, place: Place, *, hands: int = 1, chunk: int = CHUNK, mixed: int | None = None, batch: int = _MANY
    ) -> None:
        self._place = place
        self._hands = hands
        self._chunk = chunk
        self._mixed = mixed or chunk
        self._batch = batch

    def add(self, key: str, states: pl.DataFrame) -> None:
        kept = to_lake(states.filter(pl.col("last_contact").is_between(0, END_OF_TIME)))
        hours = kept.select(pl.col("last_contact").dt.epoch("s") // int(HOUR) * int(HOUR)).to_series()
        for hour in hours.unique().sort():
            self._place.add(hour, key, kept.filter(hours == hour))

    def track(self, icao24: str, start: EpochSeconds, end: EpochSeconds) -> pl.DataFrame:
        found = [pl.DataFrame(schema=LAKE_SCHEMA)]
        hours, look = self._place.hours(start, end), Look(pl.col("icao24") == icao24, icao24=(icao24,))
        for first in range(0, len(hours), _TOGETHER):
            with ExitStack() as stack:
                opened = self._open_all(hours[first : first + _TOGETHER], look, stack)
                scans = _together(opened)
                found += [pl.concat(scans).filter(pl.col("icao24") == icao24).collect()] if scans else []
        return from_lake(canonical(pl.concat(found).filter(_between(start, end))))

    def picture(self, time: EpochSeconds, since: EpochSeconds) -> pl.DataFrame:
        wanted = _between(since, time, closed="both")
        result = [pl.DataFrame(schema=LAKE_SCHEMA)]
        for found in self._place.hours(since, time):
            with closing(self._open(found, Look(wanted, newest=True, last=found.hour + HOUR <= time))) as opened:
                parts = (part for one in opened.scans() for part in self._parts(one))
                result += [newest(part.filter(wanted).collect()) for part in parts]
        return from_lake(newest(pl.concat(result)))

    def states(self, selection: Selection) -> Iterator[pl.DataFrame]:
        wanted = _wanted(selection)
        for found in self._place.hours(selection.start, selection.end):
            with closing(self._open(found, Look(wanted, icao24=selection.icao24))) as opened:
                for chunk in chunks(opened.scans(), wanted, self._mixed if opened.recent else self._chunk):
                    states = from_lake(chunk)
                    yield states.filter(inside(selection.region)) if selection.region else states

    def due(self, now: EpochSeconds) -> Sequence[EpochSeconds]:
        return [
            one.hour
            for one in self._place.recents()
            if one.recents and (len(one.recents) >= _MANY or now >= one.hour + HOUR + _GRACE)
        ]

    def compact(self, hour: EpochSeconds) -> None:
        tries = _TRIES
        while (found := self._place.find(hour)).recents:
            some = replace(found, recents=found.recents[: self._batch])
            try:
                with closing(self._place.open(some, Look(replacing=True))) as opened:
                    self._compact(opened)
            except Gone as error:
                if not (tries := tries - 1):
                    raise Transient(f"others compact {found.hour:.0f} too: {error}") from error

    def expire(self, before: EpochSeconds) -> int:
        expired = [one.hour for one in self._place.hours(0, before) if one.hour + HOUR <= before]
        for hour in expired:
            self._place.forget(hour)
        return len(expired)

    def _open_all(self, hours: Sequence[Found], look: Look, stack: ExitStack) -> list[Opened]:
        with ThreadPoolExecutor(self._hands) as hands:
            opening = [hands.submit(self._open, found, look) for found in hours]
        done = [one.result() for one in opening if one.exception() is None]
        opened = [stack.enter_context(closing(one)) for one in done]
        for one in opening:
            one.result()  # raises what one of them has raised
        return opened

    def _open(self, found: Found, look: Look) -> Opened:
        """Until none of those that were listed has been compacted meanwhile."""
        while True:
            try:
                return self._place.open(found, look)
            except Gone:
                found = self._place.find(found.hour)

    def _compact(self, opened: Opened) -> None:
        compacted = opened.compacted.scans() if opened.compacted else []
        ordered = chunks([*compacted, *_by_aircraft(opened.recent)], size=min(self._chunk, _COMPACTED_AT_ONCE))
        last = [pl.DataFrame(schema=LAKE_SCHEMA)]

        def noting_the_last() -> Iterator[pl.DataFrame]:
            for chunk in ordered:
                last.append(newest(chunk))
                yield chunk

        with self._place.replacing(opened) as (states, aside):
            write_parquet(noting_the_last(), states, schema=LAKE_SCHEMA, metadata=METADATA)
            write_recent(pl.concat(last), aside)

    def _parts(self, scan: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
        """The same rows, so many at a time that what is read of them fits in memory."""
        rows, part = scan.select(pl.len()).collect().item(), max(ROW_GROUP, 5 * self._chunk // ROW_GROUP * ROW_GROUP)
        return (scan.slice(start, part) for start in range(0, rows, part))


def scan(files: Sequence[IO[bytes]]) -> pl.LazyFrame:
    """Columns that older files lack are null."""
    return pl.scan_parquet(
        list(files), schema=dict(LAKE_SCHEMA), missing_columns="insert", extra_columns="ignore", glob=False
    )


def _together(opened: Sequence[Opened]) -> list[pl.LazyFrame]:
    """All rows of these hours. Whole files are one scan: a scan each takes twice the time (measured)."""
    compacted = [one.compacted for one in opened if one.compacted]
    files = [file for one in opened for file in one.recent] + [one.file for one in compacted if one.rows is None]
    parts = [part for one in compacted if one.rows is not None for part in one.scans()]
    return [*([scan(files)] if files else ()), *parts]


def _by_aircraft(files: Sequence[IO[bytes]]) -> Iterator[pl.LazyFrame]:
    """The same rows so that a range of aircraft is read without the others: packed, in a tenth of the memory."""
    for first in range(0, len(files), _SORTED_AT_ONCE):
        packed = io.BytesIO()
        part = scan(files[first : first + _SORTED_AT_ONCE]).collect().sort("icao24")
        part.write_parquet(packed, compression="lz4", row_group_size=_GROUP)
        packed.seek(0)
        yield pl.scan_parquet(packed)


def write_recent(kept: pl.DataFrame, file: IO[bytes]) -> None:
    """25 bytes a state, 3 ms for 12,000 (measured)."""
    kept.write_parquet(file, compression="zstd", compression_level=1, statistics=False, metadata=dict(METADATA))


def _between(start: EpochSeconds, end: EpochSeconds, closed: Literal["left", "both"] = "left") -> pl.Expr:
    first, last = (pl.lit(round(moment * 1000)).cast(pl.Datetime("ms", "UTC")) for moment in (start, end))
    return pl.col("last_contact").is_between(first, last, closed=closed)


def _in_box(area: Area) -> pl.Expr:
    """By the decimals as they are kept, which are compared much faster than they are converted."""
    west_to_east = [_within("longitude", west, east) for west, east in area.longitude_spans]
    return _within("latitude", area.lamin, area.lamax) & pl.any_horizontal(west_to_east)


def _within(column: str, least: Degrees, greatest: Degrees) -> pl.Expr:
    """Rounded outwards: `inside` decides."""
    dtype = LAKE_SCHEMA[column]
    first, last = Decimal(math.floor(least * 1e5)) / 100_000, Decimal(math.ceil(greatest * 1e5)) / 100_000
    return pl.col(column).is_between(pl.lit(first, dtype), pl.lit(last, dtype))


def _wanted(selection: Selection) -> pl.Expr:
    """What can be told from the columns as they are kept; of a region the box around it."""
    conditions = [_between(selection.start, selection.end)]
    if selection.icao24:
        conditions.append(pl.col("icao24").is_in(selection.icao24))
    if selection.region is not None:
        conditions.append(_in_box(bounds(selection.region)))
    if selection.altitude_min is not None:
        conditions.append(altitude() >= selection.altitude_min)
    if selection.altitude_max is not None:
        conditions.append(altitude() <= selection.altitude_max)
    return pl.all_horizontal(conditions)
