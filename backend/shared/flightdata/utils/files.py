"""Files that are there whole or not at all, also after a crash or a power cut."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

UNFINISHED = ".unfinished"
_WRITER = re.compile(r"\.(\d+)-[0-9a-f]{32}\.unfinished$")


@contextmanager
def atomically(path: Path) -> Iterator[Path]:
    """A name aside, to be written to: at the end it becomes `path`, durable (fsync of file and folder); after an
    exception nothing is left of it. Readers see old or new.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}-{uuid4().hex}{UNFINISHED}")
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
    """Remove what killed processes left unfinished below `folder`; how many that were. Not what another one writes now,
    nor this one's: call it before anything is written.
    """
    left = [path for path in folder.rglob(f"*{UNFINISHED}") if not _in_other_hands(path)]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _in_other_hands(path: Path) -> bool:
    """Whether the process that began to write this runs, and is not this one."""
    found = _WRITER.search(path.name)
    if found is None or int(found[1]) == os.getpid():
        return False
    try:
        os.kill(int(found[1]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
