"""The sources: does each one answer, with something that can be read, how old is it, and what do its clocks show?"""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from flightdata.cli.doctor.finding import Finding, Verdict, failed, passed, warned
from flightdata.clients.recording import Recording
from flightdata.clients.simulation import Simulation
from flightdata.errors import FlightDataError, Transient
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.units import Seconds
from flightdata.ports import Clock, Probe, Probing, Source
from flightdata.settings import Settings
from flightdata.validation.decoded import Unreadable
from flightdata.validation.gate import decode
from flightdata.wiring import SHIPPED, House, Pace

_OLD: Seconds = 60.0
_ADVICE = {
    "unreachable": "is it running, is the address right, is it in reach from here?",
    "refused": "check the address; a name and password, or a key, belong into it",
    "throttled": "wait, and then ask less often: see docs/sources.md",
    "server": "wait; if it lasts, ask whoever runs it",
    "unreadable": "is this the address of the data, not of a page for people?",
}
_NO_ADVICE = "see docs/sources.md"


@dataclass(frozen=True)
class Look:
    """What was found at a source. `ahead`: by how much its server's clock is ahead of ours, where that is known."""

    finding: Finding
    ahead: Seconds | None = None


def sources(loaded: Settings) -> list[Look]:
    """A look at each, all at the same time. None costs credits, and what they keep goes to a folder that goes away."""
    specs = loaded.sources or (SHIPPED,)
    with (
        TemporaryDirectory() as elsewhere,
        closing(House(loaded.model_copy(update={"data_dir": Path(elsewhere)}))) as house,
        ThreadPoolExecutor(len(specs), thread_name_prefix="doctor") as pool,
    ):
        made = [_made(house, spec) for spec in specs]
        return list(pool.map(lambda one: one if isinstance(one, Look) else _look(one, house.clock), made))


def _made(house: House, spec: str) -> Source | Look:
    """The source, or why there is none."""
    try:
        return house.source(spec, Pace(loop=False))
    except FlightDataError as error:
        kind = spec.partition(":")[0]
        return Look(failed(f"source {kind if kind.isalnum() else '…'}", str(error), _NO_ADVICE))


def _look(source: Source, clock: Clock) -> Look:
    began = time.monotonic()
    look = _probed(source, clock)
    return replace(look, finding=replace(look.finding, seconds=round(time.monotonic() - began, 3)))


def _probed(source: Source, clock: Clock) -> Look:
    check = f"source {source.name}"
    try:
        probe = _probe(source)
    except Transient as error:
        return Look(failed(check, str(error), _ADVICE.get(error.kind, _NO_ADVICE)))
    except FlightDataError as error:
        return Look(failed(check, str(error), _NO_ADVICE))
    ahead = None if probe.server_time is None else probe.server_time - clock()
    if probe.snapshot is None:
        return Look(passed(check, probe.found), ahead)
    return Look(_judged(check, probe.snapshot, probe.found), ahead)


def _probe(source: Source) -> Probe:
    if isinstance(source, Probing):
        return source.probe()
    if isinstance(source, Recording | Simulation):
        return Probe(source.fetch())
    return Probe(None, found="was not asked, for every answer has a price")


def _judged(check: str, snapshot: RawSnapshot, place: str) -> Finding:
    try:
        decoded = decode(snapshot)
    except Unreadable as error:
        return failed(check, f"its answer is no snapshot: {error}", _ADVICE["unreadable"])
    age = snapshot.received_at - decoded.time
    found = f"{decoded.states.height:,} aircraft, {age:.1f} s old{f', from {place}' if place else ''}"
    if age > _OLD:
        return warned(check, found, "does it still receive, is its clock right? Aircraft this old are not live")
    if age < -_OLD:
        return warned(check, found, "its clock is ahead of ours: set it by NTP")
    return Finding(check, Verdict.PASS, found)
