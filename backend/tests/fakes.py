"""Adapters that keep everything in memory, and a clock to be set by hand.

The contract tests hold the fakes to the same promises as the backends, so that a test which uses one says something
about the real thing.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from threading import Lock

import polars as pl

from flightdata.errors import Poison
from flightdata.models.flight import FLIGHT_ENDS, FLIGHT_SCHEMA, LONGEST_FLIGHT
from flightdata.models.picture import Picture
from flightdata.models.region import inside
from flightdata.models.states import no_states
from flightdata.pipeline.moving import Moving
from flightdata.pipeline.process import Process
from flightdata.ports import SourceHealth, Totals
from flightdata.tracking.nearby import AIRPORT_SCHEMA, Airports


class SetClock:
    """A clock that shows `now` until it is set."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


def kept(kind):
    """Opens the same fake again for the same folder, as a backend opens the same files, also from several threads."""
    opened, lock = cache(lambda _folder: kind()), Lock()

    def open_again(folder):
        with lock:
            return opened(folder)

    return open_again


class MemoryArchive:
    def __init__(self):
        self.snapshots = {}

    def put(self, snapshot):
        return self.snapshots.setdefault(snapshot.key, snapshot).key

    def get(self, key):
        if key not in self.snapshots:
            raise Poison(f"no snapshot {key}")
        return self.snapshots[key]

    def keys(self, start=0.0, end=math.inf):
        yield from sorted(key for key, one in self.snapshots.items() if start <= one.received_at < end)

    def expire(self, before):
        old = [key for key, one in self.snapshots.items() if one.received_at // 3600 * 3600 + 3600 <= before]
        for key in old:
            del self.snapshots[key]
        return len(old)


class MemoryPictures:
    def __init__(self, picture=None):
        self.picture = self._named = picture or Picture()
        self._editions = 1

    def version(self):
        return self.picture.version

    def edition(self):
        if self.picture is not self._named:
            self._named, self._editions = self.picture, self._editions + 1
        return f"{self._editions}" if self.picture.version else ""

    def latest(self):
        return self.picture

    def shown(self):
        return replace(self.latest().shown, edition=self.edition())

    def publish(self, picture):
        follows = picture.version == self.picture.version + 1
        if follows:
            self.picture = picture
        return follows


class MemoryLedger:
    def __init__(self):
        self.accounts = {}
        self.until = None

    def record(self, accounts):
        for account in accounts:
            self.accounts.setdefault(account.key, account)

    def totals(self, since=0.0):
        chosen = [one for one in self.accounts.values() if one.processed_at >= since]
        reasons = sorted({reason for one in chosen for reason in one.rejected})
        return Totals(
            snapshots=len(chosen),
            rows=sum(one.rows for one in chosen),
            stored=sum(one.stored for one in chosen),
            superseded=sum(one.superseded for one in chosen),
            rejected={reason: sum(one.rejected.get(reason, 0) for one in chosen) for reason in reasons},
            unreadable=sum(one.unreadable is not None for one in chosen),
        )

    def find(self, keys):
        return [self.accounts[key] for key in keys if key in self.accounts]

    def entered(self, first, last):
        return {key for key in self.accounts if first <= key <= last}

    def settled(self):
        return self.until

    def settle(self, until):
        self.until = until


class MemoryHealth:
    def __init__(self):
        self.known = {}

    def succeeded(self, source, at, *, data_time=None, next_attempt=None):
        before = self.known.get(source, SourceHealth(source))
        newest = before.data_time if data_time is None else data_time
        self.known[source] = SourceHealth(source, at, newest, next_attempt=next_attempt)

    def failed(self, source, error, at, *, kind="unreachable", next_attempt=None):
        before = self.known.get(source, SourceHealth(source))
        self.known[source] = replace(
            before,
            error=error,
            kind=kind,
            failing_since=at if before.failing_since is None else before.failing_since,
            failures_in_a_row=before.failures_in_a_row + 1,
            next_attempt=next_attempt,
        )

    def retain(self, names):
        self.known = {name: one for name, one in self.known.items() if name in names}

    def sources(self):
        return [self.known[name] for name in sorted(self.known)]


class Outbox:
    """A publisher that remembers what was published."""

    def __init__(self):
        self.events = []

    def publish(self, event):
        self.events.append(event)


class MemoryCache:
    def __init__(self):
        self.values = {}

    def get(self, key):
        return self.values.get(key)

    def put(self, key, value, ttl):
        self.values[key] = value


class MemoryMetrics:
    """`counted`: sums, also of the parts of figures, as `FetchFailures.outage`; `observed`: all that was measured."""

    def __init__(self):
        self.counted = Counter()
        self.observed = []

    def count(self, figures):
        for name, number in figures.items():
            parts = number if isinstance(number, Mapping) else {}
            self.counted[name] += sum(parts.values()) if isinstance(number, Mapping) else number
            self.counted.update({f"{name}.{part}": value for part, value in parts.items()})

    def observe(self, figures):
        self.observed += figures.items()


class MemoryBudgets:
    def __init__(self):
        self.budgets = {}

    def update(self, account, change):
        self.budgets[account] = change(self.budgets.get(account))
        return self.budgets[account]

    def find(self, account):
        return self.budgets.get(account)

    def known(self):
        return [self.budgets[account] for account in sorted(self.budgets)]


class MemoryLease:
    def __init__(self):
        self.taken = {}

    def take(self, name, tick):
        free = tick > self.taken.get(name, -1)
        if free:
            self.taken[name] = tick
        return free


class MemoryKeys:
    def __init__(self):
        self.kept = {}

    def put(self, key):
        self.kept[key.digest] = key

    def find(self, digest):
        return self.kept.get(digest)

    def known(self):
        return sorted(self.kept.values(), key=lambda key: (key.created_at, key.digest))

    def revoke(self, digest):
        self.kept.pop(digest, None)


class MemoryFlights:
    def __init__(self):
        self.kept = {}
        self.fences = {}

    def put(self, flights, fence):
        for row in flights.iter_rows(named=True):
            key = row["icao24"], row["first_seen"]
            if fence >= self.fences.get(key, 0):
                self.kept[key], self.fences[key] = row, fence

    def of_aircraft(self, icao24, asked):
        return self._find(lambda row: row["icao24"] == icao24, "first_seen", asked)

    def of_airport(self, airport, side, asked):
        return self._find(lambda row: row[side.value] == airport, side.moment, asked)

    def of_callsign(self, callsign, asked):
        def chosen(row):
            return row["phase"] != "airborne" and (row["callsign"] or "").upper() == callsign

        return self._find(chosen, "first_seen", asked)

    def in_progress(self, time):
        rows = sorted(self.kept.values(), key=lambda row: row["first_seen"])
        rows = [
            row
            for row in rows
            if time - LONGEST_FLIGHT <= row["first_seen"] <= time
            and (row["phase"] == "airborne" or row["last_seen"] >= time)
        ]
        return pl.DataFrame(rows, schema=FLIGHT_SCHEMA, orient="row").select(*FLIGHT_ENDS).unique("icao24", keep="last")

    def _find(self, chosen, moment, asked):
        places = {
            (row[moment], row["icao24"]): row
            for row in self.kept.values()
            if chosen(row) and asked.begin <= row[moment] <= asked.end
        }
        newest = [places[place] for place in sorted(places, reverse=True) if asked.after is None or place < asked.after]
        return pl.DataFrame(newest[: asked.limit], schema=FLIGHT_SCHEMA, orient="row")


AIRPORTS = Airports(
    pl.DataFrame(
        [("LFPG", 49.0128, 2.55, 119.0, True), ("EGLL", 51.4706, -0.4619, 25.0, True)],
        schema=AIRPORT_SCHEMA,
        orient="row",
    )
)
"""A world of two airports."""


def process(  # noqa: PLR0913, as the stage
    archive, live, ledger, clock, *, flights=None, history=None, expiry=330.0, metrics=None
):
    """A process stage, also on backends, with flights and history in memory unless they are given."""
    return Process(
        archive,
        live,
        history or MemoryHistory(),
        flights or MemoryFlights(),
        ledger,
        Moving(AIRPORTS, expiry=expiry),
        clock,
        metrics,
    )


class MemoryHistory:
    """Every question is answered from one table of all states that were added."""

    def __init__(self):
        self.added = {}
        self.compacted = set()

    def add(self, key, states):
        before = [self.added[key]] if key in self.added else []
        self.added[key] = pl.concat([*before, states]).unique(maintain_order=True)

    def track(self, icao24, start, end):
        return self._between(start, end).filter(pl.col("icao24") == icao24).sort("last_contact", "source")

    def picture(self, time, since):
        past = self._all().filter(pl.col("last_contact").is_between(since, time))
        return past.unique(["icao24", "source"], keep="last", maintain_order=True)

    def states(self, selection):
        found = self._between(selection.start, selection.end)
        altitude = pl.when("on_ground").then(pl.col("baro_altitude").fill_null(0)).otherwise("baro_altitude")
        if selection.region is not None:
            found = found.filter(inside(selection.region))
        if selection.icao24:
            found = found.filter(pl.col("icao24").is_in(selection.icao24))
        if selection.altitude_min is not None:
            found = found.filter(altitude >= selection.altitude_min)
        if selection.altitude_max is not None:
            found = found.filter(altitude <= selection.altitude_max)
        hours = found.with_columns(hour=pl.col("last_contact") // 3600).sort("hour", maintain_order=True)
        yield from (hour.drop("hour") for hour in hours.partition_by("hour", maintain_order=True))

    def due(self, now):
        ends = {(hour + 1) * 3600.0 for hour in (self._all()["last_contact"] // 3600).unique()} - self.compacted
        return sorted(end - 3600 for end in ends if now >= end + 600)

    def compact(self, hour):
        self.compacted.add(hour + 3600)

    def expire(self, before):
        hours = {time // 3600 for states in self.added.values() for time in states["last_contact"]}
        kept = pl.col("last_contact") // 3600 * 3600 + 3600 > before
        self.added = {key: states.filter(kept) for key, states in self.added.items()}
        return sum(hour * 3600 + 3600 <= before for hour in hours)

    def _all(self):
        order = ["icao24", "last_contact", "source", "time_position", *no_states().columns]
        key = order[:3]
        everything = pl.concat([no_states(), *self.added.values()]).sort(list(dict.fromkeys(order)), nulls_last=False)
        return everything.unique(key, keep="last", maintain_order=True)

    def _between(self, start, end):
        return self._all().filter(pl.col("last_contact").is_between(start, end, closed="left"))
