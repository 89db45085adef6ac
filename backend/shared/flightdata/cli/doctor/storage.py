"""The data folder: can we write there, is there room, who works there, are the files whole?"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flightdata.cli.doctor.finding import Finding, failed, passed, warned
from flightdata.errors import Transient
from flightdata.settings import Backend
from flightdata.utils.lock import held_by
from flightdata.utils.sqlite import trouble
from flightdata.wiring import House

_LITTLE = 2 * 10**9
_TOO_LITTLE = 2 * 10**8
"""Bytes. A receiver's raw answers take about 0.8 GB a day, those of the whole globe every 30 s about 1.2 GB."""

_ANOTHER = "choose another folder with --data or DATA_DIR"


def storage(house: House) -> Iterator[Finding]:
    """Changes nothing, and makes no folder."""
    folder = house.settings.data_dir.absolute()
    yield _writable(folder)
    yield _room(folder)
    if folder.is_dir():
        yield _holder(house)
        yield from (_database(path) for path in sorted(folder.glob("*.sqlite")))
        if house.settings.backend("live") is Backend.EMBEDDED:
            yield _picture(house)
        if house.settings.backend("queue") is Backend.EMBEDDED:
            yield from _dead_letters(house, folder)
        yield from _spool(house)


def _writable(folder: Path) -> Finding:
    nearest = _nearest(folder)
    if not nearest.is_dir():
        return failed("data folder", f"{nearest} is no folder", _ANOTHER)
    if nearest != folder:
        if os.access(nearest, os.W_OK | os.X_OK):
            return passed("data folder", f"{folder} is not there yet and will be made")
        return failed("data folder", f"{folder} cannot be made: {nearest} is not ours to write in", _ANOTHER)
    try:
        with tempfile.TemporaryFile(dir=folder):
            return passed("data folder", f"{folder} can be written")
    except OSError as error:
        return failed("data folder", f"{folder} cannot be written: {error.strerror}", _ANOTHER)


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(_nearest(folder)).free
    found = f"{free / 1e9:,.1f} GB are free"
    if free < _TOO_LITTLE:
        return failed("disk", found, f"make room, or {_ANOTHER}")
    return warned("disk", found, f"make room, or {_ANOTHER}") if free < _LITTLE else passed("disk", found)


def _nearest(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _holder(house: House) -> Finding:
    holder = held_by(house.lock)
    return passed("lock", f"{holder} works there" if holder else "nobody works there")


def _database(path: Path) -> Finding:
    what = trouble(path)
    if what is None:
        return passed(path.name, "is whole")
    advice = f"stop flightdata and move {path.name} away: a new one is made, and the archive has all answers"
    return failed(path.name, what, advice)


def _picture(house: House) -> Finding:
    try:
        picture = house.live.shown()
    except Transient:
        return warned("live picture", "is damaged", "nothing: the next snapshot replaces it")
    return passed("live picture", f"version {picture.version}, {picture.states.height:,} aircraft")


def _dead_letters(house: House, folder: Path) -> Iterator[Finding]:
    queue = folder / "queue.sqlite"
    if not queue.is_file() or trouble(queue):
        return
    try:
        dead = house.queue.depth().dead
    except sqlite3.Error as error:
        yield failed("queue", f"cannot be used: {error}", "check who owns the files")
        return
    advice = "look at `flightdata dlq ls`, then try again: `flightdata dlq redrive`"
    yield warned("queue", f"{dead} dead letters", advice) if dead else passed("queue", "no dead letters")


def _spool(house: House) -> Iterator[Finding]:
    if waiting := house.kept:
        advice = "nothing, if `flightdata collect` runs there and AWS is away; else start it"
        yield warned("spool", f"{waiting} answers wait to be sent", advice)
