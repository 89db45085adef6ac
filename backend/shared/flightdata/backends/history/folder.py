"""The lake as a folder of Parquet files.

Who reads an hour opens the files of `recent/` first and then that of `states/` (or `last/`). Compaction makes these
whole before it removes anything from `recent/`; so whatever happens in between, each row is in what was opened,
at least once, and the canonical order makes once of that. A file that was opened stays readable when it is replaced.
"""

import io
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from shutil import rmtree
from threading import Lock
from typing import IO, Literal

import polars as pl

from flightdata.backends.history.canon import canonical, chunks, newest
from flightdata.backends.history.layout import END_OF_TIME, HOUR, Layout
from flightdata.models.area import Area
from flightdata.models.lake import LAKE_SCHEMA, from_lake, to_lake
from flightdata.models.region import bounds, inside
from flightdata.models.selection import Selection
from flightdata.models.units import Degrees, EpochSeconds, Seconds
from flightdata.utils.files import atomically
from flightdata.utils.parquet import ROW_GROUP, write_parquet
from flightdata.validation.quality import METADATA

_GRACE: Seconds = 600
"""An hour is closed so long after its end: by then states of it come from late sources only (they live 330 s)."""

_MANY = 30
"""So many recent files of an hour are compacted at once, and while it is open already: a question shall not have to
open hundreds.
"""


_TOGETHER = 24
"""Hours that a track reads in one go: half the time of one after the other (measured)."""


_PART = 8 * ROW_GROUP
_GROUP = ROW_GROUP // 8

_SORTED_AT_ONCE = 10
"""Files."""

_COMPACTED_AT_ONCE = 50_000
"""Rows. With these three a global hour is compacted in 300 MB, with twice as many rows in 370, and in 460 if the recent
files are held as they are, for a fifth less CPU (measured).
"""


@dataclass(frozen=True)
class _Opened:
    """The files of an hour as they were at one moment."""

    recent: dict[Path, IO[bytes]]
    compacted: dict[Path, IO[bytes]]

    @property
    def files(self) -> list[IO[bytes]]:
        return [*self.compacted.values(), *self.recent.values()]

    def scans(self) -> list[pl.LazyFrame]:
        """What is compacted, and what is not; none of what there is nothing of."""
        return [*_scans(self.compacted), *_scans(self.recent)]


class FolderHistory:
    """HistoryWriter, HistoryReader and HistoryKeeper in `folder`; one process at a time may write and keep."""

    def __init__(self, folder: Path) -> None:
        self._layout = Layout(folder)
        self._removing = Lock()

    def add(self, key: str, states: pl.DataFrame) -> None:
        kept = to_lake(states.filter(pl.col("last_contact").is_between(0, END_OF_TIME)))
        hours = kept.select(pl.col("last_contact").dt.epoch("s") // int(HOUR) * int(HOUR)).to_series()
        for hour in hours.unique().sort():
            with self._removing, atomically(self._layout.recent(hour, key)) as path:
                _write_recent(kept.filter(hours == hour), path)

    def track(self, icao24: str, start: EpochSeconds, end: EpochSeconds) -> pl.DataFrame:
        found = [pl.DataFrame(schema=LAKE_SCHEMA)]
        hours = self._layout.hours(start, end)
        for first in range(0, len(hours), _TOGETHER):
            with ExitStack() as stack:
                opened = [stack.enter_context(self._opened(hour)) for hour in hours[first : first + _TOGETHER]]
                files = [file for one in opened for file in one.files]
                found += [_scan(files).filter(pl.col("icao24") == icao24).collect()] if files else []
        return from_lake(canonical(pl.concat(found).filter(_between(start, end))))

    def picture(self, time: EpochSeconds, since: EpochSeconds) -> pl.DataFrame:
        wanted = _between(since, time, closed="both")
        found = [pl.DataFrame(schema=LAKE_SCHEMA)]
        for hour in self._layout.hours(since, time):
            with self._opened(hour, last=hour + HOUR <= time) as opened:
                found += [newest(part.filter(wanted).collect()) for scan in opened.scans() for part in _parts(scan)]
        return from_lake(newest(pl.concat(found)))

    def states(self, selection: Selection) -> Iterator[pl.DataFrame]:
        for hour in self._layout.hours(selection.start, selection.end):
            with self._opened(hour) as opened:
                for chunk in chunks(opened.scans(), _wanted(selection)):
                    states = from_lake(chunk)
                    yield states.filter(inside(selection.region)) if selection.region else states

    def due(self, now: EpochSeconds) -> Sequence[EpochSeconds]:
        return [
            hour
            for hour in self._layout.recent_hours()
            if (files := len(self._layout.recents(hour))) and (files >= _MANY or now >= hour + HOUR + _GRACE)
        ]

    def compact(self, hour: EpochSeconds) -> None:
        while recents := self._layout.recents(hour)[:_MANY]:
            with self._opened(hour, recents) as opened:
                self._write(
                    hour, chunks([*_scans(opened.compacted), *_by_aircraft(opened.recent)], size=_COMPACTED_AT_ONCE)
                )
                self._remove(opened.recent)

    def expire(self, before: EpochSeconds) -> int:
        expired = [hour for hour in self._layout.hours(0, before) if hour + HOUR <= before]
        for hour in expired:
            self.forget(hour)
        return len(expired)

    def hours(self) -> list[EpochSeconds]:
        """Those that hold something."""
        return self._layout.hours(0, END_OF_TIME)

    def forget(self, hour: EpochSeconds) -> None:
        for folder in self._layout.folders(hour):
            rmtree(folder, ignore_errors=True)

    def take_over(self, other: "FolderHistory", hour: EpochSeconds) -> None:
        """Let the compacted hour of `other`, a lake of the same disk, take the place of what is here of that hour."""
        replaced = self._layout.recents(hour)
        for place in (Layout.last, Layout.states):
            with atomically(place(self._layout, hour)) as path:
                place(other._layout, hour).replace(path)  # noqa: SLF001, the same kind
        for recent in replaced:
            recent.unlink()

    def _write(self, hour: EpochSeconds, ordered: Iterator[pl.DataFrame]) -> None:
        """The compacted hour and its last states; these are there first, so they never lack what `states/` has."""
        last = [pl.DataFrame(schema=LAKE_SCHEMA)]

        def noting_the_last() -> Iterator[pl.DataFrame]:
            for chunk in ordered:
                last.append(newest(chunk))
                yield chunk

        with atomically(self._layout.states(hour)) as path:
            _write_compacted(noting_the_last(), path)
            with atomically(self._layout.last(hour)) as aside:
                _write_recent(pl.concat(last), aside)

    @contextmanager
    def _opened(
        self, hour: EpochSeconds, recents: Sequence[Path] | None = None, *, last: bool = False
    ) -> Iterator[_Opened]:
        """`recents`: those to open, None: all. `last`: of what is compacted the last states will do."""
        with ExitStack() as files:
            recent = None
            while recent is None:  # until none of those that were listed has been compacted meanwhile
                recent = _open(self._layout.recents(hour) if recents is None else recents, files)
            compacted = _open([self._layout.last(hour)], files) if last else None
            yield _Opened(recent, compacted or _open([self._layout.states(hour)], files) or {})

    def _remove(self, compacted: dict[Path, IO[bytes]]) -> None:
        """Those that are still the ones that were read: a snapshot that is processed again replaces its file."""
        with self._removing:
            for path, file in compacted.items():
                if path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno())):
                    path.unlink()


