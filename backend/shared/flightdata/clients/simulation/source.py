"""A sky of our own: aircraft on plausible flights between real airports, and the truth about them.

For demonstrations without an account, for load, and for measuring what estimates from the states alone are
worth.
"""

import math

import orjson
import polars as pl
from polars import col, lit

from flightdata.clients.simulation.fleet import most_aircraft
from flightdata.clients.simulation.motion import move
from flightdata.clients.simulation.timetable import draw_timetable
from flightdata.errors import ConfigurationError
from flightdata.models.snapshot import RawSnapshot, source_name
from flightdata.models.units import FOOT, EpochSeconds, Metres, Seconds
from flightdata.ports import Clock

_EPOCH = 1_767_225_600  # 2026-01-01T00:00Z, where schedule and clock agree at any speed
_ALTITUDE_STEP: Metres = 25 * FOOT  # as transponders report it
_COLUMNS = (
    "icao24",
    "callsign",
    "origin_country",
    "time_position",
    "last_contact",
    "longitude",
    "latitude",
    "baro_altitude",
    "on_ground",
    "velocity",
    "true_track",
    "vertical_rate",
    "sensors",
    "geo_altitude",
    "squawk",
    "spi",
    "position_source",
    "category",
)


class Simulation:
    """A source with `aircraft` rows in every snapshot, shaped as OpenSky answers `/states/all?extended=1`.

    What a snapshot says depends on `seed`, `aircraft`, `speed` and the second it is asked for, and on
    nothing else: not on what was asked before, so that time may also go back.

    The aircraft keep a schedule, whose time is E + (clock - E) * `speed`, where E is 2026-01-01T00:00Z: at
    speed 1 the clock's own. Times in snapshots and in `flights` are the clock's at any speed, and
    `velocity` and `vertical_rate` those of the aircraft in its own time; so at speed 10 positions move ten
    times as fast as `velocity` says.

    Every aircraft reports where it is every third second, so a position is up to 2 s older than its
    snapshot. As is usual with OpenSky, altitudes and vertical rate are null on the ground. Raises
    ConfigurationError for arguments that cannot work.
    """

    def __init__(  # noqa: PLR0913 # each is a setting by itself
        self,
        aircraft: int = 1000,
        *,
        seed: int = 0,
        interval: Seconds = 10.0,
        clock: Clock,
        speed: float = 1.0,
        name: str = "simulation",
    ) -> None:
        _check(aircraft, interval, speed)
        self.name = source_name(name)
        self._interval = interval
        self._clock = clock
        self._speed = speed
        self._last: EpochSeconds | None = None
        self._aircraft, self._legs = draw_timetable(aircraft, seed)

    def next_due(self) -> EpochSeconds:
        """The first multiple of the interval after the last fetch; at first, at once."""
        if self._last is None:
            return 0.0
        return (math.floor(self._last / self._interval) + 1) * self._interval

    def fetch(self) -> RawSnapshot:
        """The sky now."""
        now = self._last = self._clock()
        return RawSnapshot(source=self.name, received_at=now, body=self._body(math.floor(now)))

    def flights(self, at: EpochSeconds) -> pl.DataFrame:
        """What every aircraft is really doing at the clock's time `at`; in the order of the snapshots.

        icao24, callsign, origin and destination (ICAO codes), departure (lift-off) and arrival (touch-down)
        as epoch seconds of the clock. An aircraft at the gate is already on its next flight.
        """
        legs = self._current(at, lit(0))
        begin = col("schedule") - col("elapsed") - col("start")
        return legs.select(
            self._aircraft["icao24"],
            "callsign",
            "origin",
            "destination",
            departure=self._by_the_clock(begin + col("lift_off")),
            arrival=self._by_the_clock(begin + col("touch_down")),
        )

    def _current(self, time: EpochSeconds, lag: pl.Expr) -> pl.DataFrame:
        """The leg each aircraft is on `lag` s before `time`, with `schedule` and its `elapsed` in ms."""
        since_epoch = ((time - _EPOCH - lag) * (1000 * self._speed)).round().cast(pl.Int64)
        turn = (col("schedule") + col("offset")) % col("period")
        return (
            self._legs.with_columns(lag=lag, schedule=since_epoch + _EPOCH * 1000)
            .with_columns(turn=turn)
            .filter(col("turn").is_between("start", "end", closed="left"))
            .with_columns(elapsed=col("turn") - col("start"))
        )

    def _by_the_clock(self, schedule: pl.Expr) -> pl.Expr:
        return _EPOCH + (schedule - _EPOCH * 1000) / (1000 * self._speed)

    def _body(self, time: int) -> bytes:
        legs = self._current(time, (col("aircraft").cast(pl.Int64) + time) % 3)
        states = pl.concat(
            [
                self._aircraft,
                legs.select("callsign", "squawk", "lag"),
                move(legs.with_columns(col("elapsed") / 1000)),
            ],
            how="horizontal",
        ).with_columns(**_as_opensky(time))
        return orjson.dumps({"time": time, "states": states.select(_COLUMNS).rows()})


def _check(aircraft: int, interval: Seconds, speed: float) -> None:
    if not 1 <= aircraft <= most_aircraft():
        raise ConfigurationError(f"a simulation has 1 to {most_aircraft()} aircraft, not {aircraft}")
    for name, value in (("interval", interval), ("speed", speed)):
        if not (math.isfinite(value) and value > 0):
            raise ConfigurationError(f"a simulation's {name} must be a positive number, not {value}")


def _in_steps(altitude: pl.Expr) -> pl.Expr:
    return ((altitude / _ALTITUDE_STEP).round() * _ALTITUDE_STEP).round(2)


def _as_opensky(time: int) -> dict[str, pl.Expr]:
    """`_COLUMNS` as far as they change or must be rounded, from aircraft, legs and their motion."""
    # Warm air is thick: an aircraft over the tropics is higher than its altimeter says, near the poles lower.
    geometric = col("altitude") * (0.99 + 0.05 * col("latitude").radians().cos() ** 2)
    airborne = pl.when(~col("on_ground"))
    return {
        "callsign": col("callsign").str.pad_end(8),
        "time_position": time - col("lag"),
        "last_contact": time - col("lag") // 2,
        "longitude": col("longitude").round(4),
        "latitude": col("latitude").round(4),
        "baro_altitude": airborne.then(_in_steps(col("altitude"))),
        "velocity": col("velocity").round(2),
        "true_track": col("true_track").round(2) % 360,
        "vertical_rate": airborne.then(col("vertical_rate").round(2)),
        "sensors": lit(None),
        "geo_altitude": airborne.then(_in_steps(geometric)),
        "spi": lit(value=False),
        "position_source": lit(0),
    }
