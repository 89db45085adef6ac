"""Quality rules: what is odd about a state that is kept all the same, as one table of expressions.

Each rule has a bit of the column `quality` for good: none is ever taken out or moved, new ones go to the end of their
table, so that stored masks keep their meaning. RULES look at a state by itself and have the bits from 0 on. COMPARISONS
look at a state beside the one before it of the same aircraft, and CONCLUSIONS at what both raised; they have the bits
from 20 on (`validation.judging` sets them). Null counts as "nothing odd".

The counts are of 310,776 recorded rows: 28 snapshots of the whole globe of December 2025 and May 2026, two older ones.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from flightdata.models.units import EpochSeconds, Metres, Seconds
from flightdata.utils.geodesy import angle

Moment = EpochSeconds | pl.Expr
"""A time, or the column that has it."""


@dataclass(frozen=True)
class Rule:
    """`odd(time)` is true for the rows to flag, `time` being the snapshot's; `bound` says so in words, `why` where it
    comes from. docs/quality.md has these words.

    It sees the columns of the state table; beside a state before also those of that one as `held_…`, and what lies
    between the two: `distance` (m), `bearing` (°), `elapsed` (s, between their positions), `silence` (s, between their
    last messages).
    """

    name: str
    odd: Callable[[Moment], pl.Expr]
    bound: str
    why: str
    source: str = "recordings"


_BARO, _GEO = pl.col("baro_altitude"), pl.col("geo_altitude")
_SPEED = pl.col("velocity")
_ON_GROUND, _AIRBORNE = pl.col("on_ground"), ~pl.col("on_ground")
_BALLOON = 10
"""OpenSky's category "lighter than air"."""

RULES: tuple[Rule, ...] = (
    Rule(
        "stale_position",
        lambda now: now - pl.col("time_position") > 15,
        "position older than 15 s",
        "OpenSky calls a position older than 15 s stale; 18 % of recorded rows",
        "OpenSky REST API",
    ),
    Rule(
        "no_position",
        lambda _: pl.col("latitude").is_null() | pl.col("longitude").is_null(),
        "no latitude or no longitude",
        "heard, but never located",
    ),
    Rule(
        "null_island",
        lambda _: (pl.col("latitude") == 0) & (pl.col("longitude") == 0),
        "latitude and longitude 0",
        "0° N 0° E is what unset coordinates look like; 2 in 2.6 million recorded rows",
    ),
    Rule(
        "position_out_of_range",
        lambda _: (pl.col("latitude").abs() > 90) | (pl.col("longitude").abs() > 180),
        "latitude beyond ±90° or longitude beyond ±180°",
        "there is no such place",
        "WGS84",
    ),
    Rule(
        "track_out_of_range",
        lambda _: ~pl.col("true_track").is_between(0, 360),
        "track below 0° or above 360°",
        "a track is 0 to 360 degrees; negative ones occur in a recording of 2021",
        "OpenSky REST API",
    ),
    Rule(
        "altitude_out_of_range",
        lambda _: ~_BARO.is_between(-500, 16_000) | ~_GEO.is_between(-500, 16_000),
        "an altitude below -500 m or above 16,000 m",
        "no airport lies below -430 m, and no airliner or business jet is certified above 15,545 m (51,000 ft); "
        "balloons and a few military aircraft do fly there",
        "type certificates; recordings",
    ),
    Rule(
        "altitudes_disagree",
        lambda _: (_BARO - _GEO).abs() > 950,
        "barometric and geometric altitude more than 950 m apart",
        "ADS-B can say a difference of 3,137 ft (956 m) at most, and 3,150 ft (960 m) for more. Weather makes 700 m at "
        "cruising level; false satellite positions make the greatest value there is",
        "RTCA DO-260B, airborne velocity message; recordings",
    ),
    Rule(
        "speed_impossible",
        lambda _: ~_SPEED.is_between(0, 400),
        "above 400 m/s, or negative",
        "an airliner in the strongest jet stream on record was at 375 m/s over ground; only fighters are faster",
    ),
    Rule(
        "vertical_rate_impossible",
        lambda _: pl.col("vertical_rate").abs() > 50,
        "beyond ±50 m/s",
        "airliners climb and sink with up to 30 m/s, business jets with 40; 74 of the recorded rows are beyond 50",
    ),
    Rule(
        "on_ground_fast",
        lambda _: _ON_GROUND & (_SPEED > 100),
        "on the ground at more than 100 m/s",
        "airliners lift off and touch down at 65 to 95 m/s",
    ),
    Rule(
        "on_ground_high",
        lambda _: _ON_GROUND & ((_BARO > 5_000) | (_GEO > 5_000)),
        "on the ground above 5,000 m",
        "the highest airport, Daocheng Yading, lies at 4,411 m; low pressure adds up to 400 m",
        "airportsdata",
    ),
    Rule(
        "slow_at_altitude",
        lambda _: _AIRBORNE & (_SPEED < 50) & (_BARO > 7_000) & (pl.col("category") != _BALLOON).fill_null(value=True),
        "airborne above 7,000 m at less than 50 m/s, and no balloon",
        "nothing with wings stays up there at 50 m/s over ground, also against the wind; nearly all 493 recorded rows "
        "are airliners near jammers of satellite navigation, whose false positions stand still or circle",
    ),
    Rule(
        "callsign_malformed",
        lambda _: ~pl.col("callsign").str.contains(r"^0*[A-Z1-9][A-Z0-9]*$") | (pl.col("callsign").str.len_bytes() > 8),
        "not 1 to 8 of A-Z and 0-9, or noughts only",
        "a callsign is up to 8 capitals and digits; blanks inside occur, and noughts only from unset transponders",
        "ICAO Annex 10, volume IV",
    ),
    Rule(
        "squawk_malformed",
        lambda _: ~pl.col("squawk").str.contains(r"^[0-7]{4}$"),
        "not four of 0-7",
        "a squawk is four octal digits; no other was ever seen",
        "ICAO Annex 10, volume IV",
    ),
    Rule(
        "squawk_7500",
        lambda _: pl.col("squawk") == "7500",
        "squawk 7500",
        "unlawful interference, or a slip of the hand",
        "ICAO Doc 8168",
    ),
    Rule(
        "squawk_7600",
        lambda _: pl.col("squawk") == "7600",
        "squawk 7600",
        "the radio has failed",
        "ICAO Doc 8168",
    ),
    Rule(
        "squawk_7700",
        lambda _: pl.col("squawk") == "7700",
        "squawk 7700",
        "an emergency",
        "ICAO Doc 8168",
    ),
)

