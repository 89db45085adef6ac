"""How a tracked row follows from the one before, the report and what `events` and `ends` made of them."""

from functools import cache

import polars as pl
from polars import col, lit

from flightdata.models.flight import FLIGHT_END, TRACKED_SCHEMA, Phase

_MOST_VOTES = 30
"""Reports with another callsign after which it takes the place of one that was used for long."""

_NOTHING = lit(None)


def proceed(judged: pl.LazyFrame) -> pl.LazyFrame:
    """The tracked table after the step, less what vanishes; `material`: the flight opened, closed, or changed in what
    it is known for.
    """
    return judged.filter(~col("vanishes")).select(_columns())


@cache
def _columns() -> list[pl.Expr]:
    columns = {"icao24": col("icao24")} | _place() | _flight() | _callsign() | _departure() | _arrival()
    typed = [columns[name].cast(dtype).alias(name) for name, dtype in TRACKED_SCHEMA.items()]
    other_callsign = columns["callsign"].ne_missing(col("callsign")) & (columns["phase"] == "airborne")
    found_again = col("continues") & (col("phase") == "lost")
    material = col("opens") | col("lands") | col("touches") | other_callsign | found_again
    return [*typed, material.fill_null(value=False).alias("material")]


def _when(event: str, then: pl.Expr, otherwise: str) -> pl.Expr:
    return pl.when(event).then(then).otherwise(otherwise)


def _place() -> dict[str, pl.Expr]:
    altitude = pl.coalesce("new_altitude", pl.when("continues").then("altitude"))
    return {
        "heard": _when("fresh", col("new_heard"), "heard"),
        "time_position": _when("moved", col("new_time"), "time_position"),
        "longitude": _when("moved", col("new_longitude"), "longitude"),
        "latitude": _when("moved", col("new_latitude"), "latitude"),
        "altitude": _when("moved", pl.when(~col("down")).then(altitude), "altitude"),
        "velocity": _when("moved", col("new_velocity"), "velocity"),
    }


def _flight() -> dict[str, pl.Expr]:
    phases = {name: lit(name, Phase) for name in ("ground", "airborne", "landed")}
    in_air = col("opens") | col("continues") | col("touches")
    still = col("goes_on") | ~col("moved") | (col("rests") & ~col("grounded"))
    kept = {name: pl.when(still).then(name) for name in ("first_seen", *_FIRST, "distance", "highest_altitude")}
    opened = {
        "first_seen": pl.when("mistaken")
        .then(pl.coalesce("first_seen", pl.min_horizontal("new_time", "new_heard")))
        .otherwise(pl.min_horizontal("new_time", "new_heard")),
        **{name: col(name.replace("first", "new")) for name in _FIRST},
        "distance": lit(0.0),
        "highest_altitude": col("new_altitude"),
    }
    columns = {name: pl.when("opens").then(first).otherwise(kept[name]) for name, first in opened.items()}
    columns["distance"] = pl.when(col("goes_on")).then(col("distance") + col("leap")).otherwise(columns["distance"])
    highest = pl.max_horizontal("highest_altitude", pl.when(~col("down")).then("new_altitude"))
    columns["highest_altitude"] = pl.when(col("goes_on")).then(highest).otherwise(columns["highest_altitude"])
    return columns | {
        "phase": (
            pl.when(in_air)
            .then(phases["airborne"])
            .when("lands")
            .then(phases["landed"])
            .when(col("grounded"))
            .then(phases["ground"])
            .otherwise("phase")
        ),
        "touch_and_goes": (
            pl.when("opens").then(0).when(still).then(col("touch_and_goes") + col("touches").cast(pl.Int32))
        ),
        "landed_at": pl.when("lands")
        .then("new_heard")
        .when(in_air | col("grounded"))
        .then(_NOTHING)
        .otherwise("landed_at"),
        "slowest": (
            pl.when("lands")
            .then("new_velocity")
            .when("rests")
            .then(pl.min_horizontal("slowest", "new_velocity"))
            .when(in_air)
            .then(_NOTHING)
            .otherwise("slowest")
        ),
    }


_FIRST = ("first_longitude", "first_latitude", "first_altitude")


def _callsign() -> dict[str, pl.Expr]:
    """The callsign that most reports of the flight had (Boyer and Moore's vote); on the ground the last one.

    After the landing it stays.
    """
    heard = col("fresh") & col("new_callsign").is_not_null()
    anew = (col("opens") & heard) | (heard & (~col("known") | (col("phase") == "ground") | col("callsign").is_null()))
    dropped = (col("opens") & ~(col("known") & (col("phase") == "ground"))) | (col("grounded") & ~col("known"))
    votes = heard & col("known") & (col("phase") != "landed")
    same = col("callsign") == col("new_callsign")
    outvoted = votes & ~same & (col("callsign_votes") <= 0)
    begins = (anew | outvoted).fill_null(value=False)
    return {
        "callsign": (
            pl.when(begins).then("new_callsign").when(dropped).then(lit(None, pl.String)).otherwise("callsign")
        ),
        "callsign_votes": (
            pl.when(begins)
            .then(1)
            .when(dropped)
            .then(0)
            .when(votes & same)
            .then((col("callsign_votes") + 1).clip(0, _MOST_VOTES))
            .when(votes)
            .then(col("callsign_votes") - 1)
            .otherwise(col("callsign_votes").fill_null(0))
        ),
    }


def _departure() -> dict[str, pl.Expr]:
    return {
        f"departure{suffix}": pl.when("departs")
        .then(f"end{suffix}")
        .when(~(col("opens") | col("grounded")))
        .then(f"departure{suffix}")
        for suffix in FLIGHT_END
    }


def _arrival() -> dict[str, pl.Expr]:
    """The estimate of this step where there is one to make; none after a climb."""
    return {
        f"arrival{suffix}": (
            pl.when("settles")
            .then(f"end{suffix}")
            .when(~(col("opens") | col("climbs_away") | col("grounded")))
            .then(f"arrival{suffix}")
        )
        for suffix in FLIGHT_END
    }
