"""One global snapshot from raw bytes to queryable: archive, queue, decode, merge, publish, index."""

import threading
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
    """Seconds a snapshot in steady state: each version is published and indexed by itself."""
    with _house() as house:
        source, query = Bodies(given), house.query
        fetched, published = threading.Semaphore(0), threading.Semaphore(0)

        def fetch() -> None:
            while source.next_due() == 0.0:
                house.fetch.tick(source)
                fetched.release()

        def process() -> None:
            for _ in given.bodies:
                fetched.acquire()
                (delivery,) = house.queue.receive(1)
                house.process.batch([delivery.event])
                house.queue.acknowledge([delivery])
                published.release()

        started = time.perf_counter()
        threads = [threading.Thread(target=fetch), threading.Thread(target=process)]
        for thread in threads:
            thread.start()
        for _ in given.bodies:
            published.acquire()
            query.refresh()
        took = time.perf_counter() - started
        for thread in threads:
            thread.join()
        assert query.readiness().version == len(given.bodies)
    return took / len(given.bodies)


@contextmanager
def _house() -> Iterator[House]:
    with TemporaryDirectory() as folder:
        house = House(Settings(data_dir=Path(folder)))
        yield house
        house.close()
