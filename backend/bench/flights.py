"""Tracking: what a step costs, and how often its flights are right.

By hand, also for a day of the whole globe (it says how it stands every simulated hour):

    python -m bench.flights --aircraft 12000 --hours 24 --interval 10
    python -m bench.flights --aircraft 2000 --hours 6 --holes
    python -m bench.flights --recorded
"""

import argparse
import gzip
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl
from polars import col

from bench.inputs import RECORDINGS, Input
from bench.table import Figure, show
from flightdata.clients.simulation import Simulation
from flightdata.models.flight import HIGH_CONFIDENCE, no_tracked
from flightdata.models.snapshot import RawSnapshot
from flightdata.reference.airports import airport_table
from flightdata.tracking.flights import advance
from flightdata.tracking.nearby import Airports
from flightdata.validation.gate import decode

_START = 1_778_263_200.0
_SEEN = 60.0
"""Seconds of a flight that must lie within what was watched for its end to count as seen, or the flight at all."""


def measure(given: Input) -> list[Figure]:
    """For `make bench`: seconds of CPU a step; shares of a small simulation."""
    airports = Airports(airport_table())
    tracked, took = no_tracked(), []
    for body in given.bodies:
        decoded = decode(RawSnapshot("bench", time.time(), body))
        started = time.process_time()
        tracked = advance(tracked, decoded.states, decoded.time, airports).tracked
        took.append(time.process_time() - started)
    score = Watch(1000, 10.0, airports)
    for _ in score.hours(2):
        pass
    return [Figure("tracking, CPU", min(took[1:]), None, "s", goal=None), *score.figures()]


@dataclass
class Watch:
    """The simulation watched from its bytes on, and the truth about it. With `holes` every aircraft is out of reception
    for every third half hour, wherever it is.
    """

    aircraft: int
    interval: float
    airports: Airports
    holes: bool = False
    now: float = _START
    flights: list[pl.DataFrame] = field(default_factory=list)
    truth: list[pl.DataFrame] = field(default_factory=list)
    tracked: pl.DataFrame = field(default_factory=no_tracked)
    cpu: float = 0.0

    def hours(self, count: int) -> Iterator[int]:
        """Go on for `count` hours; says the hour after each."""
        simulation = Simulation(self.aircraft, clock=lambda: self.now)
        for hour in range(1, count + 1):
            while self.now < _START + hour * 3600:
                if self.now % 600 < self.interval:
                    self.truth.append(simulation.flights(self.now))
                decoded = decode(simulation.fetch())
                heard = decoded.states.filter(_heard(self.now)) if self.holes else decoded.states
                started = time.process_time()
                step = advance(self.tracked, heard, decoded.time, self.airports)
                self.cpu += time.process_time() - started
                self.tracked = step.tracked
                self.flights.append(step.changed)
                self.now += self.interval
            self.flights = [_last(pl.concat(self.flights), "first_seen")]
            self.truth = [_last(pl.concat(self.truth), "departure")]
            yield hour

    def figures(self) -> list[Figure]:
        """Shares in percent, of all that was watched so far."""
        truth = self.truth[0].rename({"departure": "lift_off", "arrival": "touch_down"})
        inside = pl.min_horizontal("touch_down", pl.lit(self.now)) - pl.max_horizontal("lift_off", pl.lit(_START))
        truth = truth.filter(inside > _SEEN)
        pairs = _pairs(truth, self.flights[0], self.now)
        departed = pairs.filter(col("lift_off") > _START + _SEEN, self._seen(col("lift_off")))
        arrived = pairs.filter(col("touch_down") < self.now - _SEEN, self._seen(col("touch_down")))
        return [
            *_claims("departure", departed["departure"], departed["origin"]),
            *_claims("arrival", arrived["arrival"], arrived["destination"]),
            _unseen(pairs, self.now),
            *_wrong(pairs),
            *_whole(truth.height, pairs, holes=self.holes),
            Figure("flights of the simulation", truth.height, None, "flights", goal=None),
        ]

    def _seen(self, moment: pl.Expr) -> pl.Expr:
        if not self.holes:
            return pl.lit(value=True)
        return _heard(moment - _SEEN) & _heard(moment + _SEEN)


def _heard(time: float | pl.Expr) -> pl.Expr:
    """Whether an aircraft is in reception at `time`, if there are holes."""
    half_hours = (pl.lit(time) if isinstance(time, float) else time) // 1800
    return (col("icao24").hash() % 3 + half_hours.cast(pl.UInt64)) % 3 != 0


def _last(flights: pl.DataFrame, since: str) -> pl.DataFrame:
    return flights.unique(["icao24", since], keep="last", maintain_order=True)


def _pairs(truth: pl.DataFrame, flights: pl.DataFrame, now: float) -> pl.DataFrame:
    """True and tracked flights of the same aircraft at the same time."""
    until = pl.when(col("phase") == "airborne").then(now).otherwise("last_seen")
    shared = pl.min_horizontal("touch_down", "until") - pl.max_horizontal("lift_off", "first_seen")
    pairs = truth.drop("callsign").join(flights.with_columns(until=until), on="icao24")
    return pairs.filter(shared > _SEEN)


def _claims(name: str, claimed: pl.Series, true: pl.Series) -> list[Figure]:
    wrong = (~claimed.eq_missing(true)).sum()
    return [Figure(f"{name} seen, but not right", 100 * wrong / max(len(true), 1), None, "%", goal=3)]


