"""SQLite as several threads and processes share it here."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from urllib.parse import quote

BUSY = 30.0
"""Seconds to wait for another process's transaction."""


class Database:
    """One file, one connection, one transaction at a time. `schema` is run at each opening (IF NOT EXISTS).

    Every transaction is durable when it ends (write-ahead log with fsync); without `durable` it survives the end of
    the process, but perhaps not that of the machine.
    """

    def __init__(self, path: Path, schema: str, *, durable: bool = True) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._connection.executescript(schema)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Read and write as one step: all of it happens, or nothing."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read only; waits for no writer."""
        with self._lock:
            yield self._connection

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def trouble(path: Path) -> str | None:
    """What is wrong with the database file `path`, None if it is whole. Reads all of it and changes nothing."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", timeout=BUSY, uri=True)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return None if found == "ok" else str(found)
