"""Enrichment and quality rules on one global snapshot, all of whose aircraft are held already."""

import time
from collections.abc import Callable

import polars as pl

from bench.inputs import Input
from bench.table import Figure
from flightdata.models.snapshot import RawSnapshot
from flightdata.reference.enrich import Reference
from flightdata.validation.gate import decode
from flightdata.validation.judging import judge
from flightdata.validation.quality import mask_of

_ROUNDS = 40


def measure(given: Input) -> list[Figure]:
    """CPU seconds of all threads, the least of many rounds: what others do on the machine can only add to it."""
    first, second = (decode(RawSnapshot("bench", given.time, body)).states for body in given.bodies[:2])
    first, second = _moved(first, 0), _moved(second, 1)
    reference, now = Reference(), given.time + 30
    return [
        Figure("enrichment, CPU", _cpu(lambda: reference.enrich(second)), None, "s", goal=None),
        Figure("rules of a state alone, CPU", _cpu(lambda: second.select(mask_of(now))), None, "s", goal=None),
        Figure("rules beside the held state, CPU", _cpu(lambda: judge(second, first)), None, "s", goal=None),
    ]


def _moved(states: pl.DataFrame, steps: int) -> pl.DataFrame:
    """Every aircraft 30 s on, so that none is spared the comparison."""
    return states.with_columns(pl.col("latitude") + 0.05 * steps)


def _cpu(work: Callable[[], object]) -> float:
    work()
    took = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        work()
        took.append(time.process_time() - started)
    return min(took)
