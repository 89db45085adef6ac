"""A day of simulated global history, made once: 12,000 aircraft every 12 s are 86 million states.

`python -m bench.lake FOLDER [HOURS] [INTERVAL]`: a data folder; the hours that are complete are left as they are.
"""

import os
import sys
import time
from pathlib import Path

from bench.process import peak_of
from flightdata.backends.history.folder import FolderHistory
from flightdata.clients.simulation import Simulation
from flightdata.validation.gate import decode

START = 1_778_198_400.0
"""2026-05-08T00:00Z"""

AIRCRAFT = 12_000
_HOUR = 3600


def make(folder: Path, *, hours: int, interval: int, compacted: bool = True) -> FolderHistory:
    """The lake of so many hours in `folder`, in the pipeline's way: each snapshot decoded, added, `compacted`."""
    history = FolderHistory(folder / "history")
    now = START
    simulation = Simulation(AIRCRAFT, clock=lambda: now)
    for hour in range(hours):
        done = folder / f"hour-{hour}-every-{interval}s.done"
        for second in range(0, 0 if done.exists() else _HOUR, interval):
            now = START + hour * _HOUR + second
            snapshot = simulation.fetch()
            history.add(snapshot.key, decode(snapshot).states)
            if compacted:
                compact(history, now)
        done.touch()
    if compacted:
        compact(history, now + 2 * _HOUR)
    return history


def compact(history: FolderHistory, now: float) -> None:
    for hour in history.due(now):
        history.compact(hour)


if __name__ == "__main__":
    started = time.monotonic()
    folder, hours, interval = (*sys.argv[1:], "24", "12")[:3]
    make(Path(folder), hours=int(hours), interval=int(interval))
    took, peak = time.monotonic() - started, peak_of(os.getpid())
    print(f"{folder}: {hours} hours in {took:.0f} s, at most {peak:.0f} MB of memory")
