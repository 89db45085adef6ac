"""Budgets in SQLite: one JSON document an account, replaced within a transaction that no other process can be in."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from flightdata.models.credits import Budget
from flightdata.utils.sqlite import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS budgets (
    account TEXT PRIMARY KEY,
    budget TEXT NOT NULL
) WITHOUT ROWID;
"""


class SqliteBudgets:
    """Budgets in the file `path`."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA)
        self._as_json = TypeAdapter(Budget)

    def update(self, account: str, change: Callable[[Budget | None], Budget]) -> Budget:
        with self._database.transaction() as sql:
            row = sql.execute("SELECT budget FROM budgets WHERE account = ?", (account,)).fetchone()
            before = self._as_json.validate_json(row["budget"]) if row else None
            budget = change(before)
            if budget != before:
                text = self._as_json.dump_json(budget).decode()
                sql.execute("INSERT OR REPLACE INTO budgets (account, budget) VALUES (?, ?)", (account, text))
        return budget

    def find(self, account: str) -> Budget | None:
        with self._database.reading() as sql:
            row = sql.execute("SELECT budget FROM budgets WHERE account = ?", (account,)).fetchone()
        return self._as_json.validate_json(row["budget"]) if row else None

    def known(self) -> Sequence[Budget]:
        with self._database.reading() as sql:
            rows = sql.execute("SELECT budget FROM budgets ORDER BY account").fetchall()
        return [self._as_json.validate_json(row["budget"]) for row in rows]

    def close(self) -> None:
        self._database.close()
