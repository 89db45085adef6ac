"""What the pipeline costs on AWS in a month, beside one item per aircraft: `python scripts/cost.py`.

Sizes and counts are measured by a test (`tests/integration/test_aws_backends.py`), which processes real answers of
OpenSky for the globe with the package's own code on a local AWS. Prices: us-east-1, on demand, in USD, without free
tiers; check them against AWS's price pages. Prints the tables of `docs/cost.md`.
"""

from dataclasses import dataclass

from flightdata.models.figures import FIGURES

HOUR = 3_600
DAY = 24 * HOUR
MONTH = 30 * DAY
MILLION, GIGABYTE = 1e6, 1e9

WRITE_UNIT, READ_UNIT, TABLE, RECOVERY = 0.625 / MILLION, 0.125 / MILLION, 0.25, 0.20
READ_BYTES = 4_096
PUT, GET, STORED = 0.005 / 1_000, 0.0004 / 1_000, 0.023
EVENT, QUEUE_CALL = 1.00 / MILLION, 0.40 / MILLION
INVOCATION, GIGABYTE_SECOND = 0.20 / MILLION, 0.0000133334
LOGS, ALARM, DASHBOARD, METRIC, TRACE = 0.50, 0.10, 3.00, 0.30, 5.00 / MILLION
CACHE_HOUR, REQUEST, EGRESS = 0.016, 1.00 / MILLION, 0.09

FETCH_SECONDS, PROCESS_SECONDS, API_SECONDS, ANALYTICS_SECONDS = 2.0, 1.5, 0.02, 60.0
"""Assumed, generously: the functions' billed time a call. Of the processor's, half is for flights, one put each."""
LOG_BYTES, API_LOG_BYTES, ANSWER_BYTES = 6_000, 1_500, 8_000
"""Assumed. Of a snapshot's way through all stages, with the runtime's own lines; of a request, with the gateway's line;
of an answer, compressed.
"""
ALARMS, METRICS = 22, sum(one.cloud for one in FIGURES)
QUEUE_CALLS, TICK_CALLS, POLLS = 3, 3, 2 * 5 * MONTH / 20
"""Of a snapshot and of a delayed tick: sent, received, deleted. AWS asks both queues all the time, five times at once,
for 20 s each.
"""
TICK_READS, TICK_WRITES = 9, 3
"""Of OpenSky's budget, the lease of a tick and the source's health."""

REBASED, KEPT = 300, 3_900
"""s: from one whole version to the next; for so long a version is there. As `live/dynamodb.py` has them."""
FLIGHTS_DAYS = 30
"""So long flights are kept, as `prod` has it."""
LOOKS = 30 * 24
"""For snapshots that were never published, each hour: a LIST for the names of the sources and one of a source (for
1,000 of its keys), a small read and a small write; and the accounts of the hour, which lie side by side.
"""
CARRIED_DAYS = 2
"""S3 deletes what is older than a day at the next midnight."""


@dataclass(frozen=True)
class Sizes:
    """Measured. For `aircraft`, at one snapshot: bytes archived and `carried` on S3; DynamoDB's write units for the
    live picture as a whole, and its bytes; for the account, and its bytes.

    For `evening` aircraft: write units of a version that is a difference; a second: those of flights, and how many of
    them open and end. Bytes of a flight in the table, and in the indexes.
    """

    aircraft: int
    raw: int
    carried: int
    whole_units: int
    account_units: int
    account_bytes: int
    evening: int
    difference_units: float
    flight_units: float
    opened: float
    ended: float
    flight_bytes: int
    entry_bytes: int

    @property
    def scale(self) -> float:
        """What was measured in the evening grows in proportion to the aircraft."""
        return self.aircraft / self.evening

    @property
    def flights(self) -> float:
        """A second, in the long run: as many end as open."""
        return self.opened * self.scale

    @property
    def units_of_flights(self) -> float:
        """A second. A flight's end is two units, the item and its callsign, besides an arrival; those that opened in
        the recording and had an arrival have ended in it, those that were just lost from hearing have not.
        """
        return (self.flight_units + 2 * (self.opened - self.ended)) * self.scale

    def live_units(self, every: float) -> float:
        """Of a version on average: a whole one, then differences to it."""
        differences = REBASED // every
        return (self.whole_units + differences * self.difference_units * self.scale) / (1 + differences)


RECORDED = Sizes(
    aircraft=12_349,
    raw=446_055,
    carried=1_611_439,
    whole_units=387,
    account_units=2,
    account_bytes=442,
    evening=10_849,
    difference_units=149,
    flight_units=7.87,
    opened=2.38,
    ended=1.41,
    flight_bytes=397,
    entry_bytes=363,
)

BATCH, BATCH_PUTS, BATCH_GETS = 15, 3, 2
"""Recent objects that are compacted at once, and the requests of that: two PUTs and a LIST, two reads of what was."""
STATE_BYTES = 12.0
"""Of a state in a compacted hour, assumed: 3.4 at 10 s, simulated; 23 for the globe every four minutes."""