_DISTANCE, _ELAPSED = pl.col("distance"), pl.col("elapsed")
_CLOCKS: Seconds = 2
"""Times are cut to whole seconds at both ends."""
_SKEW: Metres = 500
"""A position is up to 2 s older than the message that brought it, and is decoded to 10 m."""
_HELD_SPEED = pl.col("held_velocity")
_FASTEST = pl.when(_SPEED > _HELD_SPEED).then(_SPEED).when(_HELD_SPEED >= _SPEED).then(_HELD_SPEED)
_SLOWEST = pl.when(_SPEED < _HELD_SPEED).then(_SPEED).when(_HELD_SPEED <= _SPEED).then(_HELD_SPEED)
_OFF_TRACK = pl.min_horizontal(
    angle(pl.col("bearing"), pl.col("true_track")), angle(pl.col("bearing"), pl.col("held_true_track"))
)

COMPARISONS: tuple[Rule, ...] = (
    Rule(
        "position_jump",
        lambda _: (_DISTANCE - 2 * _SKEW) / (_ELAPSED.abs() + _CLOCKS) > 400,
        "farther away than 1,000 m and what 400 m/s go in the time between the positions and 2 s more",
        "speed_impossible has the bound; times are cut to seconds. False satellite positions, an address that two "
        "aircraft use, slips of decoding",
    ),
    Rule(
        "speed_disagrees",
        lambda _: _ELAPSED.is_between(_CLOCKS, 60, closed="right")
        & (
            (_DISTANCE > (1.25 * _FASTEST + 25) * (_ELAPSED + _CLOCKS) + _SKEW)
            | (_DISTANCE < (0.5 * _SLOWEST - 25) * (_ELAPSED - _CLOCKS) - _SKEW)
        ),
        "at most 60 s after, farther away than its greater speed, a quarter of that and 25 m/s go in the time and 2 s "
        "more, or nearer than half its lesser speed less 25 m/s goes in the time less 2 s; 500 m are allowed for",
        "half a standard turn of 3 °/s leaves 0.64 of the way, speeding up and slowing down a quarter",
    ),
    Rule(
        "track_disagrees",
        lambda _: _ELAPSED.is_between(0, 30, closed="right") & (_DISTANCE > 2 * _SKEW) & (_OFF_TRACK > 60),
        "at most 30 s after and at least 1,000 m away, more than 60° off both tracks",
        "in 30 s a standard turn of 3 °/s leaves the way at most 45° off the nearer one",
    ),
    Rule(
        "altitude_jump",
        lambda _: (_BARO - pl.col("held_baro_altitude")).abs() > 60 * (pl.col("silence") + _CLOCKS) + 150,
        "farther up or down than 150 m and what 60 m/s go in the time between the messages and 2 s more",
        "a fifth more than vertical_rate_impossible: altitudes decoded wrongly or brought late",
    ),
    Rule(
        "position_frozen",
        lambda _: (_ELAPSED > 5) & (_DISTANCE == 0) & _AIRBORNE & (_SPEED > 50),
        "the very same position with a time more than 5 s later, airborne at more than 50 m/s",
        "who flies moves; a source that repeats a position under a new time does not know where the aircraft is",
    ),
    Rule(
        "time_backwards",
        lambda _: (pl.col("silence") > 0) & (_ELAPSED < -1),
        "a later message with a position more than 1 s older",
        "never seen of OpenSky alone; several sources at once may do it",
    ),
)

