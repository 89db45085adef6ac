"""What the history costs: bytes a state, and answers of `flightdata serve` over a lake.

`python -m bench.history [FOLDER]`: over the data folder that `python -m bench.lake FOLDER` made (24 hours, 86 million
states); without one, over an hour of 12,000 aircraft every 10 s that is made first.
"""

import os
import random
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from bench import globe, lake
from bench.inputs import recorded
from bench.memory import address
from bench.process import peak_of
from bench.table import Figure, show
from flightdata.models.flight import no_flights
from flightdata.settings import Settings
from flightdata.utils import logs
from flightdata.wiring import PARIS, House

_HOUR = 3600
_DAY = 24 * _HOUR
_FLIGHTS_A_DAY = 100_000
_EUROPE = "-10,36;30,36;40,60;10,70;-10,60"


def main() -> None:
    logs.configure("WARNING", as_json=True)
    with TemporaryDirectory() as folder:
        if len(sys.argv) > 1:
            data = Path(sys.argv[1])
        else:
            data = Path(folder) / "lake"
            lake.make(data, hours=1, interval=10)
        figures = [*_sizes(data, Path(folder)), *_answers(data)]
        show(figures)
    sys.exit(any(one.reached is False for one in figures))


def _sizes(data: Path, scratch: Path) -> Iterator[Figure]:
    yield Figure("bytes a state, simulated hours", _bytes_a_state(data), None, "B", goal=10)
    globe.make(scratch / "globe")
    yield Figure("bytes a state, an hour of the globe, real variety", _bytes_a_state(scratch / "globe"), None, "B", 10)
    for name, paths in {"recording that ships": [PARIS], **recorded()}.items():
        house = House(Settings(data_dir=scratch / name))
        recording = house.recordings(paths)
        for snapshot in iter(recording.fetch, None):
            house.archive.put(snapshot)
            if recording.next_due() > time.time():
                break
        house.close()
        subprocess.run(
            [sys.executable, "-m", "flightdata", "replay", "--data", str(scratch / name)],
            check=True,
            env=os.environ | {"LOG_LEVEL": "WARNING"},
            stderr=subprocess.DEVNULL,
        )
        goal = None if name.startswith("globe") else 10  # few states an aircraft an hour: docs/decisions/0011
        yield Figure(f"bytes a state, {name}", _bytes_a_state(scratch / name), None, "B", goal=goal)


def _bytes_a_state(data: Path) -> float:
    paths = list((data / "history" / "states").rglob("*.parquet"))
    rows = pl.scan_parquet(paths).select(pl.len()).collect().item()
    return sum(path.stat().st_size for path in paths) / rows


def _answers(data: Path) -> Iterator[Figure]:
    hours = [hour for hour in House(Settings(data_dir=data)).history.hours() if hour >= lake.START]
    start, end = hours[0] + 600, hours[-1] + _HOUR
    chance = random.Random(1)
    with _serving(data) as (base, process):
        aircraft = _aircraft(base, start)
        _fly(data, aircraft, start - _DAY, end, chance)
        tracks = [f"{base}/flights/{one}/track?begin={start - 600}&end={end}" for one in chance.sample(aircraft, 25)]
        yield from _medians(f"one track over {len(hours)} h", tracks, process.pid, goal=0.1)
        moments = [chance.uniform(start, end) for _ in range(15)] + [
            hour + chance.uniform(0, 330) for hour in hours[1:6]
        ]
        pictures = [f"{base}/flights?time={moment:.3f}&{_box(chance)}" for moment in moments]
        yield from _medians("picture at a past moment", pictures, process.pid, goal=0.15)
        middle = hours[len(hours) // 2]
        inside = f"{base}/history?begin={middle}&end={middle + _HOUR}&polygon={_EUROPE}&format=csv"
        before = _cpu(process.pid)
        runs = [_timed(inside) for _ in range(5)]
        states = runs[0][1].count(b"\n") - 1
        yield Figure("a state in a polygon as CSV", min(runs)[0] / states, None, "s", goal=2e-6)
        yield Figure("… CPU", (_cpu(process.pid) - before) / len(runs) / states, None, "s", goal=None)
        yield Figure("peak memory of serve", peak_of(process.pid), None, "MB", goal=700)


def _fly(data: Path, aircraft: list[str], start: float, end: float, chance: random.Random) -> None:
    """Flights for pictures to tell of: 100,000 a day, 2.5 h each, as the globe has."""
    flights = House(Settings(data_dir=data)).flights
    count = int((end - start) / _DAY * _FLIGHTS_A_DAY)
    begun = [chance.uniform(start, end) for _ in range(count)]
    many = pl.DataFrame(
        {
            "icao24": chance.choices(aircraft, k=count),
            "first_seen": begun,
            "last_seen": [first + chance.expovariate(1 / 9000) for first in begun],
            "departure": "LFPG",
            "departure_confidence": 0.9,
        }
    )
    flights.put(pl.concat([no_flights(), many], how="diagonal").with_columns(phase=pl.lit("landed")), 1)


def _medians(name: str, urls: list[str], pid: int, *, goal: float) -> Iterator[Figure]:
    """Beside it the CPU that it takes, for machines that are not quiet."""
    before = _cpu(pid)
    times = [_timed(url)[0] for url in urls]
    yield Figure(f"{name}, median", statistics.median(times), None, "s", goal=goal)
    yield Figure(f"{name}, slowest", max(times), None, "s", goal=None)
    yield Figure("… CPU", (_cpu(pid) - before) / len(urls), None, "s", goal=None)


def _cpu(pid: int) -> float:
    """Seconds that the process has had so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _serving(data: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "flightdata", "serve", "--data", str(data), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"LOG_LEVEL": "WARNING"},
    )
    try:
        base = address(process)
        _wait_for(base)
        yield base, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait_for(base: str) -> None:
    for _ in range(100):
        try:
            _timed(f"{base}/health/live")
        except urllib.error.URLError:
            time.sleep(0.1)
        else:
            return


def _timed(url: str) -> tuple[float, bytes]:
    started = time.perf_counter()
    with urllib.request.urlopen(url) as answer:
        body = answer.read()
    return time.perf_counter() - started, body


def _aircraft(base: str, moment: float) -> list[str]:
    lines = _timed(f"{base}/history?begin={moment}&end={moment + 15}&format=csv")[1].decode().splitlines()[1:]
    return sorted({line.split(",", 1)[0] for line in lines})


def _box(chance: random.Random) -> str:
    west, south = chance.uniform(-150, 140), chance.uniform(-50, 60)
    return f"lamin={south:.1f}&lamax={south + 5:.1f}&lomin={west:.1f}&lomax={west + 5:.1f}"


if __name__ == "__main__":
    main()
