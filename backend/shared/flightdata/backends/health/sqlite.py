"""The sources' health in SQLite, so that `flightdata status` sees what `flightdata up` knows."""

from collections.abc import Sequence
from pathlib import Path

import orjson

from flightdata.models.units import EpochSeconds
from flightdata.ports import SourceHealth
from flightdata.utils.sqlite import Database

# Its name is not that of the first version's table: that one has fewer columns, and health is only news of the day.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS source_health (
    name TEXT PRIMARY KEY,
    last_success REAL,
    data_time REAL,
    error TEXT,
    kind TEXT,
    failing_since REAL,
    failures_in_a_row INTEGER NOT NULL DEFAULT 0,
    next_attempt REAL
) WITHOUT ROWID;
"""

_SUCCEEDED = """
INSERT INTO source_health (name, last_success, data_time, next_attempt) VALUES (?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET
    last_success = excluded.last_success,
    data_time = coalesce(excluded.data_time, data_time),
    error = NULL,
    kind = NULL,
    failing_since = NULL,
    failures_in_a_row = 0,
    next_attempt = excluded.next_attempt
"""

_FAILED = """
INSERT INTO source_health (name, error, kind, failing_since, failures_in_a_row, next_attempt) VALUES (?, ?, ?, ?, 1, ?)
ON CONFLICT (name) DO UPDATE SET
    error = excluded.error,
    kind = excluded.kind,
    failing_since = coalesce(failing_since, excluded.failing_since),
    failures_in_a_row = failures_in_a_row + 1,
    next_attempt = excluded.next_attempt
"""


class SqliteHealth:
    """A Health in the file `path`."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA, durable=False)  # news of the day

    def succeeded(
        self,
        source: str,
        at: EpochSeconds,
        *,
        data_time: EpochSeconds | None = None,
        next_attempt: EpochSeconds | None = None,
    ) -> None:
        with self._database.transaction() as sql:
            sql.execute(_SUCCEEDED, (source, at, data_time, next_attempt))

    def failed(
        self,
        source: str,
        error: str,
        at: EpochSeconds,
        *,
        kind: str = "unreachable",
        next_attempt: EpochSeconds | None = None,
    ) -> None:
        with self._database.transaction() as sql:
            sql.execute(_FAILED, (source, error, kind, at, next_attempt))

    def retain(self, names: Sequence[str]) -> None:
        with self._database.transaction() as sql:
            sql.execute(
                "DELETE FROM source_health WHERE name NOT IN (SELECT value FROM json_each(?))",
                (orjson.dumps(list(names)).decode(),),
            )

    def sources(self) -> Sequence[SourceHealth]:
        with self._database.reading() as sql:
            rows = sql.execute("SELECT * FROM source_health ORDER BY name").fetchall()
        return [SourceHealth(**row) for row in rows]

    def close(self) -> None:
        self._database.close()
