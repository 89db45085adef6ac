"""Peak memory of `flightdata up` at 12,000 aircraft."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.table import Figure

_GOAL_MB = 400
_VERSIONS = 6
_DEADLINE = 120


def measure() -> list[Figure]:
    """The peak (VmHWM) after some versions and questions."""
    with TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "flightdata", "up", "--source", "simulation:12000", "--data", folder, "--port", "0"],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"FETCH_INTERVAL_SECONDS": "2", "LOG_LEVEL": "WARNING"},
        )
        try:
            base = address(process)
            _ask_until(base, _VERSIONS)
            peak = peak_of(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
    return [Figure("peak memory of up, 12,000 aircraft", peak, None, "MB", goal=_GOAL_MB)]


def address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if match := re.search(r"(http://\S+)/docs", line):
            return match[1]
    raise RuntimeError("flightdata up said no address")


def _ask_until(base: str, version: int) -> None:
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{base}/flights?limit=1000") as answer:
                if json.load(answer)["version"] >= version:
                    return
        except urllib.error.URLError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"no version {version} after {_DEADLINE} s")


def peak_of(pid: int) -> float:
    match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert match is not None
    return int(match[1]) / 1000
