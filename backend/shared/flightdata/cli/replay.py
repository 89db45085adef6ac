"""`flightdata replay`: what is derived, built anew from the raw archive. `flightdata compact`: housekeeping by hand."""

import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from shutil import rmtree
from typing import Annotated

import typer

from flightdata.cli.options import Data, From, Json, To, moment
from flightdata.cli.output import Exit, configure_logs, print_json, settings, told
from flightdata.cli.tally import Advance, Tally, bar, print_account
from flightdata.errors import ConfigurationError, NotFound
from flightdata.models.picture import Picture
from flightdata.models.snapshot import SnapshotKey
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.pipeline.replay import Plan, ReplayClock, plan
from flightdata.pipeline.replay import replay as replayed
from flightdata.settings import Backend
from flightdata.validation.gate import CLOCK_TOLERANCE
from flightdata.wiring import House

_HOUR: Seconds = 3600
_AROUND: Seconds = 600
"""States of an hour come in snapshots that were received a little before or after it."""


@dataclass
class Rebuilt(Tally):
    """The account of a replay. `repeated`: snapshots whose bytes had been replayed; `hours` of history that were
    rebuilt.
    """

    repeated: int = 0
    hours: int = 0


def replay(
    since: From = None,
    until: To = None,
    into: Annotated[
        Path | None,
        typer.Option(help="A new folder for what is rebuilt; without it, it takes the place of the present data."),
    ] = None,
    data: Data = None,
    json: Json = False,  # noqa: FBT002, Typer's way
) -> None:
    """Rebuild live picture, flights and history from the raw archive with the present code, whole hours at a time.

    The same archive gives the same data, byte for byte, in whatever order its snapshots came. Killed at any moment
    it has done no harm; start it again.
    """
    with told():
        loaded = settings(data_dir=data)
        configure_logs(loaded, quiet_on_terminal=True)
        span = Span.of(since, until)
        house = House(loaded)
        if not into and any(loaded.backend(port) is Backend.AWS for port in ("history", "live", "flights")):
            raise ConfigurationError("what is on AWS cannot be replaced: name a new folder with --into")
        with nullcontext() if into else house.alone():
            start = span.start - _AROUND
            end = min(span.end + _AROUND, house.clock() + CLOCK_TOLERANCE)  # nothing that a wrong clock put ahead
            chosen = plan(house.archive.keys(start, end), start, end)
            if not chosen.keys:
                raise NotFound("the archive has no snapshots of that time")
            account = _into(house, chosen, span, into) if into else _in_place(house, chosen, span)
        house.close()
        (print_json if json else print_account)(asdict(account))
        if account.dead:
            raise typer.Exit(Exit.DEGRADED)


def compact(data: Data = None) -> None:
    """Compact the closed hours of the history and forget what is too old, as `up` does by itself; say what was done."""
    with told():
        loaded = settings(data_dir=data)
        configure_logs(loaded)
        house = House(loaded)
        with nullcontext() if loaded.backend("history") is Backend.AWS else house.alone():
            print_json(asdict(house.keep.round()))
        house.close()


@dataclass(frozen=True)
class Span:
    """Whole hours, `start` ≤ time < `end`."""

    start: EpochSeconds
    end: EpochSeconds

    @property
    def open(self) -> bool:
        """There is nothing after it."""
        return self.end == math.inf

    @property
    def whole(self) -> bool:
        """All there is: a flight that began before `start` would be taken for one that begins then."""
        return self.open and self.start == 0.0

    @classmethod
    def of(cls, since: str | None, until: str | None) -> "Span":
        start, end = moment("--from", since) or 0.0, moment("--to", until)
        last = math.inf if end is None else math.ceil(end / _HOUR) * _HOUR
        if start >= last:
            raise ConfigurationError("--from is not before --to")
        return cls(start // _HOUR * _HOUR, last)

    def holds(self, hour: EpochSeconds) -> bool:
        return self.start <= hour < self.end


def _into(house: House, chosen: Plan, span: Span, into: Path) -> Rebuilt:
    """Build beside `into`, then name it so."""
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise ConfigurationError(f"{into} is there already; name a new folder with --into")
    workshop = into.with_name(f".{into.name}.replay")
    rmtree(workshop, ignore_errors=True)
    account = _build(house, chosen, span, workshop)
    workshop.replace(into)
    return account


def _in_place(house: House, chosen: Plan, span: Span) -> Rebuilt:
    """Build aside; then hour by hour the new takes the place of the old, so that each is there at any moment."""
    account = _build(house, chosen, span, house.workshop)
    built = house.rebuilding(house.workshop, house.clock)
    for hour in _complete(built, chosen.keys, house):
        house.embedded.history.take_over(built.embedded.history, hour)
    if span.open:
        house.live.publish(_following(house.live.latest(), built.live.latest(), span))
    if span.whole:
        house.embedded.flights.take_over(
            built.embedded.flights, SnapshotKey.parse(chosen.keys[0]).received_at - _AROUND
        )
    built.close()
    rmtree(house.workshop)
    return account


def _following(present: Picture, rebuilt: Picture, span: Span) -> Picture:
    """The version after the present one. What saw part of the time only knows no flight that began before."""
    known = rebuilt if span.whole else present
    return replace(
        rebuilt,
        version=present.version + 1,
        fence=max(present.fence, rebuilt.fence) + 1,
        accounts=(),
        tracked=known.tracked,
        changed=known.changed,
    )


def _complete(built: House, keys: Sequence[str], house: House) -> list[EpochSeconds]:
    """The hours built from an archive that reaches into them; others only where there is nothing yet: the archive may
    have forgotten what they were made of.
    """
    reached = {SnapshotKey.parse(key).received_at // _HOUR * _HOUR for key in keys}
    missing = set(built.embedded.history.hours()).difference(house.embedded.history.hours())
    return [hour for hour in built.embedded.history.hours() if hour in reached | missing]


def _build(house: House, chosen: Plan, span: Span, folder: Path) -> Rebuilt:
    """The chosen snapshots through the same stage as ever, in a house of its own."""
    clock = ReplayClock()
    built = house.rebuilding(folder, clock)
    with bar(len(chosen.keys)) as advance:
        account = _process(built, chosen, clock, advance)
    built.keep.compact(math.inf)
    for hour in built.embedded.history.hours():
        if not span.holds(hour):
            built.embedded.history.forget(hour)
    account.hours = len(built.embedded.history.hours())
    built.close()
    return account


def _process(built: House, chosen: Plan, clock: ReplayClock, advance: Advance) -> Rebuilt:
    account, done = Rebuilt(repeated=chosen.repeated), 0
    for result in replayed(chosen.keys, built.process, clock):
        account.add(list(result.accounts.values()))
        account.dead += len(result.failed)
        done += len(result.accounts) + len(result.failed)
        advance(done, str(account))
        built.keep.compact(0.0)
    return account
