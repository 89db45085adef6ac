"""One global snapshot from raw bytes to queryable: archive, queue, decode, merge, publish, index."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.baseline import Baseline
from bench.inputs import Input
from bench.table import Figure
from flightdata.models.snapshot import RawSnapshot
from flightdata.pipeline.work import work
from flightdata.runner import Runner
from flightdata.settings import Settings
from flightdata.wiring import House


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


def measure(given: Input) -> list[Figure]:
    """One after the other, and with the stages side by side as `flightdata up` runs them."""
    plain, ours = _interleaved(given)
    side_by_side = _side_by_side(given)
    return [
        Figure("snapshot, one at a time", median(ours), median(plain), "s", goal=None),
        Figure("snapshot, stages side by side", side_by_side, median(plain), "s", goal=8.0),
    ]


def _interleaved(given: Input) -> tuple[list[float], list[float]]:
    """Seconds a snapshot of the baseline and of ours, in turns, so that both see the same machine."""
    plain, ours = [], []
    with _house() as house, TemporaryDirectory() as folder:
        baseline, source, query = Baseline(Path(folder) / "baseline.sqlite"), Bodies(given), house.query
        gc.freeze()  # as the runner does; it does the baseline good too
        for body in given.bodies:
            started = time.perf_counter()
            baseline.take(body)
            plain.append(time.perf_counter() - started)
            started = time.perf_counter()
            house.fetch.tick(source)
            work(house.queue, house.process)
            assert query.refresh()
            ours.append(time.perf_counter() - started)
        baseline.close()
    return plain[1:], ours[1:]


def _side_by_side(given: Input) -> float:
    """Seconds a snapshot when they come faster than they are worked off: the runner of `flightdata up`, until the
    last one can be asked for.
    """
    last = given.time + 30.0 * (len(given.bodies) - 1)
    with _house() as house:
        runner = Runner([Bodies(given)], house.fetch, house.process, house.keep, house.queue, house.queue, house.clock)
        query = house.query
        started = time.perf_counter()
        runner.start()
        while query.readiness().time < last:
            if not query.refresh():
                time.sleep(0.001)
        took = time.perf_counter() - started
        runner.stop(10)
    return took / len(given.bodies)


@contextmanager
def _house() -> Iterator[House]:
    with TemporaryDirectory() as folder:
        house = House(Settings(data_dir=Path(folder)))
        yield house
        house.close()
