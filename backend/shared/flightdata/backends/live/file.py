"""The live picture as one file, replaced as a whole."""

import os
from pathlib import Path
from threading import Lock

from flightdata.backends.live.packing import pack, unpack
from flightdata.models.picture import Picture, Shown
from flightdata.utils.files import write_atomically
from flightdata.utils.lock import exclusive
from flightdata.utils.logs import logger

log = logger(__name__)

_Identity = tuple[int, int, int]


class FilePictures:
    """LivePictures in `path`. What this process published or read last is kept in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._identity: _Identity | None = None
        self._picture = Picture()

    def version(self) -> int:
        return self.latest().version

    def latest(self) -> Picture:
        with self._lock:
            return self._current()

    def shown(self) -> Shown:
        return self.latest().shown

    def publish(self, picture: Picture) -> bool:
        with self._lock, exclusive(self._path.with_suffix(".lock"), wait=True):
            if picture.version != self._current().version + 1:
                return False
            write_atomically(self._path, pack(picture))
            self._identity, self._picture = self._identify(), picture
        return True

    def _current(self) -> Picture:
        identity = self._identify()
        if identity != self._identity:
            self._picture = self._read()
            self._identity = identity
        return self._picture

    def _identify(self) -> _Identity | None:
        """Which file is there: every publication makes another one."""
        try:
            status = os.stat(self._path)  # noqa: PTH116, half the time of Path.stat, and asked at every request
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _read(self) -> Picture:
        try:
            return unpack(self._path.read_bytes())
        except FileNotFoundError:
            return Picture()
        except ValueError as error:
            # Not from a crash (the file is replaced as a whole) but from a disk or a hand: start anew.
            log.warning("the live picture is damaged and is started anew", path=str(self._path), reason=str(error))
            return Picture()