def _unseen(pairs: pl.DataFrame, now: float) -> Figure:
    """High confidence where the end was not seen."""
    before = (col("lift_off") < _START - _SEEN) & (col("departure_confidence") >= HIGH_CONFIDENCE)
    after = (col("touch_down") > now + _SEEN) & (col("arrival_confidence") >= HIGH_CONFIDENCE)
    bold = pairs.select((before.fill_null(value=False) | after.fill_null(value=False)).sum()).item()
    return Figure("ends not seen, yet high confidence", bold, None, "flights", goal=0)


def _wrong(pairs: pl.DataFrame) -> Iterator[Figure]:
    """Of all claims with high confidence, also where the end was in a hole: how many are wrong."""
    for name, true in (("departure", "origin"), ("arrival", "destination")):
        bold = pairs.filter(col(f"{name}_confidence") >= HIGH_CONFIDENCE)
        wrong = bold.filter(col(name) != col(true)).height
        yield Figure(f"{name}, high confidence, wrong", 100 * wrong / max(bold.height, 1), None, "%", goal=1)


def _whole(true: int, pairs: pl.DataFrame, *, holes: bool) -> Iterator[Figure]:
    """Neither split nor merged: one to one. What was in a hole all the time cannot but be missed."""
    parts, legs = pl.len().over("icao24", "lift_off"), pl.len().over("icao24", "first_seen")
    broken = pairs.filter((parts > 1) | (legs > 1)).height
    yield Figure("split or merged", 100 * broken / true, None, "%", goal=2)
    missed = true - pairs.select("icao24", "lift_off").unique().height
    yield Figure("missed", 100 * missed / true, None, "%", goal=None if holes else 2)


def recorded() -> list[Figure]:
    """The 14 snapshots of 2026-05-08, about 30 min apart, against `flights_od`."""
    airports, tracked, changes, states = Airports(airport_table()), no_tracked(), [], []
    for path in sorted((RECORDINGS / "opensky/global_20260508").iterdir()):
        decoded = decode(RawSnapshot("bench", time.time(), gzip.decompress(path.read_bytes())))
        step = advance(tracked, decoded.states, decoded.time, airports)
        tracked = step.tracked
        changes.append(step.changed)
        states.append(decoded.states.filter(~col("on_ground")).select("icao24", "callsign", "time_position"))
    truth = pl.read_csv(RECORDINGS / "derived/flights_od_20260508.csv.gz", schema_overrides={"icao24": pl.String})
    return list(_against(truth, _last(pl.concat(changes), "first_seen"), pl.concat(states)))


def _against(truth: pl.DataFrame, flights: pl.DataFrame, states: pl.DataFrame) -> Iterator[Figure]:
    """Each true flight's positions in the air, and the tracked flight that began last before each."""
    seen = truth.join(states, on=["icao24", "callsign"]).filter(
        col("time_position").is_between(col("first_position_time") - 1, col("last_position_time") + 1)
    )
    owned = seen.sort("time_position").join_asof(
        flights.rename({"callsign": "tracked_callsign"}).sort("first_seen"),
        left_on="time_position",
        right_on="first_seen",
        by="icao24",
        check_sortedness=False,  # they are; polars cannot tell within groups
    )
    key = ["icao24", "callsign", "first_position_time"]
    each = (
        owned.sort("time_position")
        .group_by(key, maintain_order=True)
        .agg(
            parts=col("first_seen").n_unique(),
            first=col("first_seen").first(),
            departure=col("departure").first(),
            departure_confidence=col("departure_confidence").first(),
            arrival=col("arrival").last(),
            arrival_confidence=col("arrival_confidence").last(),
            foreign=(col("tracked_callsign") != col("callsign")).any(),
            origin=col("origin").first(),
            destination=col("destination").first(),
        )
    )
    broken = each.filter((col("parts") > 1) | col("foreign") | (pl.len().over("icao24", "first") > 1)).height
    yield Figure("recorded: split or merged", 100 * broken / truth.height, None, "%", goal=2)
    for end, true in (("departure", "origin"), ("arrival", "destination")):
        claimed = each.filter(col(end).is_not_null())
        for name, few in (
            ("high confidence", claimed.filter(col(f"{end}_confidence") >= HIGH_CONFIDENCE)),
            ("less", claimed.filter(col(f"{end}_confidence") < HIGH_CONFIDENCE)),
        ):
            agree = few.filter(col(end) == col(true)).height
            yield Figure(f"recorded: {end}, {name}: claims", few.height, None, "flights", goal=None)
            yield Figure(
                f"recorded: {end}, {name}: agreement with the route table",
                100 * agree / max(few.height, 1),
                None,
                "%",
                goal=None,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aircraft", type=int, default=12_000)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--interval", type=float, default=10.0)
    parser.add_argument("--holes", action="store_true", help="out of reception for every third half hour")
    parser.add_argument("--recorded", action="store_true")
    given = parser.parse_args()
    if given.recorded:
        show(recorded())
        return
    watch = Watch(given.aircraft, given.interval, Airports(airport_table()), holes=given.holes)
    for hour in watch.hours(given.hours):
        steps = hour * 3600 / given.interval
        print(f"hour {hour}: {watch.cpu / steps * 1e3:.1f} ms of tracking a snapshot, {watch.tracked.height} tracked")
        show(watch.figures())


if __name__ == "__main__":
    main()
