"""kill -9 at random moments: what was acknowledged is there, counted once, and nothing torn is ever to be seen."""

import gzip
import json
import random
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fixtures import killable

from flightdata.backends.live.packing import unpack
from flightdata.models.flight import FlightsAsked
from flightdata.models.picture import Picture
from flightdata.models.snapshot import SnapshotAccount
from flightdata.models.states import STATE_SCHEMA
from flightdata.settings import Settings
from flightdata.wiring import PARIS, House

KILLS = 200
GROUPS = 8
SNAPSHOTS = 60
LEAST_RUN = 0.9
"""Seconds; a kill comes at any time up to this or, on a slow machine, to what an undisturbed run takes there. So kills
fall into every phase of it, and hardly any message is killed five times, which would make it a dead letter.
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "busy.jsonl"
    with gzip.open(PARIS) as lines:
        path.write_bytes(b"".join(lines.readlines()[400 : 400 + SNAPSHOTS]))
    return path


@dataclass(frozen=True)
class Undisturbed:
    house: House
    took: float


@pytest.fixture(scope="module")
def undisturbed(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    data = tmp_path_factory.mktemp("undisturbed")
    started = time.monotonic()
    run(recording, data, data / "log")
    return Undisturbed(House(Settings(data_dir=data)), time.monotonic() - started)


def run(recording: Path, data: Path, log: Path, *, kill_after: float | None = None) -> None:
    process = killable.start(["ingest", str(recording), "--data", str(data)], log)
    process.join(kill_after)
    if kill_after is not None:
        process.kill()
        process.join()
    else:
        assert process.exitcode == 0, log.read_text()


def acknowledged(log: Path) -> list[str]:
    """The keys that the fetch stage said were archived, as the log has them whole."""
    lines = [
        line for line in log.read_text().splitlines(keepends=True) if line.startswith("{") and line.endswith("}\n")
    ]
    said = [json.loads(line) for line in lines]
    return [one["key"] for one in said if one["message"] == "snapshot archived"]


def accounts(house: House, keys: list[str]) -> dict[str, SnapshotAccount]:
    found = house.ledger.find(keys)
    return {one.key: replace(one, correlation_id="", processed_at=0.0) for one in found}


def content(picture: Picture) -> list[tuple[object, ...]]:
    return picture.states.select(STATE_SCHEMA.keys()).sort("icao24").rows()


def flown(house: House) -> list[tuple[object, ...]]:
    """All flights in the store."""
    tracked = house.live.latest().tracked["icao24"]
    everything = FlightsAsked(0.0, 1e12, 1000)
    return [row for icao24 in sorted(tracked) for row in house.flights.of_aircraft(icao24, everything).iter_rows()]


def assert_nothing_torn(data: Path) -> None:
    archive = House(Settings(data_dir=data)).archive
    for key in archive.keys():  # noqa: SIM118, not a dict
        archive.get(key)  # raises when a byte is missing
    picture = data / "live" / "picture.parquet"
    if picture.exists():
        unpack(picture.read_bytes())


@pytest.mark.parametrize("group", range(GROUPS))
def test_what_was_acknowledged_survives_kill_9(
    group: int, recording: Path, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    whole_run = undisturbed.house
    chance = random.Random(group)
    data, log = tmp_path / "data", tmp_path / "log"
    for _ in range(KILLS // GROUPS):
        log.touch()
        run(recording, data, log, kill_after=chance.uniform(0.05, max(LEAST_RUN, undisturbed.took)))
        assert_nothing_torn(data)
        with log.open("a") as file:
            file.write("\n")  # a line cut by the kill ends here
    survived = House(Settings(data_dir=data))
    keys = acknowledged(log)
    assert keys, "no kill came late enough for anything to be acknowledged: LEAST_RUN is too short"
    assert set(keys) <= set(survived.archive.keys())
    survived.close()

    killable_process = killable.start(["process", "--data", str(data)], tmp_path / "drain")
    killable_process.join()

    after = House(Settings(data_dir=data))
    assert accounts(after, keys) == accounts(whole_run, keys), "each is counted once, as if nothing had happened"
    assert len(accounts(after, keys)) == len(set(keys))
    after.close()

    run(recording, data, tmp_path / "last")
    whole = House(Settings(data_dir=data))
    assert whole.ledger.totals() == whole_run.ledger.totals()
    assert content(whole.live.latest()) == content(whole_run.live.latest())
    assert flown(whole) == flown(whole_run), "no flight is lost, none is there twice"
    assert not list((data / "raw").rglob("*.unfinished"))
    whole.close()
