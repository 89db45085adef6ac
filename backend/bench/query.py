"""A small box, about 70 of 12,000 aircraft, inside the process and with its JSON."""

import timeit
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.baseline import Baseline
from bench.inputs import Input
from bench.table import Figure
from flightdata.models.area import Area
from flightdata.models.picture import Picture
from flightdata.models.search import FlightSearch
from flightdata.models.snapshot import RawSnapshot
from flightdata.pipeline.index import LiveIndex
from flightdata.pipeline.query import Query
from flightdata.settings import Settings
from flightdata.validation.gate import decode
from flightdata.wiring import House

_WANTED = 72
_GOAL = 30e-6


def measure(given: Input) -> list[Figure]:
    with TemporaryDirectory() as folder:
        house = House(Settings(data_dir=Path(folder)))
        states = decode(RawSnapshot("bench", given.time, given.bodies[0])).states
        house.live.publish(Picture(1, given.time, states))
        baseline = Baseline(Path(folder) / "baseline.sqlite")
        baseline.take(given.bodies[0])
        area, found = _box(LiveIndex(house.live.shown()))
        search = FlightSearch(area=area, limit=1000)
        ours = _fastest(house.query, search)
        edges = (area.lamin, area.lamax, area.lomin, area.lomax)
        plain = min(timeit.repeat(lambda: baseline.box(*edges), number=20, repeat=7)) / 20
        baseline.close()
        house.close()
    return [
        Figure(f"small box, {found} aircraft, in the process", ours, None, "s", goal=_GOAL),
        Figure("the same beside SQLite and Pydantic", ours, plain, "s", goal=None),
    ]


def _fastest(query: Query, search: FlightSearch) -> float:
    return min(timeit.repeat(lambda: query.flights(search), number=200, repeat=50)) / 200


def _box(index: LiveIndex) -> tuple[Area, int]:
    """The box around Paris, widened until about 70 aircraft are in it."""
    for step in range(1, 100):
        area = Area(lamin=48.7 - 0.1 * step, lamax=48.7 + 0.1 * step, lomin=2.3 - 0.15 * step, lomax=2.3 + 0.15 * step)
        if (found := len(index.inside(area))) >= _WANTED:
            return area, found
    raise LookupError("there are not enough aircraft in this snapshot")
