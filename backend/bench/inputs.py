"""What is measured on: the recorded snapshot of 2026-05-08T17:59:53Z (12,341 aircraft), where the recordings are.

They may not be published, so they are looked for in FLIGHTDATA_RECORDINGS or beside the repository; elsewhere the
simulation stands in with as many aircraft, and the table says so.
"""

import gzip
import os
from dataclasses import dataclass, replace
from pathlib import Path

from flightdata.clients.recording.rebase import shifted
from flightdata.clients.simulation import Simulation

RECORDINGS = Path(os.environ.get("FLIGHTDATA_RECORDINGS", Path(__file__).parents[2].parent / "shared" / "data"))
_SNAPSHOT = Path("opensky/global_20260508/2026-05-08T175953Z.json.gz")
_AIRCRAFT = 12_341
_STEP = 30.0


@dataclass(frozen=True)
class Input:
    """`bodies`: one global snapshot and its repetitions, each 30 s later than the one before, as raw bytes."""

    name: str
    time: float
    bodies: tuple[bytes, ...]

    def longer(self, count: int) -> "Input":
        """The same with so many snapshots."""
        return replace(self, bodies=_repeated(self.bodies[0], count))


def global_snapshots(count: int) -> Input:
    """`count` snapshots; only the times differ, so all are equally much work."""
    if (RECORDINGS / _SNAPSHOT).exists():
        name, time = "recorded, 12,341 aircraft", 1_778_263_193.0
        first = gzip.decompress((RECORDINGS / _SNAPSHOT).read_bytes())
    else:
        name, time = "simulated, 12,341 aircraft", 1_778_263_200.0
        first = Simulation(_AIRCRAFT, clock=lambda: time).fetch().body
    return Input(name, time, _repeated(first, count))


def _repeated(body: bytes, count: int) -> tuple[bytes, ...]:
    return (body, *(shifted(body, step * _STEP) for step in range(1, count)))


def recorded() -> dict[str, list[Path]]:
    """Recordings of the globe by name, as far as they are there."""
    folder = RECORDINGS / "opensky"
    found = {
        "globe, 10 snapshots in 39 min": [folder / "global_20251230"],
        "globe, every 30 min": [folder / "global_20260508"],
    }
    found["Washington, every second"] = [folder / "series" / "dcmetro_20230318_1s.jsonl.gz"]
    return {name: paths for name, paths in found.items() if paths[0].exists()}
