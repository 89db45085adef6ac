"""The sources' health in SQLite, so that `flightdata status` sees what `flightdata up` knows."""

from collections.abc import Sequence
from pathlib import Path

from flightdata.models.units import EpochSeconds
from flightdata.ports import SourceHealth
from flightdata.utils.sqlite import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
    name TEXT PRIMARY KEY,
    last_success REAL,
    error TEXT,
    failures_in_a_row INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""


class SqliteHealth:
    """A Health in the file `path`."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA, durable=False)  # news of the day

    def succeeded(self, source: str, at: EpochSeconds) -> None:
        with self._database.transaction() as sql:
            sql.execute(
                "INSERT INTO sources (name, last_success) VALUES (?, ?) ON CONFLICT (name)"
                " DO UPDATE SET last_success = excluded.last_success, error = NULL, failures_in_a_row = 0",
                (source, at),
            )

    def failed(self, source: str, error: str) -> None:
        with self._database.transaction() as sql:
            sql.execute(
                "INSERT INTO sources (name, error, failures_in_a_row) VALUES (?, ?, 1) ON CONFLICT (name)"
                " DO UPDATE SET error = excluded.error, failures_in_a_row = failures_in_a_row + 1",
                (source, error),
            )

    def sources(self) -> Sequence[SourceHealth]:
        with self._database.reading() as sql:
            rows = sql.execute(
                "SELECT name, last_success, error, failures_in_a_row FROM sources ORDER BY name"
            ).fetchall()
        return [SourceHealth(**row) for row in rows]

    def close(self) -> None:
        self._database.close()
