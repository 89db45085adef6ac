"""Merge by freshness: per aircraft the state with the greatest `last_contact` wins, whenever it arrives.

The order among states of one aircraft is total: `last_contact`, then `time_position`, then all other columns. So
any order and any repetition of the same snapshots ends in the same picture, as a set of rows.
"""

from dataclasses import dataclass
from functools import reduce
from operator import or_

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
    newest = _one_per_aircraft(incoming.filter(pl.col("last_contact") >= oldest))
    fresh = newest.filter(_fresher(newest, held))
    kept = held.filter(pl.col("last_contact") >= oldest).join(fresh, on="icao24", how="anti")
    return Merged(pl.concat([kept, fresh]), fresh.height, incoming.height - fresh.height)


def expiry(time: EpochSeconds, after: Seconds) -> EpochSeconds:
    """The `last_contact` below which an aircraft is no longer live at `time`."""
    return time - after


def _one_per_aircraft(states: pl.DataFrame) -> pl.DataFrame:
    if states["icao24"].n_unique() == states.height:
        return states
    return states.sort(_TOTAL_ORDER, nulls_last=False).unique("icao24", keep="last", maintain_order=True)


def _fresher(incoming: pl.DataFrame, held: pl.DataFrame) -> pl.Series:
    """One boolean a row of `incoming`: whether it comes after the held state of its aircraft in the total order."""
    known = held.select("icao24", pl.col("last_contact").alias("held"))
    pairs = incoming.select("icao24", "last_contact").join(known, on="icao24", how="left", maintain_order="left")
    fresher = pairs["held"].is_null() | (pairs["last_contact"] > pairs["held"])
    tied = (pairs["last_contact"] == pairs["held"]).fill_null(value=False)
    return fresher | _wins_tie(incoming, held, tied) if tied.any() else fresher


def _wins_tie(incoming: pl.DataFrame, held: pl.DataFrame, tied: pl.Series) -> pl.Series:
    rivals = incoming.filter(tied)
    holders = rivals.select("icao24").join(held, on="icao24", how="left", maintain_order="left")
    differs = reduce(or_, (rivals[name].ne_missing(holders[name]) for name in STATE_SCHEMA))
    # None differ where a source repeats itself, which is the usual case.
    both = pl.concat([holders.filter(differs).with_columns(_new=False), rivals.filter(differs).with_columns(_new=True)])
    winners = both.sort(_TOTAL_ORDER, nulls_last=False).unique("icao24", keep="last", maintain_order=True)
    return incoming["icao24"].is_in(winners.filter("_new")["icao24"].implode()) & tied
