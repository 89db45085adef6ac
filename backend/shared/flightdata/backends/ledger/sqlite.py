"""The ledger in SQLite."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from flightdata.models.snapshot import SnapshotAccount
from flightdata.models.units import EpochSeconds
from flightdata.ports import Totals
from flightdata.utils.sqlite import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    key TEXT PRIMARY KEY,
    rows INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    superseded INTEGER NOT NULL,
    rejected TEXT NOT NULL,
    unreadable TEXT,
    correlation_id TEXT NOT NULL,
    processed_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS accounts_processed_at ON accounts (processed_at);
CREATE TABLE IF NOT EXISTS settled (id INTEGER PRIMARY KEY CHECK (id = 0), until REAL NOT NULL);
"""

_RECORD = """
INSERT OR IGNORE INTO accounts
VALUES (:key, :rows, :stored, :superseded, :rejected, :unreadable, :correlation_id, :processed_at)
"""

_TOTALS = """
SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(stored), 0), coalesce(sum(superseded), 0), count(unreadable)
FROM accounts WHERE processed_at >= ?
"""

_REJECTED = """
SELECT reason.key, sum(reason.value) FROM accounts, json_each(accounts.rejected) AS reason
WHERE processed_at >= ? AND rejected != '{}' GROUP BY reason.key ORDER BY reason.key
"""


class SqliteLedger:
    """A Ledger in the file `path`."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA)

    def record(self, accounts: Sequence[SnapshotAccount]) -> None:
        rows = [asdict(one) | {"rejected": orjson.dumps(one.rejected).decode()} for one in accounts]
        with self._database.transaction() as sql:
            sql.executemany(_RECORD, rows)

    def totals(self, since: EpochSeconds = 0.0) -> Totals:
        with self._database.reading() as sql:
            snapshots, rows, stored, superseded, unreadable = sql.execute(_TOTALS, (since,)).fetchone()
            rejected = {name: int(count) for name, count in sql.execute(_REJECTED, (since,))}
        return Totals(snapshots, rows, stored, superseded, rejected, unreadable)

    def find(self, keys: Sequence[str]) -> Sequence[SnapshotAccount]:
        with self._database.reading() as sql:
            rows = [sql.execute("SELECT * FROM accounts WHERE key = ?", (key,)).fetchone() for key in keys]
        return [SnapshotAccount(**dict(row) | {"rejected": orjson.loads(row["rejected"])}) for row in rows if row]

    def entered(self, first: str, last: str) -> set[str]:
        with self._database.reading() as sql:
            return {
                row["key"] for row in sql.execute("SELECT key FROM accounts WHERE key BETWEEN ? AND ?", (first, last))
            }

    def settled(self) -> EpochSeconds | None:
        with self._database.reading() as sql:
            row = sql.execute("SELECT until FROM settled").fetchone()
        return row["until"] if row else None

    def settle(self, until: EpochSeconds) -> None:
        with self._database.transaction() as sql:
            sql.execute("INSERT OR REPLACE INTO settled VALUES (0, ?)", (until,))

    def close(self) -> None:
        self._database.close()
