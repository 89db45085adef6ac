"""A lock that dies with its process: whoever is killed holds nothing."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

_TRIES = 3
_BETWEEN = 0.02


class Locked(Exception):
    """Somebody else holds the lock; `holder` is what he wrote into it."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


@contextmanager
def exclusive(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock file `path`. If another process does: wait for it, or raise Locked at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        _lock(file, wait=wait)
        file.truncate(0)
        file.write(f"process {os.getpid()}")
        file.flush()
        yield


def _lock(file: TextIO, *, wait: bool) -> None:
    """Whoever asks `held_by` holds it for a moment too, hence more than one try."""
    for attempt in range(_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if attempt + 1 == _TRIES:
                file.seek(0)
                raise Locked(file.read().strip()) from error
            time.sleep(_BETWEEN)
        else:
            return


def held_by(path: Path) -> str | None:
    """What the holder wrote into the lock file `path`; None while nobody holds it."""
    try:
        with path.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        return path.read_text().strip()
    return None
