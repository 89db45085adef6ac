"""The whole pipeline on AWS while AWS misbehaves, beside the embedded home: the same answers, nothing lost or twice."""

import gzip
import json
import random
import time
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import polars as pl
import pytest
from fakes import SetClock
from fixtures.fault_proxy import Faults, fault_proxy
from fixtures.recordings import GLOBAL, folder
from samples import archived

from flightdata.errors import Transient
from flightdata.models.flight import FlightsAsked, Side
from flightdata.models.search import FlightSearch
from flightdata.models.selection import Selection
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.states import STATE_SCHEMA
from flightdata.pipeline.work import work
from flightdata.settings import Settings
from flightdata.wiring import PARIS, House

FAULTS = Faults(unprocessed=0.3, refused=0.3, throttled=0.05, reset=0.03, lost=0.03, slow=0.05)
LATE = Faults(silent=0.03, slow=0.03, late=1.0)
"""None of these answers comes within TIMEOUT."""
TIMEOUT = 0.4
EVERY = {
    ("dynamodb", "unprocessed"),
    ("events", "refused"),
    *((service, "throttled") for service in ("dynamodb", "s3", "sqs")),
    *((service, fault) for service in ("dynamodb", "sqs") for fault in ("reset", "lost", "slow")),
}
"""What must have happened at least once in many snapshots for the test to say anything."""

EVERY_LATE = {(service, fault) for service in ("dynamodb", "sqs") for fault in ("silent", "slow")}

GLOBE = "opensky/global_20260508"
THINNED = 60
"""Of a global answer each so many-th aircraft."""

PATIENCE = 30
"""How often something is tried before it is called lost."""
VISIBILITY = 1
HOUR = 3600.0
EVERYTHING = FlightsAsked(0.0, 4e9, 10_000)


def paris(number):
    """The shipped recording, a frame each 30 s."""
    with closing(House(Settings(_env_file=None))) as house:
        recording = house.recordings([PARIS])
        return [recording.fetch() for _ in range(number * 3)][::3]


def globe(number):
    """A recorded answer each half hour, thinned."""
    found = []
    for name in islice(GLOBAL[GLOBE], number):
        answer = json.loads(gzip.decompress((folder() / GLOBE / f"{name}.json.gz").read_bytes()))
        answer["states"] = answer["states"][::THINNED]
        found.append(RawSnapshot("opensky", answer["time"] + 1.0, json.dumps(answer).encode()))
    return found


@pytest.fixture
def clock():
    return SetClock(float(int(time.time())))


@pytest.fixture
def embedded(tmp_path, clock):
    with closing(House(Settings(_env_file=None, data_dir=tmp_path / "embedded"), clock)) as house:
        yield house


