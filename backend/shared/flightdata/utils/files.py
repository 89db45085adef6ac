"""Files that are there whole or not at all, also after a crash or a power cut."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

UNFINISHED = ".unfinished"


@contextmanager
def atomically(path: Path) -> Iterator[Path]:
    """A name aside, to be written to: at the end it becomes `path`, durable (fsync of file and folder); after an
    exception nothing is left of it. Readers see old or new.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{uuid4().hex}{UNFINISHED}")
    try:
        yield unfinished
        _sync(unfinished)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` under `path`; durable when it returns."""
    with atomically(path) as unfinished:
        unfinished.write_bytes(content)


def _sync(path: Path) -> None:
    """Make what a file holds durable, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> int:
    """Remove what a killed process left unfinished below `folder`; only while no other process writes there."""
    left = list(folder.rglob(f"*{UNFINISHED}"))
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)
