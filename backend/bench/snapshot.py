"""One global snapshot from raw bytes to queryable: archive, queue, decode, flag, merge, publish, index.

What else the pipeline knows (enrichment, the comparison with the state before, flights, history) is left out in the
first figures, as the baseline knows nothing of it either, and in it in the last one.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import polars as pl

from bench.baseline import Baseline
from bench.inputs import Input
from bench.table import Figure
from flightdata.models.picture import Picture
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.states import no_states
from flightdata.pipeline.moving import Moved, Moving
from flightdata.pipeline.process import Process
from flightdata.pipeline.work import work
from flightdata.reference.enrich import Reference
from flightdata.runner import Runner
from flightdata.settings import Settings
from flightdata.tracking.merge import expiry, merge
from flightdata.validation.decoded import Decoded
from flightdata.wiring import House

_EXPIRY = 330.0
_MANY = 121
"""Snapshots until starting and ending no longer count."""


class Bodies:
    """A source that hands out what it was given."""

    name = "bench"

    def __init__(self, given: Input) -> None:
        self._left = [RawSnapshot("bench", given.time + 30.0 * place, body) for place, body in enumerate(given.bodies)]
        self._left.reverse()

    def next_due(self) -> float:
        return 0.0 if self._left else float("inf")

    def fetch(self) -> RawSnapshot:
        return self._left.pop()


class Merging(Moving):
    """The picture moves on by merging alone."""

    def __init__(self) -> None:
        pass

    def prepare(self, decoded: Decoded) -> Decoded:
        return decoded

    def move(self, picture: Picture, decoded: Decoded) -> Moved:
        time = max(picture.time, decoded.time)
        merged = merge(picture.states, decoded.states, expiry(time, _EXPIRY))
        return Moved(replace(picture, time=time, states=merged.states), merged.fresh, merged.superseded, merged.late)


class Nowhere:
    """A history that keeps nothing."""

    def add(self, key: str, states: pl.DataFrame) -> None:
        pass


Stage = Callable[[House], Process]


def bare(house: House) -> Process:
    return Process(house.archive, house.live, Nowhere(), house.flights, house.ledger, Merging(), house.clock)


def whole(house: House) -> Process:
    reference = Reference()
    reference.enrich(no_states())  # reads the tables, once in the life of a process
    moving = Moving(house.airports, expiry=_EXPIRY, reference=reference)
    return Process(house.archive, house.live, house.history, house.flights, house.ledger, moving, house.clock)


def measure(given: Input) -> list[Figure]:
    """One after the other, and with the stages side by side as `flightdata up` runs them."""
    plain, ours = _interleaved(given)
    many = given.longer(_MANY)
    side_by_side, with_all = (_side_by_side(many, stage) for stage in (bare, whole))
    baseline = median(plain)
    return [
        Figure("snapshot, one at a time", median(ours), baseline, "s", goal=None),
        Figure("snapshot, stages side by side", side_by_side, baseline, "s", goal=8.0),
        Figure("… enriched, compared, with flights and history", with_all, baseline, "s", goal=None),
    ]


def _interleaved(given: Input) -> tuple[list[float], list[float]]:
    """Seconds a snapshot of the baseline and of ours, in turns, so that both see the same machine."""
    plain, ours = [], []
    with _house() as house, TemporaryDirectory() as folder:
        baseline, source, query = Baseline(Path(folder) / "baseline.sqlite"), Bodies(given), house.query
        process = bare(house)
        gc.freeze()  # as the runner does; it does the baseline good too
        for body in given.bodies:
            started = time.perf_counter()
            baseline.take(body)
            plain.append(time.perf_counter() - started)
            started = time.perf_counter()
            house.fetch.tick(source)
            work(house.queue, process)
            assert query.refresh()
            ours.append(time.perf_counter() - started)
        baseline.close()
    return plain[1:], ours[1:]


def _side_by_side(given: Input, stage: Stage) -> float:
    """Seconds a snapshot when they come faster than they are worked off: the runner of `flightdata up`, until the
    last one can be asked for.
    """
    last = given.time + 30.0 * (len(given.bodies) - 1)
    with _house() as house:
        process = stage(house)
        runner = Runner(
            [Bodies(given)], house.fetch, process, house.recover, house.keep, house.queue, house.queue, house.clock
        )
        query = house.query
        started = time.perf_counter()
        runner.start()
        while not query.refresh() or query.readiness().time < last:
            time.sleep(0.005)
        took = time.perf_counter() - started
        runner.stop(10)
    return took / len(given.bodies)


@contextmanager
def _house() -> Iterator[House]:
    with TemporaryDirectory() as folder:
        house = House(Settings(data_dir=Path(folder)))
        yield house
        house.close()