def _open(paths: Sequence[Path], files: ExitStack) -> dict[Path, IO[bytes]] | None:
    """None if one of them is not there any more."""
    try:
        return {path: files.enter_context(path.open("rb")) for path in paths}
    except FileNotFoundError:
        return None


def _scans(files: dict[Path, IO[bytes]]) -> list[pl.LazyFrame]:
    return [_scan(list(files.values()))] if files else []


def _scan(files: Sequence[IO[bytes]]) -> pl.LazyFrame:
    """Columns that older files lack are null."""
    return pl.scan_parquet(
        list(files), schema=dict(LAKE_SCHEMA), missing_columns="insert", extra_columns="ignore", glob=False
    )


def _by_aircraft(recent: dict[Path, IO[bytes]]) -> Iterator[pl.LazyFrame]:
    """The same rows so that a range of aircraft is read without the others: packed, in a tenth of the memory."""
    files = list(recent.values())
    for first in range(0, len(files), _SORTED_AT_ONCE):
        packed = io.BytesIO()
        part = _scan(files[first : first + _SORTED_AT_ONCE]).collect().sort("icao24")
        part.write_parquet(packed, compression="lz4", row_group_size=_GROUP)
        packed.seek(0)
        yield pl.scan_parquet(packed)


def _parts(scan: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
    """The same rows, so many at a time that what is read of them fits in memory."""
    rows = scan.select(pl.len()).collect().item()
    return (scan.slice(start, _PART) for start in range(0, rows, _PART))


def _write_recent(kept: pl.DataFrame, path: Path) -> None:
    """25 bytes a state, 3 ms for 12,000 (measured)."""
    kept.write_parquet(path, compression="zstd", compression_level=1, statistics=False, metadata=dict(METADATA))


def _write_compacted(tables: Iterator[pl.DataFrame], path: Path) -> None:
    with path.open("wb") as file:
        write_parquet(tables, file, schema=LAKE_SCHEMA, metadata=METADATA)


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
    altitude = pl.when("on_ground").then(pl.col("baro_altitude").fill_null(0)).otherwise("baro_altitude")
    if selection.altitude_min is not None:
        conditions.append(altitude >= selection.altitude_min)
    if selection.altitude_max is not None:
        conditions.append(altitude <= selection.altitude_max)
    return pl.all_horizontal(conditions)
