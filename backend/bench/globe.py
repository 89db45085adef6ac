"""An hour of the globe with the variety of real traffic, which nobody recorded every 10 s: what it is made of.

The aircraft are those of one recorded snapshot (12,341), with their addresses, callsigns, countries and squawks, where
they were, as high and as fast. From there each moves by itself: it turns, climbs and changes its speed now and then,
and all of that with noise. What is said of it is as coarse as OpenSky says it: speed and track from whole knots east
and north, altitudes in steps of 25 ft, rates of climb of 64 ft/min, positions to 4 decimals and 5 m off, whole seconds;
some are seldom heard, some positions are older than the message. How often each of these repeats from one poll to the
next was set by recordings 9 and 11 s apart (`python -m bench.globe` prints both).
"""

import gzip
import itertools
import math
import random
from pathlib import Path

import orjson
import polars as pl
from polars import col

from bench.inputs import RECORDINGS, global_snapshots
from bench.lake import compact
from flightdata.backends.history.folder import FolderHistory
from flightdata.models.picture import Picture
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.states import STATE_SCHEMA
from flightdata.pipeline.moving import Moving
from flightdata.reference.airports import airport_table
from flightdata.tracking.nearby import Airports
from flightdata.validation.gate import decode

INTERVAL = 10
_HOUR = 3600
_BEGIN = 1_778_263_200.0
"""2026-05-08T18:00Z, 7 s after the snapshot."""

_HIGH = 6000
_KNOT, _FOOT, _DEGREE = 0.514444, 0.3048, 111_320.0
_COLUMNS = [name for name in STATE_SCHEMA if name != "position_type"][:16]
"""OpenSky's, without its sensors."""

_PLACE_OF_SENSORS = 12


class Globe:
    """Says every `INTERVAL` seconds what OpenSky would."""

    def __init__(self) -> None:
        self._chance = random.Random(1)
        self._normals = pl.Series([self._chance.gauss(0, 1) for _ in range(200_000)])
        given = global_snapshots(1)
        states = decode(RawSnapshot("globe", given.time, given.bodies[0])).states
        self._aircraft = states.filter(col("latitude").is_not_null()).with_columns(
            speed=col("velocity").fill_null(0),
            heading=col("true_track").fill_null(0),
            climb=col("vertical_rate").fill_null(0),
            altitude=col("baro_altitude"),
            offset=col("geo_altitude") - col("baro_altitude"),
            east=col("longitude"),
            north=col("latitude"),
            turn=0.0,
        )
        self._deaf = self._happens(0.11)

    def fetch(self, time: float) -> RawSnapshot:
        """The next answer, at `time`."""
        self._move()
        self._say(time)
        rows = [
            [*row[:_PLACE_OF_SENSORS], None, *row[_PLACE_OF_SENSORS:]]
            for row in self._aircraft.select(_COLUMNS).iter_rows()
        ]
        return RawSnapshot("globe", time, orjson.dumps({"time": int(time), "states": rows}))

    def _move(self) -> None:
        flies = ~col("on_ground")
        turns = pl.when(self._happens(0.85)).then(0).otherwise(self._noise(0.8))
        climbs = self._noise(5) - pl.when(col("altitude") > _HIGH).then(3).otherwise(-2)
        levels_off = self._happens(0.03) | ~col("altitude").is_between(300, 12_500)
        a = self._aircraft.with_columns(
            turn=pl.when(self._happens(0.06)).then(turns).otherwise("turn"),
            climb=pl.when(levels_off).then(pl.when(self._happens(0.6)).then(0).otherwise(climbs)).otherwise("climb"),
        )
        a = a.with_columns(
            speed=(col("speed") + self._noise(0.25) * flies).clip(0),
            heading=(col("heading") + (col("turn") * INTERVAL + self._noise(0.05)) * flies) % 360,
            altitude=(col("altitude") + col("climb") * INTERVAL * flies).clip(-300, 13_100),
            offset=col("offset") + self._noise(1.5),
        )
        way, angle = col("speed") * INTERVAL / _DEGREE, col("heading").radians()
        north = (col("north") + way * angle.cos()).clip(-89, 89)
        east = col("east") + way * angle.sin() / north.radians().cos()
        self._aircraft = a.with_columns(north=north, east=(east + 180) % 360 - 180)

    def _say(self, time: float) -> None:
        angle = col("heading").radians()
        east, north = ((col("speed") * part / _KNOT + self._noise(0.28)).round() for part in (angle.sin(), angle.cos()))
        age = pl.when(self._happens(0.8)).then(0).otherwise(1)
        contact = pl.lit(math.floor(time)) - age
        delay = pl.when(self._happens(0.9)).then(0).otherwise((self._noise(4).abs()).ceil())
        baro = _steps(col("altitude") + self._noise(1.5), 25 * _FOOT)
        heard = pl.when(self._deaf).then(self._happens(0.15)).otherwise(self._happens(0.94))
        new = {
            "last_contact": contact,
            "time_position": contact - delay,
            "latitude": (col("north") + self._noise(3 / _DEGREE)).round(4),
            "longitude": (col("east") + self._noise(3 / _DEGREE)).round(4),
            "velocity": ((east**2 + north**2).sqrt() * _KNOT).round(2),
            "true_track": (pl.arctan2(east, north).degrees() % 360).round(2),
            "baro_altitude": baro,
            "geo_altitude": _steps(col("altitude") + col("offset") + self._noise(1.5), 25 * _FOOT),
            "vertical_rate": pl.when(col("vertical_rate").is_not_null()).then(
                _steps(col("climb") + self._noise(0.25), 64 * _FOOT / 60)
            ),
        }
        self._aircraft = self._aircraft.with_columns(
            pl.when(heard).then(value).otherwise(name).alias(name) for name, value in new.items()
        )

    def _noise(self, deviation: float) -> pl.Series:
        many = self._aircraft.height
        return self._normals.sample(many, with_replacement=True, seed=self._chance.getrandbits(32)) * deviation

    def _happens(self, share: float) -> pl.Series:
        """To this share of the aircraft; by the order of normal numbers."""
        return self._noise(1).rank("ordinal") <= share * self._aircraft.height