def data_plane(sizes: Sizes, every: float) -> dict[str, float]:
    """What collecting and keeping cost, whether anybody asks or not. A store more is a line more."""
    number = MONTH / every
    seconds = FETCH_SECONDS * 0.5 + PROCESS_SECONDS * 1.0  # times GB of memory
    live = sizes.live_units(every)
    carried = DAY / every * CARRIED_DAYS * sizes.carried / GIGABYTE * STORED
    return {
        "DynamoDB, versions": number * live * WRITE_UNIT,
        "DynamoDB, flights": MONTH * sizes.units_of_flights * WRITE_UNIT,
        "DynamoDB, accounts, ticks": number * (sizes.account_units + TICK_WRITES) * WRITE_UNIT,
        "DynamoDB, reads by fetcher and processor": number * (TICK_READS + 1 + live / 4) * READ_UNIT,
        "DynamoDB, stored": stored(sizes, every),
        "S3, what versions carry": number * (PUT + GET) + carried,
        "S3, a month's snapshots": number * (PUT + GET) + number * sizes.raw / GIGABYTE * STORED,
        "S3, a month's history": number * history_cost(sizes),
        "EventBridge and SQS": number * (EVENT + (QUEUE_CALLS + TICK_CALLS / 2) * QUEUE_CALL) + POLLS * QUEUE_CALL,
        "S3 and DynamoDB, looking for lost snapshots": LOOKS * look_cost(sizes, every),
        "Lambda, fetcher and processor": number * (2 * INVOCATION + seconds * GIGABYTE_SECOND),
        "CloudWatch, logs": number * LOG_BYTES / GIGABYTE * LOGS,
        "X-Ray, two traces": number * 2 * TRACE,
    }


def stored(sizes: Sizes, every: float) -> float:
    """In the table: the flights of `FLIGHTS_DAYS`, the accounts of a month, the newest versions; the table itself (not
    its indexes) a second time for recovery to any moment.
    """
    flights, accounts = sizes.flights * FLIGHTS_DAYS * DAY, MONTH / every
    versions = KEPT / every * sizes.live_units(every) * 1024
    in_table = flights * sizes.flight_bytes + accounts * sizes.account_bytes + versions
    in_indexes = flights * sizes.entry_bytes + accounts * sizes.account_bytes
    return (in_table * (TABLE + RECOVERY) + in_indexes * TABLE) / GIGABYTE


def history_cost(sizes: Sizes) -> float:
    """Of a snapshot: its recent object written and read once, its share of the compaction, its states for a month."""
    requests = PUT + GET + (BATCH_PUTS * PUT + BATCH_GETS * GET) / BATCH
    return requests + sizes.aircraft * STATE_BYTES / GIGABYTE * STORED


def look_cost(sizes: Sizes, every: float) -> float:
    """Of a look for lost snapshots through an hour."""
    units = 1 + HOUR / every * sizes.account_bytes / READ_BYTES
    return 2 * PUT + units * READ_UNIT + WRITE_UNIT


def standing(sizes: Sizes, requests: float) -> dict[str, float]:
    """What answering costs, with so many API requests a month, and watching."""
    units = sizes.live_units(30) / 4 * MONTH / 30  # every version read once from the table, then from the cache
    return {
        "ElastiCache, one cache.t4g.micro": CACHE_HOUR * MONTH / 3600,
        f"API, {requests:,.0f} requests": requests * (REQUEST + INVOCATION + API_SECONDS * 0.25 * GIGABYTE_SECOND),
        "API, logs": requests * API_LOG_BYTES / GIGABYTE * LOGS,
        "API, traces, each request": requests * TRACE,
        "API, data out": requests * ANSWER_BYTES / GIGABYTE * EGRESS,
        "DynamoDB, reads by the API": (requests + units) * READ_UNIT,
        "Lambda, analytics": 30 * 24 * (INVOCATION + ANALYTICS_SECONDS * 0.5 * GIGABYTE_SECOND),
        "CloudWatch, alarms, dashboard, metrics": ALARMS * ALARM + DASHBOARD + METRICS * METRIC,
    }


def table(title: str, columns: dict[str, dict[str, float]]) -> None:
    names = list(next(iter(columns.values())))
    print(f"| {title} | {' | '.join(columns)} |")
    print(f"| --- |{' ---: |' * len(columns)}")
    for name in names:
        print(f"| {name} | {' | '.join(f'{column[name]:.2f}' for column in columns.values())} |")
    print(f"| **together** | {' | '.join(f'**{sum(column.values()):.2f}**' for column in columns.values())} |\n")


def main() -> None:
    sizes = RECORDED
    print(
        f"One snapshot: {sizes.aircraft:,} aircraft, {sizes.raw / 1e3:.0f} KB archived, {sizes.whole_units} write "
        f"units for the live version as a whole, {sizes.difference_units * sizes.scale:.0f} for one that is a "
        f"difference, {sizes.carried / 1e3:.0f} KB that it carries for the next one. Flights: {sizes.flights:.1f} a "
        f"second, {sizes.units_of_flights:.1f} write units a second, {sizes.flight_bytes} bytes each in the table and "
        f"{sizes.entry_bytes} in its indexes.\n"
    )
    intervals = {f"every {every} s": data_plane(sizes, every) for every in (30, 90)}
    table("data plane, USD a month", intervals)
    table("standing, USD a month", {"dev, staging": standing(sizes, 1e6)})
    items = {f"every {every} s": MONTH / every * sizes.aircraft * WRITE_UNIT for every in (30, 90)}
    print("One item per aircraft instead, DynamoDB's writes alone: ", end="")
    print(", ".join(f"{cost:,.0f} USD {name}" for name, cost in items.items()) + ".")


if __name__ == "__main__":
    main()
