"""The keys of the API in SQLite."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from flightdata.models.key import ApiKey
from flightdata.utils.sqlite import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    digest TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL
) WITHOUT ROWID;
"""


class SqliteKeys:
    """Keys in the file `path`."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA)

    def put(self, key: ApiKey) -> None:
        with self._database.transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO keys VALUES (:digest, :name, :created_at, :expires_at)", asdict(key))

    def find(self, digest: str) -> ApiKey | None:
        with self._database.reading() as sql:
            row = sql.execute("SELECT * FROM keys WHERE digest = ?", (digest,)).fetchone()
        return ApiKey(**row) if row else None

    def known(self) -> Sequence[ApiKey]:
        with self._database.reading() as sql:
            return [ApiKey(**row) for row in sql.execute("SELECT * FROM keys ORDER BY created_at, digest")]

    def revoke(self, digest: str) -> None:
        with self._database.transaction() as sql:
            sql.execute("DELETE FROM keys WHERE digest = ?", (digest,))

    def close(self) -> None:
        self._database.close()
