"""A lease in SQLite: the greatest tick that was taken, by name."""

from pathlib import Path

from flightdata.utils.sqlite import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS leases (
    name TEXT PRIMARY KEY,
    tick INTEGER NOT NULL
) WITHOUT ROWID;
"""


class SqliteLease:
    """A Lease in the file `path`."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, _SCHEMA)

    def take(self, name: str, tick: int) -> bool:
        with self._database.transaction() as sql:
            taken = sql.execute(
                "INSERT INTO leases (name, tick) VALUES (?, ?) ON CONFLICT (name)"
                " DO UPDATE SET tick = excluded.tick WHERE excluded.tick > tick",
                (name, tick),
            )
            return taken.rowcount == 1

    def close(self) -> None:
        self._database.close()
