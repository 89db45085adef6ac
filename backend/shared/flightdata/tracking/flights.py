"""Flights fall out of the stream of states: they open, go on, land, are lost. `docs/flights.md` explains the rules.

`advance` is pure. What it does with an aircraft depends on that aircraft's rows alone, so a table may be given whole
or in parts; rows that are not newer than what is tracked change nothing.
"""

from dataclasses import dataclass
from functools import cache

import polars as pl
from polars import col, lit

from flightdata.models.flight import FLIGHT_SCHEMA, TRACKED_SCHEMA, Side, no_flights
from flightdata.models.units import EpochSeconds
from flightdata.tracking.ends import marks, with_ends
from flightdata.tracking.events import forgotten_after, judge, lost_after
from flightdata.tracking.nearby import Airports
from flightdata.tracking.progress import proceed
from flightdata.tracking.reports import LATENESS, Distrust, reports, rounds

_NOTHING = Distrust()


@dataclass(frozen=True)
class Advanced:
    """`tracked`: the table as it is now; `changed`: flights that opened, changed or closed, as a flights table."""

    tracked: pl.DataFrame
    changed: pl.DataFrame


def advance(
    tracked: pl.DataFrame,
    incoming: pl.DataFrame,
    now: EpochSeconds,
    airports: Airports,
    distrust: Distrust = _NOTHING,
) -> Advanced:
    """The tracked table after the states `incoming`, at the time `now`.

    Rows that are older than `LATENESS` are ignored.
    Where a flight changes twice, `changed` has its last state only.
    """
    changes = []
    for part in rounds(reports(incoming, now, distrust)):
        step = _step(tracked, part, airports)
        tracked = step.tracked
        changes.append(step.changed)
    step = _grow_silent(tracked, now)
    return Advanced(step.tracked, latest(*changes, step.changed))


def latest(*flights: pl.DataFrame) -> pl.DataFrame:
    """These flights tables as one: of each flight the last row."""
    some = [one for one in flights if one.height]
    if not some:
        return no_flights()
    return pl.concat(some).unique(["icao24", "first_seen"], keep="last", maintain_order=True)


def _step(tracked: pl.DataFrame, part: pl.DataFrame, airports: Airports) -> Advanced:
    """One row an aircraft at most."""
    judged = _judged(_joined(tracked, part))
    after = proceed(with_ends(judged, airports).lazy()).collect()
    changed = _flights(after.lazy().filter("material")).collect()
    if judged["closes"].any():
        left_behind = judged.lazy().filter("closes").with_columns(phase=lit("lost"))
        changed = pl.concat([_flights(left_behind).collect(), changed])
    return Advanced(after.drop("material"), changed)


def _judged(both: pl.DataFrame) -> pl.DataFrame:
    judged = judge(both.lazy())
    for columns in marks():
        judged = judged.with_columns(columns)
    return judged.collect()


def _joined(tracked: pl.DataFrame, part: pl.DataFrame) -> pl.DataFrame:
    """The aircraft that are tracked with their reports, then those that are new."""
    known = tracked.join(part, on="icao24", how="left", maintain_order="left")
    if known["new_heard"].count() == part.height:
        return known
    return pl.concat([known, part.join(tracked, on="icao24", how="anti", maintain_order="left")], how="diagonal")


def _grow_silent(tracked: pl.DataFrame, now: EpochSeconds) -> Advanced:
    """Flights that were not heard for too long are lost; what can no longer matter is forgotten."""
    silence = now - col("heard")
    lost = (col("phase") == "airborne") & (silence > lost_after())
    marked = tracked.select(lost=lost, forgotten=silence > forgotten_after() + LATENESS)
    if not marked["lost"].any() and not marked["forgotten"].any():
        return Advanced(tracked, no_flights())
    phase = pl.when(marked["lost"]).then(lit("lost", TRACKED_SCHEMA["phase"])).otherwise("phase")
    after = tracked.with_columns(phase=phase)
    return Advanced(after.filter(~marked["forgotten"]), _flights(after.lazy().filter(marked["lost"])).collect())


def _flights(tracked: pl.LazyFrame) -> pl.LazyFrame:
    """The flights of these rows of a tracked table."""
    return tracked.select(_telling())


@cache
def _telling() -> list[pl.Expr]:
    told = {name: pl.coalesce(_TOLD_OF.get(name, name)).cast(dtype) for name, dtype in FLIGHT_SCHEMA.items()}
    return [(column.round(1) if name in _IN_METRES else column).alias(name) for name, column in told.items()]


_IN_METRES = ("distance", *(f"{side.value}_{way}" for side in Side for way in ("horizontal", "vertical")))
_TOLD_OF = {
    "last_seen": ("landed_at", "heard"),
    "last_longitude": ("longitude",),
    "last_latitude": ("latitude",),
    "last_altitude": ("altitude",),
}
