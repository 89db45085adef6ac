"""Small pieces of traffic: OpenSky rows and bodies, snapshots, events, state tables, pictures."""

import json

import polars as pl

from flightdata.models.events import SnapshotArchived
from flightdata.models.flight import FLIGHT_SCHEMA
from flightdata.models.picture import Picture
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.states import STATE_SCHEMA

NOW = 1_700_000_000.0
"""2023-11-14T22:13:20Z"""

NOWHERE = {"departure": None, "arrival": None}
"""What a live document says of an aircraft whose flight is not known."""


def row(icao24="abc123", *, seen=NOW, callsign="TEST1   ", latitude=48.5, longitude=2.5):
    """One row of OpenSky's `/states/all`, 17 columns."""
    position = [seen, seen, longitude, latitude] if longitude is not None else [None, seen, None, None]
    return [icao24, callsign, "France", *position, 1000.0, False, 100.0, 90.0, 0.0, None, None, "1000", False, 0]


def body(*rows, time=NOW):
    """An answer of OpenSky's `/states/all`."""
    return json.dumps({"time": time, "states": list(rows)}).encode()


def snapshot(*rows, time=NOW, source="test", received_at=None):
    return RawSnapshot(source, time if received_at is None else received_at, body(*rows, time=time))


def archived(snapshot, correlation_id="one"):
    """The event that says that `snapshot` is in the archive."""
    return SnapshotArchived(
        correlation_id=correlation_id,
        key=snapshot.key,
        sha256=snapshot.sha256,
        size=len(snapshot.body),
        source=snapshot.source,
        received_at=snapshot.received_at,
    )


def event(number):
    """An event that refers to nothing, for queues."""
    return archived(RawSnapshot("test", NOW + number, b"{}"), correlation_id=f"id-{number}")


def state(icao24, **columns):
    """One row of the state table by its columns' names."""
    known = {"last_contact": NOW, "on_ground": False, "spi": False, "source": "test", "quality": 0}
    return dict.fromkeys(STATE_SCHEMA) | known | {"icao24": icao24} | columns


def states(*rows):
    return pl.DataFrame(list(rows), schema=STATE_SCHEMA, orient="row")


def picture(*rows, version=1, time=NOW, accounts=()):
    return Picture(version, time, states(*rows), tuple(accounts))


def flight(icao24="abc123", first_seen=NOW, last_seen=None, **columns):
    """One row of a flights table by its columns' names."""
    place = {name: 0.0 for name in FLIGHT_SCHEMA if name.endswith(("longitude", "latitude"))}
    known = {"icao24": icao24, "first_seen": first_seen, "last_seen": first_seen if last_seen is None else last_seen}
    more = {"phase": "landed", "distance": 0.0, "touch_and_goes": 0}
    return dict.fromkeys(FLIGHT_SCHEMA) | place | more | known | columns


def flights(*rows):
    return pl.DataFrame(list(rows), schema=FLIGHT_SCHEMA, orient="row")
