"""What the pipeline costs on AWS in a month, beside one item per aircraft: `python scripts/cost.py`.

What one snapshot weighs was measured on ten answers of OpenSky for the globe, 2025-12-30 17:41 to 18:19, an evening, 73
to 786 s apart, processed by the package's own code on a local AWS; a test measures it again
(`tests/integration/test_aws_backends.py`). Prices: us-east-1, on demand, in USD, without free tiers; check them against
AWS's price pages. Prints the tables of `docs/cost.md`.
"""

from dataclasses import dataclass
from math import ceil

from flightdata.models.figures import FIGURES

DAY = 86_400
MONTH = 30 * DAY
MILLION, GIGABYTE = 1e6, 1e9

WRITE_UNIT, READ_UNIT = 0.625 / MILLION, 0.125 / MILLION
PUT, GET, STORED = 0.005 / 1_000, 0.0004 / 1_000, 0.023
EVENT, QUEUE_CALL = 1.00 / MILLION, 0.40 / MILLION
INVOCATION, GIGABYTE_SECOND = 0.20 / MILLION, 0.0000133334
LOGS, ALARM, DASHBOARD, METRIC, TRACE = 0.50, 0.10, 3.00, 0.30, 5.00 / MILLION
CACHE_HOUR = 0.016
REQUEST = 1.00 / MILLION

FETCH_SECONDS, PROCESS_SECONDS, API_SECONDS, ANALYTICS_SECONDS = 2.0, 0.8, 0.02, 60.0
"""Assumed, generously: the functions' billed time a call."""
LOG_BYTES = 4_000
"""Of a snapshot's way through all stages, with the runtime's own lines."""
ALARMS, METRICS = 16, sum(one.cloud for one in FIGURES)
QUEUE_CALLS = 4
"""Sent, received, deleted; and the empty polls of the event source, spread over the snapshots."""


CARRIED_DAYS = 2
"""S3 deletes what is older than a day at the next midnight."""


@dataclass(frozen=True)
class Sizes:
    """Of one snapshot: bytes archived and `carried` on S3, DynamoDB's write units for the live picture and the account;
    and those for flights each second.
    """

    aircraft: int
    raw: int
    carried: int
    live_units: int
    account_units: int
    flight_units: float


RECORDED = Sizes(10_849, 389_355, 1_030_864, 336, 2, 8.39)
HEALTH_UNITS = 1

BATCH, BATCH_PUTS, BATCH_GETS = 15, 3, 2
"""Recent objects that are compacted at once, and the requests of that: two PUTs and a LIST, two reads of what was."""
STATE_BYTES = 12.0
"""Of a state in a compacted hour, assumed: 3.4 at 10 s, simulated; 23 for the globe every four minutes."""


def data_plane(sizes: Sizes, every: float) -> dict[str, float]:
    """What grows with the snapshots. A store more is a line more."""
    number = MONTH / every
    seconds = FETCH_SECONDS * 0.5 + PROCESS_SECONDS * 1.0  # times GB of memory
    units = sizes.live_units + sizes.account_units + HEALTH_UNITS
    carried = DAY / every * CARRIED_DAYS * sizes.carried / GIGABYTE * STORED
    return {
        "DynamoDB, versions and accounts": number * units * WRITE_UNIT,
        "DynamoDB, flights": MONTH * sizes.flight_units * WRITE_UNIT,
        "S3, what versions carry": number * (PUT + GET) + carried,
        "S3, a month's snapshots, requests": number * (PUT + GET) + number * sizes.raw / GIGABYTE * STORED,
        "S3, a month's history, requests": number * history_cost(sizes),
        "EventBridge and SQS": number * (EVENT + QUEUE_CALLS * QUEUE_CALL),
        "Lambda, fetcher and processor": number * (2 * INVOCATION + seconds * GIGABYTE_SECOND),
        "CloudWatch, logs": number * LOG_BYTES / GIGABYTE * LOGS,
        "X-Ray, two traces": number * 2 * TRACE,
    }


def history_cost(sizes: Sizes) -> float:
    """Of a snapshot: its recent object written and read once, its share of the compaction, its states for a month."""
    requests = PUT + GET + (BATCH_PUTS * PUT + BATCH_GETS * GET) / BATCH
    return requests + sizes.aircraft * STATE_BYTES / GIGABYTE * STORED


def standing(requests: float) -> dict[str, float]:
    """What does not, with so many API requests a month."""
    units = ceil(RECORDED.live_units / 4) * MONTH / 30  # every version read once from the table, then from the cache
    return {
        "ElastiCache, one cache.t4g.micro": CACHE_HOUR * MONTH / 3600,
        f"API, {requests:,.0f} requests": requests * (REQUEST + INVOCATION + API_SECONDS * 0.25 * GIGABYTE_SECOND),
        "DynamoDB, reads": (requests + units) * READ_UNIT,
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
        f"One snapshot: {sizes.aircraft:,} aircraft, {sizes.raw / 1e3:.0f} KB archived, {sizes.live_units} write units "
        f"for the live version, {sizes.carried / 1e3:.0f} KB that it carries for the next one. "
        f"Flights: {sizes.flight_units:.1f} write units a second.\n"
    )
    intervals = {f"every {every} s": data_plane(sizes, every) for every in (30, 90)}
    table("data plane, USD a month", intervals)
    table("standing, USD a month", {"dev, staging": standing(1e6)})
    items = {f"every {every} s": MONTH / every * sizes.aircraft * WRITE_UNIT for every in (30, 90)}
    print("One item per aircraft instead, DynamoDB's writes alone: ", end="")
    print(", ".join(f"{cost:,.0f} USD {name}" for name, cost in items.items()) + ".")


if __name__ == "__main__":
    main()
