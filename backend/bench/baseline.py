"""The plain way: json.loads, a Pydantic model a row, one SQLite row an aircraft with an index to find it by place."""

import json
import sqlite3
from pathlib import Path

from pydantic import BaseModel


class Row(BaseModel):
    """One row of OpenSky's answer."""

    icao24: str
    callsign: str | None
    origin_country: str
    time_position: int | None
    last_contact: int
    longitude: float | None
    latitude: float | None
    baro_altitude: float | None
    on_ground: bool
    velocity: float | None
    true_track: float | None
    vertical_rate: float | None
    sensors: list[int] | None
    geo_altitude: float | None
    squawk: str | None
    spi: bool
    position_source: int


_NAMES = tuple(Row.model_fields)


class Baseline:
    """The live states in the database `path`."""

    def __init__(self, path: Path) -> None:
        self._sql = sqlite3.connect(path)
        self._sql.execute(f"CREATE TABLE states (icao24 PRIMARY KEY, {', '.join(_NAMES[1:])})")
        self._sql.execute("CREATE INDEX place ON states (latitude, longitude)")

    def take(self, body: bytes) -> None:
        """One answer, from raw bytes to queryable."""
        rows = [Row.model_validate(dict(zip(_NAMES, row, strict=False))) for row in json.loads(body)["states"]]
        with self._sql:
            self._sql.executemany(
                f"INSERT OR REPLACE INTO states VALUES ({', '.join('?' * len(_NAMES))})",
                [tuple(row.__dict__.values()) for row in rows],
            )

    def box(self, lamin: float, lamax: float, lomin: float, lomax: float) -> bytes:
        """The aircraft in a box as JSON."""
        found = self._sql.execute(
            "SELECT * FROM states WHERE latitude BETWEEN ? AND ? AND longitude BETWEEN ? AND ?",
            (lamin, lamax, lomin, lomax),
        ).fetchall()
        rows = [Row.model_validate(dict(zip(_NAMES, row, strict=True))) for row in found]
        return json.dumps({"flights": [row.model_dump() for row in rows]}).encode()

    def close(self) -> None:
        self._sql.close()
