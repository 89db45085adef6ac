"""The live picture as one file, replaced as a whole."""

import os
from dataclasses import replace
from pathlib import Path
from threading import Lock

from flightdata.backends.live.packing import pack, unpack
from flightdata.errors import Transient
from flightdata.models.picture import Picture, Shown
from flightdata.utils.files import write_atomically
from flightdata.utils.lock import exclusive
from flightdata.utils.logs import logger

log = logger(__name__)

_Identity = tuple[int, int, int]


class FilePictures:
    """LivePictures in `path`. What this process published or read last is kept in memory, and while the file is damaged
    it is what the next version is made of.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._identity: _Identity | None = None
        self._damage: str | None = None
        self._picture = Picture()

    def version(self) -> int:
        with self._lock:
            return self._readable().version

    def edition(self) -> str:
        return _named(self._identify())

    def latest(self) -> Picture:
        with self._lock:
            return self._current()

    def shown(self) -> Shown:
        with self._lock:
            picture, edition = self._readable(), _named(self._identity)
        return replace(picture.shown, edition=edition)

    def publish(self, picture: Picture) -> bool:
        with self._lock, exclusive(self._path.with_suffix(".lock"), wait=True):
            if picture.version != self._current().version + 1:
                return False
            write_atomically(self._path, pack(picture))
            self._identity, self._picture, self._damage = self._identify(), picture, None
        return True

    def _readable(self) -> Picture:
        """Raises Transient while the file is damaged: the next version replaces it."""
        picture = self._current()
        if self._damage is not None:
            raise Transient(f"the live picture is damaged: {self._damage}", kind="unreadable")
        return picture

    def _current(self) -> Picture:
        if self._identify() != self._identity:
            self._read()
        return self._picture

    def _identify(self) -> _Identity | None:
        """Which file is there: every publication makes another one."""
        try:
            return _identity(os.stat(self._path))  # noqa: PTH116, half the time of Path.stat, and asked very often
        except FileNotFoundError:
            return None

    def _read(self) -> None:
        """What is there, and which file that is: it may have been replaced since somebody looked."""
        try:
            with self._path.open("rb") as file:
                identity, packed = _identity(os.fstat(file.fileno())), file.read()
        except FileNotFoundError:
            self._identity, self._picture, self._damage = None, Picture(), None
            return
        try:
            self._picture, self._damage = unpack(packed), None
        except ValueError as error:
            # Not from a crash (the file is replaced as a whole) but from a disk or a hand.
            log.warning("the live picture is damaged", path=str(self._path), reason=str(error))
            self._damage = str(error)
        self._identity = identity


def _identity(status: os.stat_result) -> _Identity:
    return status.st_ino, status.st_mtime_ns, status.st_size


def _named(identity: _Identity | None) -> str:
    return "-".join(f"{part:x}" for part in identity or ())