def _steps(value: pl.Expr, step: float) -> pl.Expr:
    return ((value / step).round() * step).round(2)


def make(folder: Path) -> FolderHistory:
    """The hour in the lake in `folder`, by the pipeline's own way: enriched, judged, what is new in it."""
    history, globe, picture = FolderHistory(folder / "history"), Globe(), Picture()
    moving = Moving(Airports(airport_table()), expiry=330)
    for second in range(0, _HOUR, INTERVAL):
        snapshot = globe.fetch(_BEGIN + second)
        moved = moving.move(picture, moving.prepare(decode(snapshot)))
        picture = moved.picture
        history.add(snapshot.key, pl.concat([moved.fresh, moved.late]))
        compact(history, _BEGIN + second)
    compact(history, _BEGIN + 2 * _HOUR)
    return history


def _unchanged(first: pl.DataFrame, second: pl.DataFrame) -> dict[str, float]:
    """Of what is heard in both, airborne: shares of what is said again, in percent."""
    both = first.join(second, on="icao24", suffix="_then")
    again = both.filter(col("last_contact_then") > col("last_contact"))
    names = ["time_position", "latitude", "baro_altitude", "velocity", "true_track", "vertical_rate", "geo_altitude"]
    shares = again.filter(~col("on_ground")).select(
        (col(name) == col(f"{name}_then")).fill_null(value=True).mean() for name in names
    )
    return {"heard": again.height / both.height, **shares.row(0, named=True)}


def main() -> None:
    last = sorted((RECORDINGS / "opensky/global_20251230").iterdir())[-3:]
    recorded = [decode(RawSnapshot("globe", 2e9, gzip.decompress(path.read_bytes()))).states for path in last]
    globe = Globe()
    made = [decode(globe.fetch(_BEGIN + INTERVAL * step)).states for step in range(20)][-3:]
    for name, tables in (("recorded", recorded), ("made", made)):
        for pair in itertools.pairwise(tables):
            print(name, {column: f"{share:.1%}" for column, share in _unchanged(*pair).items()})


if __name__ == "__main__":
    main()