@pytest.fixture
def on_aws(account, redis, tmp_path, clock, monkeypatch):
    """`on_aws(url, **settings)`: a house whose backends are all on AWS, asked at `url`."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    queue, dead = account.queues(visibility=VISIBILITY, max_attempts=PATIENCE)
    settings = Settings(
        _env_file=None,
        environment="dev",
        data_dir=tmp_path / "aws",
        s3_raw_bucket=account.bucket,
        s3_history_bucket=account.bucket,
        eventbridge_bus_name=account.bus,
        dynamodb_flights_table=account.table,
        sqs_queue_url=queue,
        sqs_dead_letter_queue_url=dead,
        queue_max_attempts=PATIENCE,
        redis_cluster_endpoint=redis,
    )

    @contextmanager
    def opened(url, **more):
        with closing(House(settings.model_copy(update={"aws_endpoint_url": url} | more), clock)) as house:
            yield house

    return opened


class Given:
    """A source with one answer, as often as it is asked."""

    name = "given"

    def __init__(self, snapshot):
        self._snapshot = snapshot

    def next_due(self):
        return 0.0

    def fetch(self):
        return self._snapshot


@pytest.fixture
def homes(on_aws, account, embedded):
    """`on_aws(url)`, the `account` that is asked there, and the `embedded` home."""
    return SimpleNamespace(on_aws=on_aws, account=account, embedded=embedded)


def persistently(step):
    """What `step` returns, once AWS lets it through. Whoever is refused comes again, as Lambda and collectors do."""
    for _ in range(PATIENCE):
        with suppress(Transient):
            return step()
    raise AssertionError("AWS never let it through")


def through(house, snapshots):
    """Each of them fetched, archived, published, and processed before the next one."""
    for one in snapshots:
        persistently(lambda one=one: house.fetch.tick(Given(one)))
        persistently(lambda one=one: _worked(house, one.key))


def _worked(house, key):
    """Until the message is done, and gone."""
    work(house.queue, house.process, wait=VISIBILITY, patient=False)
    depth = house.queue.depth()
    if depth.waiting or depth.in_flight or not house.ledger.find([key]):
        raise Transient("not yet")


def shown(house):
    """All pages of the live picture, as the API has them."""
    answers, cursor = [], None
    while not answers or cursor:
        page = json.loads(house.query.flights(FlightSearch(limit=1000, cursor=cursor)))
        cursor = page["next_cursor"]
        answers.append((page["time"], page["total"], page["flights"]))
    return answers


def stored(house):
    """All flights of all aircraft, of all airports and of all callsigns."""
    flights = house.flights
    aircraft = sorted(house.live.latest().tracked["icao24"].to_list())
    found = pl.concat([flights.of_aircraft(one, EVERYTHING) for one in aircraft])
    airports = {side: sorted(found[side.value].drop_nulls().unique()) for side in Side}
    callsigns = sorted(found["callsign"].drop_nulls().unique())
    return (
        found.to_dicts(),
        {(side, one): flights.of_airport(one, side, EVERYTHING).to_dicts() for side in Side for one in airports[side]},
        {one: flights.of_callsign(one, EVERYTHING).to_dicts() for one in callsigns},
    )


def remembered(house, snapshots):
    """Every state in the history, from before the first snapshot to after the last."""
    times = [one.received_at for one in snapshots]
    found = house.history.states(Selection(min(times) - HOUR, max(times) + HOUR))
    return pl.concat([pl.DataFrame(schema=STATE_SCHEMA), *found]).sort("icao24", "last_contact", "source")


def assert_the_same(house, homes, snapshots):
    embedded = homes.embedded
    kept = remembered(embedded, snapshots)
    assert remembered(house, snapshots).equals(kept)
    assert kept.height > 0
    assert shown(house) == shown(embedded)
    ours, theirs = house.live.latest(), embedded.live.latest()
    assert ours.tracked.sort("icao24").equals(theirs.tracked.sort("icao24"))
    flights, *lists = stored(embedded)
    assert stored(house) == (flights, *lists)
    items = homes.account.client("dynamodb").get_paginator("scan").paginate(TableName=homes.account.table)
    flown = [item for page in items for item in page["Items"] if item["pk"]["S"].startswith("flight#")]
    assert len(flown) == len(flights) > 0
    totals = house.ledger.totals()
    assert totals == embedded.ledger.totals()
    assert totals.rows == totals.stored + totals.superseded + sum(totals.rejected.values())


@pytest.mark.parametrize(
    ("frames", "number", "faults", "timeout", "expected"),
    [
        (paris, 15, FAULTS, 5.0, EVERY),
        (globe, 3, FAULTS, 5.0, {("dynamodb", "unprocessed")}),
        (paris, 15, LATE, TIMEOUT, EVERY_LATE),
    ],
    ids=["paris", "globe", "late"],
)
def test_through_all_faults_the_answers_are_those_of_the_embedded_home(  # noqa: PLR0913
    homes, frames, number, faults, timeout, expected
):
    snapshots = frames(number)
    through(homes.embedded, snapshots)
    with fault_proxy(homes.account.ministack.url, faults, seed=number) as proxy:
        with homes.on_aws(proxy.url, aws_timeout_seconds=timeout) as house:
            through(house, snapshots)
        assert expected - {fault for fault, times in proxy.done.items() if times} == set()
    with homes.on_aws(homes.account.ministack.url) as reader:
        assert_the_same(reader, homes, snapshots)
        assert reader.queue.depth().dead == 0
        keys = [one.key for one in snapshots]
        assert [one.key for one in reader.ledger.find(keys)] == keys


@pytest.mark.parametrize(("frames", "number"), [(paris, 6), (globe, 3)], ids=["paris", "globe"])
@pytest.mark.parametrize("seed", [1, 2])
def test_each_snapshot_ten_times_in_any_order_comes_to_the_same(homes, frames, number, seed):
    snapshots = frames(number)
    deliveries = snapshots * 10
    random.Random(seed).shuffle(deliveries)
    batches = [deliveries[start : start + 10] for start in range(0, len(deliveries), 10)]
    with homes.on_aws(homes.account.ministack.url) as house:
        for home in (house, homes.embedded):
            for one in snapshots:
                home.archive.put(one)
            for batch in batches:
                assert home.process.batch([archived(one) for one in batch]).failed == {}
        assert_the_same(house, homes, snapshots)
        assert house.ledger.totals().snapshots == number
        assert heard(house) == heard_in_order(snapshots)


def heard(house):
    """Who is in the picture, when and where he was last heard."""
    names = ("icao24", "last_contact", "longitude", "latitude")
    return set(house.live.shown().states.select(*names).iter_rows())


def heard_in_order(snapshots):
    with TemporaryDirectory() as data, closing(House(Settings(_env_file=None, data_dir=Path(data)))) as house:
        through(house, snapshots)
        return heard(house)