_SIGNS = (
    ("slow_at_altitude",),
    ("altitudes_disagree",),
    ("position_jump", "speed_disagrees", "track_disagrees"),
)
"""Of false satellite positions, each by itself; those in one line are one sign."""

CONCLUSIONS: tuple[Rule, ...] = (
    Rule(
        "possible_spoofing",
        lambda _: _AIRBORNE & ((_signs() >= 2) | ((_signs() > 0) & _has("held_quality", "possible_spoofing"))),
        "airborne with two of slow_at_altitude, altitudes_disagree, and any of position_jump, speed_disagrees, "
        "track_disagrees; or with one of them after a possible_spoofing",
        "one sign alone may be a slip; together they are what jammed and spoofed receivers look like",
    ),
    Rule(
        "possible_time_trouble",
        lambda _: _has("quality", "time_backwards")
        | (_has("quality", "position_jump", "speed_disagrees") & _has("held_quality", "position_frozen"))
        | (_has("quality", "position_frozen") & _has("held_quality", "possible_time_trouble")),
        "time_backwards; position_jump or speed_disagrees after a position_frozen; position_frozen after a "
        "possible_time_trouble",
        "its times belong to other positions",
    ),
)
"""As COMPARISONS, once `quality` has their flags."""

BITS: Mapping[str, int] = {
    rule.name: bit
    for first, table in ((0, RULES), (20, (*COMPARISONS, *CONCLUSIONS)))
    for bit, rule in enumerate(table, first)
}
"""Flag → bit."""


def mask_of(time: Moment, rules: Iterable[Rule] = RULES) -> pl.Expr:
    """The flags of these rules as a mask, as seen at `time`; by RULES: the column `quality` of a state table."""
    raised = (
        pl.when(rule.odd(time)).then(pl.lit(1 << BITS[rule.name], pl.UInt32)).otherwise(pl.lit(0, pl.UInt32))
        for rule in rules
    )
    return pl.sum_horizontal(raised).cast(pl.UInt32)


def names(mask: int) -> tuple[str, ...]:
    """The names of the flags in a `quality` mask."""
    return tuple(name for name, bit in BITS.items() if mask >> bit & 1)


def mask(flags: Iterable[str]) -> int:
    """The `quality` mask of these flags. Raises KeyError for a name that is no rule."""
    return sum(1 << BITS[flag] for flag in set(flags))


def quality_counts(states: pl.DataFrame) -> dict[str, int]:
    """How many of `states` have each flag, for all flags there are."""
    by_mask = states["quality"].value_counts().iter_rows()
    counts = dict.fromkeys(BITS, 0)
    for quality, count in by_mask:
        for name in names(quality):
            counts[name] += count
    return counts


def _has(column: str, *flags: str) -> pl.Expr:
    """Whether one of `flags` is in a column of masks."""
    return pl.col(column) & pl.lit(mask(flags), pl.UInt32) != 0


def _signs() -> pl.Expr:
    return pl.sum_horizontal(_has("quality", *sign).cast(pl.UInt8) for sign in _SIGNS)


METADATA: Mapping[str, str] = {"quality": ",".join(f"{bit}:{name}" for name, bit in BITS.items())}
"""What a Parquet file with masks says about them: which bit has which name."""
