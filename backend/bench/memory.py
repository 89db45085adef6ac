"""Peak memory of `flightdata up` at 12,000 aircraft: as it begins, and while it compacts an hour of them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import lake
from bench.process import peak_of
from bench.table import Figure

_GOAL_MB = 400
_GOAL_COMPACTING_MB = 700
_VERSIONS = 6
_DEADLINE = 600
_INTERVAL = 10


def measure() -> list[Figure]:
    """The peaks (VmHWM) after some versions and questions.

    An hour takes an hour. So one of 4.3 million states is laid ready as it was added, one file a snapshot: `up` finds
    it due at once and compacts all of it, piece by piece, while it takes a snapshot every 2 s.
    """
    with TemporaryDirectory() as folder:
        usual = _peak(Path(folder) / "usual")
        data = Path(folder) / "hour"
        history = lake.make(data, hours=1, interval=_INTERVAL, compacted=False)
        compacting = _peak(data, lambda: lake.START not in history.due(time.time()))
    return [
        Figure("peak memory of up, 12,000 aircraft", usual, None, "MB", goal=_GOAL_MB),
        Figure("peak memory of up, compacting an hour of them", compacting, None, "MB", goal=_GOAL_COMPACTING_MB),
    ]


def _peak(data: Path, done: Callable[[], bool] = lambda: True) -> float:
    """That of `up` on the folder `data`, after some versions at least and when it is `done`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flightdata", "up", "--source", "simulation:12000", "--data", str(data), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"FETCH_INTERVAL_SECONDS": "2", "LOG_LEVEL": "WARNING"},
    )
    try:
        base = address(process)
        _ask_until(base, lambda version: version >= _VERSIONS and done())
        return peak_of(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if match := re.search(r"(http://\S+)/docs", line):
            return match[1]
    raise RuntimeError("flightdata up said no address")


def _ask_until(base: str, enough: Callable[[int], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{base}/flights?limit=1000") as answer:
                if enough(json.load(answer)["version"]):
                    return
        except urllib.error.URLError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"still at it after {_DEADLINE} s")
