"""Merge by freshness: per aircraft the state with the greatest `last_contact` wins, whenever it arrives.

The order among states of one aircraft is total: `last_contact`, then `time_position`, then all other columns. So
any order and any repetition of the same snapshots ends in the same picture, as a set of rows.
"""

from dataclasses import dataclass

import polars as pl

from flightdata.models.states import STATE_SCHEMA
from flightdata.models.units import EpochSeconds, Seconds

_FRESHNESS = ["last_contact", "time_position"]
_TOTAL_ORDER = ["icao24", *_FRESHNESS, *(name for name in STATE_SCHEMA if name not in {"icao24", *_FRESHNESS})]


@dataclass(frozen=True)
class Merged:
    """`states`: the new table, `stored` of whose rows came in now; `superseded` incoming rows did not get in."""

    states: pl.DataFrame
    stored: int
    superseded: int


def merge(held: pl.DataFrame, incoming: pl.DataFrame, oldest: EpochSeconds) -> Merged:
    """`held` with the fresher ones of `incoming`, less what was last heard before `oldest` (both: state tables)."""
    newest = _one_per_aircraft(_where(incoming, incoming["last_contact"] >= oldest))
    fresh = _where(newest, _fresher(newest, held))
    replaced = held["icao24"].is_in(fresh["icao24"].implode())
    kept = _where(held, (held["last_contact"] >= oldest) & ~replaced)
    return Merged(pl.concat([kept, fresh]), fresh.height, incoming.height - fresh.height)


def expiry(time: EpochSeconds, after: Seconds) -> EpochSeconds:
    """The `last_contact` below which an aircraft is no longer live at `time`."""
    return time - after


def _where(states: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """`states.filter(mask)`, without a copy in the usual case that all rows pass."""
    return states if mask.all() else states.filter(mask)


def _one_per_aircraft(states: pl.DataFrame) -> pl.DataFrame:
    if states["icao24"].n_unique() == states.height:
        return states
    return states.sort(_TOTAL_ORDER, nulls_last=False).unique("icao24", keep="last", maintain_order=True)


def _fresher(incoming: pl.DataFrame, held: pl.DataFrame) -> pl.Series:
    """One boolean a row of `incoming`: whether it comes after the held state of its aircraft in the total order."""
    known = held.select("icao24", held="last_contact")
    pairs = incoming.lazy().join(known.lazy(), on="icao24", how="left", maintain_order="left")
    order = pairs.select(
        fresher=pl.col("held").is_null() | (pl.col("last_contact") > pl.col("held")),
        tied=(pl.col("last_contact") == pl.col("held")).fill_null(value=False),
    ).collect()
    return order["fresher"] | _wins_tie(incoming, held, order["tied"]) if order["tied"].any() else order["fresher"]


def _wins_tie(incoming: pl.DataFrame, held: pl.DataFrame, tied: pl.Series) -> pl.Series:
    pairs = incoming.filter(tied).lazy().join(held.lazy(), on="icao24", how="left", suffix="_held")
    differs = pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_held")) for name in STATE_SCHEMA if name != "icao24"
    )
    rivals = pairs.filter(differs).select("icao24").collect()["icao24"].implode()
    if rivals.item().is_empty():  # the usual case: the source repeats itself
        return pl.repeat(value=False, n=incoming.height, eager=True)
    involved = pl.col("icao24").is_in(rivals)
    both = [held.filter(involved).with_columns(_new=False), incoming.filter(involved).with_columns(_new=True)]
    last = pl.concat(both).sort(_TOTAL_ORDER, nulls_last=False).unique("icao24", keep="last", maintain_order=True)
    return incoming["icao24"].is_in(last.filter("_new")["icao24"].implode())
