"""kill -9 during compaction and replay: every question is answered right before, in between and after."""

import gzip
import random
import threading
import time
from pathlib import Path

import polars as pl
import pytest
from fixtures import killable
from fixtures.compacting import compact_for_ever, replace_flights_for_ever
from samples import NOW, flight, flights, state, states

from flightdata.backends.flights.sqlite import SqliteFlights
from flightdata.models.flight import FlightsAsked, Side
from flightdata.models.selection import Selection
from flightdata.models.snapshot import RawSnapshot
from flightdata.settings import Settings
from flightdata.utils.files import sweep
from flightdata.wiring import PARIS, House

KILLS = 100
REPLAYS = 100
SNAPSHOTS = 25
REPLAYED = 8
BEGIN = NOW // 3600 * 3600
EVERYTHING = Selection(0.0, 4e9)
ALL_FLIGHTS = FlightsAsked(0.0, 4e9, 1000)


def everything(history):
    return pl.concat([states(), *history.states(EVERYTHING)])


class Watch:
    """Asks all questions again and again until it is told to stop, and holds the answers against the right ones."""

    def __init__(self, house):
        self._house = house
        self._expected = self._answers()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_asking)
        self.wrong = []
        self.asked = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._thread.join()
        self.ask()
        assert self.wrong == []

    def ask(self):
        try:
            if self._answers() != self._expected:
                self.wrong.append("another answer")
        except Exception as error:  # noqa: BLE001, any is wrong
            self.wrong.append(repr(error))
        self.asked += 1

    def _answers(self):
        """Fingerprints of a track, two pictures, everything, the live picture, and flights."""
        history = self._house.history
        one = everything(history)
        icao24, last = one["icao24"][0], one["last_contact"].max()
        pictures = history.picture(last, last - 330), history.picture(BEGIN, BEGIN - 330)
        found = history.track(icao24, 0, 4e9), *pictures, one
        live = self._house.live.latest().states.sort("icao24", "source")
        flown = self._house.flights
        arrived = flown.of_airport("LFPG", Side.ARRIVAL, ALL_FLIGHTS)
        departed = [flown.of_airport(one, Side.DEPARTURE, ALL_FLIGHTS) for one in ("LFPG", "LFPO")]
        return [(table.height, table.hash_rows().sum()) for table in (*found, live, arrived, *departed)]

    def _keep_asking(self):
        while not self._stopping.is_set():
            self.ask()


def test_kill_9_during_compaction(tmp_path):
    house = House(Settings(_env_file=None, data_dir=tmp_path / "data"))
    tables = tmp_path / "tables"
    tables.mkdir()
    for step in range(SNAPSHOTS):
        moment = BEGIN - 40 + step * 10  # an hour ends on the way
        rows = [state(f"{n:06x}", last_contact=moment, latitude=n / 7, longitude=step / 3) for n in range(50)]
        key = RawSnapshot("test", moment, b"").key
        states(*rows).write_parquet(tables / f"{key.replace('/', '+')}.parquet")
        house.history.add(key, states(*rows))
    chance = random.Random(0)
    with Watch(house) as watch:
        for _ in range(KILLS):
            process = killable.call(compact_for_ever, str(tmp_path / "data" / "history"), str(tables))
            time.sleep(chance.uniform(0.01, 0.25))
            process.kill()
            process.join()
            sweep(tmp_path / "data")
    assert watch.asked > KILLS / 2
    for hour in house.history.due(4e9):
        house.history.compact(hour)
    watch.ask()
    assert watch.wrong == []
    assert not list((tmp_path / "data" / "history" / "recent").rglob("*.parquet"))
    house.close()


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "busy.jsonl"
    with gzip.open(PARIS) as lines:
        path.write_bytes(b"".join(lines.readlines()[355 : 355 + REPLAYED]))
    return path


def flightdata(*arguments, log, kill_after=None):
    process = killable.start([str(one) for one in arguments], log)
    process.join(kill_after)
    if kill_after is None:
        assert process.exitcode == 0, Path(log).read_text()
    process.kill()
    process.join()


def took(*arguments, log):
    started = time.monotonic()
    flightdata(*arguments, log=log)
    return time.monotonic() - started


def test_kill_9_during_replay(recording, tmp_path):
    data, log = tmp_path / "data", tmp_path / "log"
    flightdata("ingest", recording, "--data", data, log=log)
    house = House(Settings(_env_file=None, data_dir=data))
    assert len(house.history.hours()) == 2, "an hour ends in the recording"
    before = {path: path.read_bytes() for path in (data / "history").rglob("*.parquet")}
    longest = 1.1 * min(took("replay", "--data", data, log=log) for _ in range(3))
    chance = random.Random(0)
    with Watch(house):
        for _ in range(REPLAYS):
            flightdata("replay", "--data", data, log=log, kill_after=chance.uniform(0.02, longest))
    flightdata("replay", "--data", data, log=log)
    assert {path: path.read_bytes() for path in (data / "history").rglob("*.parquet")} == before
    assert not (data / "replay").exists()
    house.close()


def test_kill_9_while_flights_are_replaced(tmp_path):
    """Every question finds the flights of before or those of after, whole."""
    for name in ("LFPG", "LFPO"):
        SqliteFlights(tmp_path / name).put(flights(*(flight(f"{one:06x}", departure=name) for one in range(200))), 1)
    store, chance = SqliteFlights(tmp_path / "flights"), random.Random(0)
    store.take_over(SqliteFlights(tmp_path / "LFPG"), 0.0)
    seen = set()
    for _ in range(KILLS):
        process = killable.call(replace_flights_for_ever, str(tmp_path))
        until = time.monotonic() + chance.uniform(0.01, 0.1)
        while time.monotonic() < until:
            counts = [store.of_airport(one, Side.DEPARTURE, ALL_FLIGHTS).height for one in ("LFPG", "LFPO")]
            one = store.of_aircraft("000001", ALL_FLIGHTS)
            seen.add((counts[0] % 200, counts[1] % 200, one.height))
        process.kill()
        process.join()
        counts = [store.of_airport(one, Side.DEPARTURE, ALL_FLIGHTS).height for one in ("LFPG", "LFPO")]
        assert sorted(counts) == [0, 200]
    assert seen == {(0, 0, 1)}
    store.close()
