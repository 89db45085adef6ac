"""The lake as a folder of Parquet files."""

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from typing import IO

import polars as pl

from flightdata.backends.history import layout
from flightdata.backends.history.lake import Compacted, Found, Gone, Lake, Look, Opened, write_recent
from flightdata.backends.history.layout import END_OF_TIME, LAST, RECENT, STATES
from flightdata.models.units import EpochSeconds
from flightdata.utils.files import atomically, write_atomically


class FolderHistory(Lake):
    """The history in `folder`; one process at a time may write and keep."""

    def __init__(self, folder: Path) -> None:
        self._files = _Files(folder)
        super().__init__(self._files)

    def hours(self) -> list[EpochSeconds]:
        """Those that hold something."""
        return [found.hour for found in self._files.hours(0, END_OF_TIME)]

    def forget(self, hour: EpochSeconds) -> None:
        self._files.forget(hour)

    def take_over(self, other: "FolderHistory", hour: EpochSeconds) -> None:
        """Let the compacted hour of `other`, a lake of the same disk, take the place of what is here of that hour."""
        self._files.take_over(other._files, hour)  # noqa: SLF001, the same kind


class _Files:
    """The Place. A file that was opened stays readable when another one takes its name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hours(self, start: EpochSeconds, end: EpochSeconds) -> list[Found]:
        hours = {*self._hours(RECENT, start, end), *self._hours(STATES, start, end)}
        return [self.find(hour) for hour in sorted(hours)]

    def recents(self) -> list[Found]:
        return [self.find(hour) for hour in sorted(self._hours(RECENT, 0, END_OF_TIME))]

    def find(self, hour: EpochSeconds) -> Found:
        paths = (self._folder / RECENT / layout.partition(hour)).glob("*.parquet")
        return Found(hour, tuple(sorted(path.relative_to(self._folder).as_posix() for path in paths)))

    def open(self, found: Found, look: Look) -> Opened:
        with ExitStack() as files:
            try:
                recent = [files.enter_context((self._folder / name).open("rb")) for name in found.recents]
            except FileNotFoundError as error:
                raise Gone(str(error)) from error
            names = [layout.last(found.hour)] if look.last else []
            compacted = self._compacted(*names, layout.states(found.hour))
            files.pop_all()  # theirs who asked
            return Opened(found, recent, compacted)

    def add(self, hour: EpochSeconds, key: str, kept: pl.DataFrame) -> None:
        content = io.BytesIO()
        write_recent(kept, content)
        write_atomically(self._folder / layout.recent(hour, key, content.getvalue()), content.getvalue())

    @contextmanager
    def replacing(self, opened: Opened) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        hour = opened.found.hour
        # The last states are there first, so they never lack what `states/` has.
        with (
            atomically(self._folder / layout.states(hour)) as states,
            atomically(self._folder / layout.last(hour)) as last,
            states.open("wb") as one,
            last.open("wb") as other,
        ):
            yield one, other
        for name in opened.found.recents:  # also one that was written again meanwhile: it holds the same
            (self._folder / name).unlink(missing_ok=True)

    def forget(self, hour: EpochSeconds) -> None:
        for kind in (RECENT, STATES, LAST):
            rmtree(self._folder / kind / layout.partition(hour), ignore_errors=True)

    def take_over(self, other: "_Files", hour: EpochSeconds) -> None:
        replaced = self.find(hour).recents
        for name in (layout.last(hour), layout.states(hour)):
            with atomically(self._folder / name) as path:
                (other._folder / name).replace(path)  # noqa: SLF001, the same kind
        for recent in replaced:
            (self._folder / recent).unlink()

    def _compacted(self, *names: str) -> Compacted | None:
        """The first one there is."""
        for name in names:
            with suppress(FileNotFoundError):
                return Compacted((self._folder / name).open("rb"))
        return None

    def _hours(self, kind: str, start: EpochSeconds, end: EpochSeconds) -> Iterator[EpochSeconds]:
        """Looks into the days in question only: a lake may hold years."""
        first, last = layout.day(start), layout.day(end)
        for day in (self._folder / kind).glob("date=????-??-??"):
            for path in day.glob("hour=??") if first <= day.name <= last else ():
                hour = layout.hour_in(f"{day.name}/{path.name}")
                if hour is not None and layout.hour_of(start) <= hour <= end:
                    yield hour
