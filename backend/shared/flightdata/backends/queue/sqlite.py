"""A queue in SQLite that keeps SQS's promises: at least once, visibility time-out, attempts, dead letters, redrive."""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Condition
from uuid import uuid4

from flightdata.errors import Poison
from flightdata.models.events import SnapshotArchived, event_of
from flightdata.models.units import Seconds
from flightdata.ports import Clock, DeadLetter, Delivery, QueueDepth
from flightdata.utils.sqlite import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    visible_at REAL NOT NULL DEFAULT 0,
    receipt TEXT UNIQUE,
    reason TEXT NOT NULL DEFAULT 'never acknowledged in time'
);
CREATE INDEX IF NOT EXISTS messages_visible_at ON messages (visible_at);
CREATE TABLE IF NOT EXISTS dead_letters (
    id INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    died_at REAL NOT NULL
);
"""

_LOOK_AGAIN: Seconds = 0.25
"""How often a waiting receiver looks for messages of other processes; its own process wakes it at once."""


class SqliteQueue:
    """Publisher, Queue and DeadLetters in the file `path`.

    `visibility`: seconds a receiver has before a message comes back; `max_attempts`: how often it may.
    """

    def __init__(
        self, path: Path, clock: Clock = time.time, *, visibility: Seconds = 60.0, max_attempts: int = 5
    ) -> None:
        self._database = Database(path, _SCHEMA)
        self._clock = clock
        self._visibility = visibility
        self._max_attempts = max_attempts
        self._arrived = Condition()

    def publish(self, event: SnapshotArchived) -> None:
        with self._database.transaction() as sql:
            sql.execute("INSERT INTO messages (body) VALUES (?)", (event.model_dump_json(),))
        with self._arrived:
            self._arrived.notify()

    def receive(self, most: int, wait: Seconds = 0.0) -> Sequence[Delivery]:
        deadline = time.monotonic() + wait
        while not (deliveries := self._take(most)):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            with self._arrived:
                self._arrived.wait(min(left, _LOOK_AGAIN))
        return deliveries

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        with self._database.transaction() as sql:
            sql.executemany("DELETE FROM messages WHERE receipt = ?", [(one.receipt,) for one in deliveries])

    def give_back(self, delivery: Delivery, reason: str, *, delay: Seconds = 0.0, poison: bool = False) -> None:
        with self._database.transaction() as sql:
            row = sql.execute("SELECT * FROM messages WHERE receipt = ?", (delivery.receipt,)).fetchone()
            if row is None:
                return
            if poison or row["attempts"] >= self._max_attempts:
                self._bury(sql, row, reason)
                return
            sql.execute(
                "UPDATE messages SET visible_at = ?, receipt = NULL, reason = ? WHERE id = ?",
                (self._clock() + delay, reason, row["id"]),
            )

    def bury(self, message: str, attempts: int, reason: str) -> None:
        with self._database.transaction() as sql:
            columns = "INSERT INTO messages (body, attempts) VALUES (?, ?) RETURNING id, body, attempts"
            self._bury(sql, sql.execute(columns, (message, attempts)).fetchone(), reason)

    def recover(self) -> int:
        """Hand out again at once what a killed process had received; only for the one who knows that he is alone."""
        with self._database.transaction() as sql:
            return sql.execute("UPDATE messages SET visible_at = 0, receipt = NULL WHERE receipt IS NOT NULL").rowcount

    def depth(self) -> QueueDepth:
        with self._database.reading() as sql:
            counts = sql.execute(
                "SELECT count(*) FILTER (WHERE visible_at <= :now), count(*) FILTER (WHERE visible_at > :now),"
                " (SELECT count(*) FROM dead_letters) FROM messages",
                {"now": self._clock()},
            ).fetchone()
        return QueueDepth(*counts)

    def dead_letters(self) -> Sequence[DeadLetter]:
        with self._database.reading() as sql:
            rows = sql.execute("SELECT id, body, attempts, reason, died_at FROM dead_letters ORDER BY id").fetchall()
        return [DeadLetter(**row) for row in rows]

    def redrive(self, ids: Sequence[int] | None = None) -> int:
        with self._database.transaction() as sql:
            known = [row["id"] for row in sql.execute("SELECT id FROM dead_letters ORDER BY id")]
            chosen = [(number,) for number in known if ids is None or number in ids]
            sql.executemany("INSERT INTO messages (body) SELECT body FROM dead_letters WHERE id = ?", chosen)
            sql.executemany("DELETE FROM dead_letters WHERE id = ?", chosen)
        with self._arrived:
            self._arrived.notify()
        return len(chosen)

    def close(self) -> None:
        self._database.close()

    def _take(self, most: int) -> list[Delivery]:
        now = self._clock()
        visible = "FROM messages WHERE visible_at <= ? ORDER BY id LIMIT ?"
        with self._database.reading() as sql:
            if sql.execute(f"SELECT 1 {visible}", (now, 1)).fetchone() is None:
                return []
        with self._database.transaction() as sql:
            while rows := sql.execute(f"SELECT * {visible}", (now, most)).fetchall():
                if deliveries := [delivery for row in rows if (delivery := self._hand_out(sql, row, now))]:
                    return deliveries
        return []

    def _hand_out(self, sql: sqlite3.Connection, row: sqlite3.Row, now: float) -> Delivery | None:
        """None where the message goes to the dead letters instead."""
        if row["attempts"] >= self._max_attempts:
            self._bury(sql, row, row["reason"])
            return None
        try:
            event = event_of(row["body"])
        except Poison as error:
            self._bury(sql, row, str(error))
            return None
        delivery = Delivery(uuid4().hex, event, row["attempts"] + 1)
        sql.execute(
            "UPDATE messages SET attempts = ?, visible_at = ?, receipt = ? WHERE id = ?",
            (delivery.attempt, now + self._visibility, delivery.receipt, row["id"]),
        )
        return delivery

    def _bury(self, sql: sqlite3.Connection, row: sqlite3.Row, reason: str) -> None:
        sql.execute(
            "INSERT INTO dead_letters (id, body, attempts, reason, died_at) VALUES (?, ?, ?, ?, ?)",
            (row["id"], row["body"], row["attempts"], reason, self._clock()),
        )
        sql.execute("DELETE FROM messages WHERE id = ?", (row["id"],))
