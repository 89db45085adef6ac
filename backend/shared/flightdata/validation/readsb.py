"""readsb's family: `aircraft.json` (readsb, dump1090, tar1090), the v2 API, and flat points.

Envelope: a list under `aircraft` or, in the v2 API, `ac`; `now` in s, in the v2 API in ms. A flat point is an
aircraft with a `now` of its own. A key is left out when its value is unknown.

| key | old key | unit | column |
| --- | --- | --- | --- |
| hex | | `~` in front: no ICAO address | icao24 |
| flight, r, t, squawk | | | callsign, registration, typecode, squawk |
| lat, lon, seen_pos | | °, °, s before now | latitude, longitude, time_position |
| seen | | s before now | last_contact |
| alt_baro | altitude | ft, or "ground" | baro_altitude, on_ground |
| alt_geom | | ft | geo_altitude |
| gs | speed, gscp | kt | velocity |
| track | | ° | true_track |
| baro_rate, else geom_rate | vert_rate | ft/min | vertical_rate |
| spi | | 0, 1 | spi |
| category | | A0…D7 | category |
| type | | | position_type; position_source where OpenSky has a code |

`lastPosition` is where an aircraft was more than 60 s ago: not live, hence not used.
Source: https://github.com/wiedehopf/readsb/blob/dev/README-json.md
"""

import math
from typing import Any

import polars as pl

from flightdata.models.states import no_states
from flightdata.models.units import FEET_PER_MINUTE, FOOT, KNOT
from flightdata.validation.columns import NUMBER, TEXT, Column, Kind
from flightdata.validation.decoded import Decoded, Rejections, Unreadable, finish, number, table

_MILLISECONDS = 1e11
"""A `now` above this is in ms: as seconds it would lie beyond the year 5000."""

GROUND = "ground"

FIELDS: tuple[tuple[str, tuple[str, ...], Kind], ...] = (
    ("icao24", ("hex",), TEXT),
    ("callsign", ("flight",), TEXT),
    ("registration", ("r",), TEXT),
    ("typecode", ("t",), TEXT),
    ("squawk", ("squawk",), TEXT),
    ("position_type", ("type",), TEXT),
    ("emitter", ("category",), TEXT),
    ("latitude", ("lat",), NUMBER),
    ("longitude", ("lon",), NUMBER),
    ("seen", ("seen",), NUMBER),
    ("seen_pos", ("seen_pos",), NUMBER),
    ("geo_altitude", ("alt_geom",), NUMBER),
    ("velocity", ("gs", "speed", "gscp"), NUMBER),
    ("true_track", ("track",), NUMBER),
    ("vertical_rate", ("baro_rate", "geom_rate", "vert_rate"), NUMBER),
)

_POSITION_SOURCE = {"adsb": 0, "adsr": 0, "mlat": 2}
_CATEGORY = {
    f"{letter}{digit}": (first + digit - 1 if digit else 1)
    for letter, first, last in (("A", 2, 7), ("B", 9, 7), ("C", 16, 5))
    for digit in range(last + 1)
} | {"D0": 1}


def decode(document: dict[str, Any], source: str) -> Decoded:
    """The states of one `aircraft.json` or v2 answer; Unreadable if it is none."""
    answer = document["aircraft"] if "aircraft" in document else document["ac"]
    if answer is None:
        answer = []
    if not isinstance(answer, list):
        raise Unreadable("aircraft is no list")
    now = number(document.get("now"), "now")
    now = now / 1000 if now > _MILLISECONDS else now
    return _decoded(answer, [now] * len(answer), now, source)


def decode_points(points: list[Any], source: str, latest: float = math.inf) -> Decoded:
    """The states of flat points, each with a `now` in s of its own.

    The snapshot's time is the greatest of these that is not after `latest`: one wrong clock must not cost the others.
    """
    times = [_time_of(point) for point in points]
    known = [time for time in times if time is not None]
    if not known:
        raise Unreadable("no point has a time")
    return _decoded(points, times, max((time for time in known if time <= latest), default=max(known)), source)


def _time_of(point: Any) -> float | None:
    now = point.get("now") if isinstance(point, dict) else None
    return float(now) if isinstance(now, int | float) and not isinstance(now, bool) else None


def _decoded(answer: list[Any], times: list[float | None] | list[float], now: float, source: str) -> Decoded:
    rejections = Rejections()
    pairs = [(one, time) for one, time in zip(answer, times, strict=True) if type(one) is dict]
    rejections.add("not_a_row", len(answer) - len(pairs))
    if not pairs:
        return Decoded(now, len(answer), no_states(), rejections.as_dict())
    aircraft = [one for one, _ in pairs]
    frame = table(
        [(name, _column(aircraft, keys), kind) for name, keys, kind in FIELDS]
        + [("now", [time for _, time in pairs], NUMBER), *_altitude(aircraft), ("spi", _spi(aircraft), NUMBER)],
        rejections,
    )
    return Decoded(now, len(answer), finish(_in_si(frame), now, source, rejections), rejections.as_dict())


def _column(aircraft: list[dict[str, Any]], keys: tuple[str, ...]) -> Column:
    values = [one.get(keys[0]) for one in aircraft]
    for key in keys[1:]:
        values = [value if value is not None else one.get(key) for value, one in zip(values, aircraft, strict=True)]
    return values


def _spi(aircraft: list[dict[str, Any]]) -> Column:
    """0 and 1 from readsb, true and false from others."""
    return [int(value) if type(value) is bool else value for value in _column(aircraft, ("spi",))]


def _altitude(aircraft: list[dict[str, Any]]) -> list[tuple[str, Column, Kind]]:
    """`alt_baro` is a number or the word "ground": one column for each."""
    raw = _column(aircraft, ("alt_baro", "altitude"))
    return [
        ("baro_altitude", [None if value == GROUND else value for value in raw], NUMBER),
        ("ground", [GROUND if value == GROUND else None for value in raw], TEXT),
    ]


def _in_si(frame: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("position_type").str.extract(r"^([a-z]+)")
    located = pl.col("latitude").is_not_null() & pl.col("longitude").is_not_null()
    age = pl.col("seen_pos").fill_null(pl.col("seen")).fill_null(0)
    return frame.select(
        pl.col("icao24", "callsign", "registration", "typecode", "squawk", "position_type"),
        pl.col("latitude", "longitude", "true_track"),
        (pl.col("now") - pl.col("seen").fill_null(pl.col("seen_pos")).fill_null(0)).round(3).alias("last_contact"),
        pl.when(located).then(pl.col("now") - age).round(3).alias("time_position"),
        (pl.col("baro_altitude", "geo_altitude") * FOOT).round(2),
        (pl.col("velocity") * KNOT).round(2),
        (pl.col("vertical_rate") * FEET_PER_MINUTE).round(2),
        pl.col("ground").is_not_null().alias("on_ground"),
        (pl.col("spi") == 1).alias("spi"),
        kind.replace_strict(_POSITION_SOURCE, default=None, return_dtype=pl.Int8).alias("position_source"),
        pl.col("emitter").replace_strict(_CATEGORY, default=None, return_dtype=pl.Int8).alias("category"),
    )
