"""Merge by freshness: the picture holds what each source last said of each aircraft; the freshest position answers.

Per aircraft and source the state with the greatest `last_contact` is held, whenever it arrives. The order among these
is total: `last_contact`, then `time_position`, then all other columns. So any order and any repetition of the same
snapshots ends in the same picture, as a set of rows, and a late answer of a slow source moves nothing back. The quality
flags that say how a state stands to the one before it are no part of the order (docs/decisions/0008).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from flightdata.models.states import RELATIVE_QUALITY, STATE_SCHEMA
from flightdata.models.units import EpochSeconds, Seconds

_FRESHNESS = ["last_contact", "time_position"]
_OTHERS = [name for name in STATE_SCHEMA if name not in {"icao24", *_FRESHNESS, "quality"}]


def _own_flags(column: str) -> pl.Expr:
    return pl.col(column) & pl.lit(~RELATIVE_QUALITY & 0xFFFF_FFFF, pl.UInt32)


_TOTAL_ORDER = ["icao24", *_FRESHNESS, *_OTHERS, _own_flags("quality")]


@dataclass(frozen=True)
class Merged:
    """`states`: the new table. `fresh`: those of its rows that came in now; `superseded` others did not get in.

    `late`: of these the ones that are older than what is held, or too old to be: they are no news, but happened.
    """

    states: pl.DataFrame
    fresh: pl.DataFrame
    superseded: int
    late: pl.DataFrame

    @property
    def stored(self) -> int:
        return self.fresh.height


def merge(held: pl.DataFrame, incoming: pl.DataFrame, oldest: EpochSeconds) -> Merged:
    """`held` with the fresher ones of `incoming`, less what was last heard before `oldest`.

    Both are state tables, `held` with one row an aircraft and source, `incoming` of one source.
    """
    live = _where(incoming, incoming["last_contact"] >= oldest)
    newest = _one_per_aircraft(live)
    pairs = _pairs(newest, held)
    fresher = pairs["fresher"] | _wins_tie(newest, held, pairs["tied"]) if pairs["tied"].any() else pairs["fresher"]
    fresh = _where(newest, fresher)
    replaced = _where(pairs, fresher)["place"].drop_nulls()
    kept = _where(held, (held["last_contact"] >= oldest).scatter(replaced, values=False))
    states = pl.concat([kept, fresh]) if kept.height else fresh
    older = [_where(newest, ~(pairs["fresher"] | pairs["tied"])), *_older_beside(incoming, live, newest, oldest)]
    return Merged(states, fresh, incoming.height - fresh.height, pl.concat(older))


def freshest(states: pl.DataFrame) -> pl.DataFrame:
    """Per aircraft the one with the freshest position among what its sources say; then the one heard last."""
    if states["source"].n_unique() <= 1:
        return states
    order = ["time_position", "last_contact", "source"]
    return states.sort(order, nulls_last=False).unique("icao24", keep="last", maintain_order=True)


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


def _older_beside(
    incoming: pl.DataFrame, live: pl.DataFrame, newest: pl.DataFrame, oldest: EpochSeconds
) -> Iterator[pl.DataFrame]:
    """Of `incoming` what is expired, and what is older than another state of its aircraft; nothing, as a rule."""
    if live.height < incoming.height:
        yield incoming.filter(pl.col("last_contact") < oldest)
    if newest.height < live.height:
        yield live.filter(pl.col("last_contact") < pl.col("last_contact").max().over("icao24"))


def _same_source(incoming: pl.DataFrame, held: pl.DataFrame) -> pl.Series:
    """One boolean a row of `held`: whether it is of the source that `incoming` is of."""
    return held["source"].eq_missing(incoming["source"].first())


def _pairs(incoming: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """One row a row of `incoming`: whether it comes after what is held, or as late, and the `place` of that."""
    known = held.lazy().select("icao24", held="last_contact").with_row_index("place")
    if not (same_source := _same_source(incoming, held)).all():
        known = known.collect().filter(same_source).lazy()
    pairs = incoming.lazy().join(known, on="icao24", how="left", maintain_order="left")
    return pairs.select(
        "place",
        fresher=pl.col("held").is_null() | (pl.col("last_contact") > pl.col("held")),
        tied=(pl.col("last_contact") == pl.col("held")).fill_null(value=False),
    ).collect()


def _wins_tie(incoming: pl.DataFrame, held: pl.DataFrame, tied: pl.Series) -> pl.Series:
    """One boolean a row of `incoming`: whether it comes after the held one of the same last contact."""
    rivals = _where(held, _same_source(incoming, held)).lazy()
    pairs = incoming.filter(tied).lazy().join(rivals, on="icao24", how="left", suffix="_held")
    differs = pl.any_horizontal(
        *(pl.col(name).ne_missing(pl.col(f"{name}_held")) for name in (*_FRESHNESS, *_OTHERS)),
        _own_flags("quality").ne_missing(_own_flags("quality_held")),
    )
    different = pairs.filter(differs).select("icao24").collect()["icao24"].implode()
    if different.item().is_empty():  # the usual case: the source repeats itself
        return pl.repeat(value=False, n=incoming.height, eager=True)
    involved = pl.col("icao24").is_in(different)
    both = [rivals.filter(involved).with_columns(_new=False), incoming.lazy().filter(involved).with_columns(_new=True)]
    ordered = pl.concat(both).sort(_TOTAL_ORDER, nulls_last=False)
    last = ordered.unique("icao24", keep="last", maintain_order=True).filter("_new").select("icao24").collect()
    return incoming["icao24"].is_in(last["icao24"].implode())
