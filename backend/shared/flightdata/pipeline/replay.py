"""Replay: everything derived, rebuilt from the raw archive with the present code."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flightdata.models.events import SnapshotArchived
from flightdata.models.snapshot import SnapshotKey
from flightdata.models.units import EpochSeconds
from flightdata.pipeline.process import Process, Processed
from flightdata.pipeline.work import MOST


@dataclass(frozen=True)
class Plan:
    """The keys to replay in canonical order, and how many others hold bytes that are among them."""

    keys: tuple[str, ...]
    repeated: int


def plan(keys: Iterable[str], start: EpochSeconds, end: EpochSeconds) -> Plan:
    """The canonical order of the snapshots received from `start` to before `end`: by moment, then key, and the same
    bytes of a source once. It does not depend on how they arrived or how often.
    """
    known = ((SnapshotKey.parse(key), key) for key in keys)
    ordered = sorted((one.received_at, key, one) for one, key in known if start <= one.received_at < end)
    first: dict[tuple[str, str], str] = {}
    for _, key, one in ordered:
        first.setdefault((one.source, one.digest), key)
    return Plan(tuple(first.values()), len(ordered) - len(first))


class ReplayClock:
    """Shows the moment that is replayed, so that what is derived does not depend on when that is done."""

    def __init__(self) -> None:
        self.now: EpochSeconds = 0.0

    def __call__(self) -> EpochSeconds:
        return self.now


def replay(keys: Sequence[str], process: Process, clock: ReplayClock) -> Iterator[Processed]:
    """Have them processed, some at a time, by `clock`, which `process` goes by: what became of each."""
    for start in range(0, len(keys), MOST):
        events = [SnapshotArchived.of_key(key, SnapshotKey.parse(key).digest) for key in keys[start : start + MOST]]
        clock.now = events[-1].received_at
        yield process.batch(events)
