"""Files that are there whole or not at all, also after a crash or a power cut."""

import os
from pathlib import Path
from uuid import uuid4

UNFINISHED = ".unfinished"


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` under `path`; durable (fsync of file and folder) when it returns. Readers see old or new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{uuid4().hex}{UNFINISHED}")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
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
