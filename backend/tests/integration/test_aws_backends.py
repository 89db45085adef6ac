"""What the AWS backends do when AWS misbehaves, and what they cost. An emulator never fails, so `Faulty` does."""

import gzip
import json
import time
from dataclasses import asdict, replace
from functools import cache

import polars as pl
import pytest
import zstandard
from botocore.exceptions import ClientError, EndpointConnectionError
from fakes import MemoryArchive, MemoryCache, MemoryFlights, MemoryHistory, MemoryLedger, SetClock
from fixtures import aws
from fixtures.metering import Meter
from fixtures.recordings import GLOBAL
from samples import NOW, archived, event, flight, flights, picture, row, snapshot, state

from flightdata.backends import emulator
from flightdata.backends.archive.s3 import SUFFIX, S3Archive
from flightdata.backends.aws import delete_objects
from flightdata.backends.cache.none import NoCache
from flightdata.backends.flights.dynamodb import DynamoFlights
from flightdata.backends.layout import INDEXES, KEYS_ONLY
from flightdata.backends.ledger.dynamodb import DynamoLedger
from flightdata.backends.live.carried import PREFIX, CarriedParts
from flightdata.backends.live.dynamodb import CHUNK, KEPT, REBASED, REST, DynamoPictures
from flightdata.backends.live.packing import pack
from flightdata.backends.live.small import pack_small
from flightdata.backends.queue.eventbridge import EventBridgePublisher
from flightdata.errors import Poison, Transient
from flightdata.models.events import SnapshotArchived
from flightdata.models.flight import TRACKED_SCHEMA, FlightsAsked, Side
from flightdata.models.snapshot import RawSnapshot
from flightdata.pipeline.moving import Moving
from flightdata.pipeline.process import Process
from flightdata.reference.airports import airport_table
from flightdata.tracking.nearby import Airports
from scripts import cost

FAR = 2 * NOW
"""In fifty years: MiniStack deletes what has expired by its own clock."""

CHEAP_WRITES = 400
CHEAP_REQUESTS = 5


class Faulty:
    """An AWS client that notes its calls and answers some of them itself: `answers[operation]`, one after the other.

    An answer is a function of the client and the arguments, or an exception.
    """

    def __init__(self, client, **answers):
        self._client = client
        self._answers = {operation: list(answers) for operation, answers in answers.items()}
        self.calls = []

    def __getattr__(self, operation):
        def call(**arguments):
            self.calls.append((operation, arguments))
            if waiting := self._answers.get(operation):
                answer = waiting.pop(0)
                if isinstance(answer, Exception):
                    raise answer
                return answer(self._client, arguments)
            return getattr(self._client, operation)(**arguments)

        return call if not operation.startswith(("get_paginator", "close")) else getattr(self._client, operation)


def refused(code):
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


def unprocessed_but_the_first(client, arguments):
    """As DynamoDB under load: some are written, the others handed back."""
    ((table, requests),) = arguments["RequestItems"].items()
    client.batch_write_item(RequestItems={table: requests[:1]})
    return {"UnprocessedItems": {table: requests[1:]} if requests[1:] else {}}


def pictures(account, client=None, cache=None, s3=None, clock=None):
    carried = CarriedParts(s3 or account.client("s3"), account.bucket)
    client, cache = client or account.client("dynamodb"), cache or NoCache()
    return DynamoPictures(client, account.table, lambda: carried, cache, clock or SetClock(FAR))


def big(version=1, aircraft=40_000):
    """A picture of several chunks."""
    return picture(
        *[
            state(f"{n:06x}", callsign=f"{n * 7919 % 10**8}", longitude=n * 0.6180339887498949 % 180)
            for n in range(aircraft)
        ],
        version=version,
    )


# The live picture on DynamoDB.


GLOBE = "opensky/global_20260508"
EVENING = "opensky/global_20251230"


def answers(recordings, folder, most=99):
    """What OpenSky said of the whole globe, one after the other."""
    for name in GLOBAL[folder][:most]:
        body = gzip.decompress((recordings / folder / f"{name}.json.gz").read_bytes())
        yield RawSnapshot("opensky", json.loads(body)["time"] + 1.0, body)


@cache
def moving():
    return Moving(Airports(airport_table()), expiry=330.0)


def test_a_global_snapshot_costs_few_write_units_and_requests(account, recordings):
    meter, archive = Meter(account.client("dynamodb")), MemoryArchive()
    others = MemoryHistory(), MemoryFlights(), MemoryLedger(), moving(), time.time
    stages = [Process(archive, pictures(account), *others) for _ in range(2)]
    for number, one in enumerate(answers(recordings, GLOBE)):
        archive.put(one)
        meter.clear()
        stored = stages[number % 2].batch([archived(one)]).accounts[0].stored  # each has to load the other's version
        assert meter.units["live"] <= CHEAP_WRITES, f"for {stored} aircraft"
        assert len(meter.requests) <= CHEAP_REQUESTS, meter.requests
    assert pictures(account).shown().aircraft == stored


def test_the_cost_is_computed_from_what_is_measured_here(account, recordings):
    found = cost.Sizes(**most_aircraft(account, recordings), **in_the_evening(account, recordings))
    assert asdict(found) == pytest.approx(asdict(cost.RECORDED), rel=0.02), found
    assert (cost.REBASED, cost.KEPT) == (REBASED, KEPT + REBASED)


def most_aircraft(account, recordings):
    """Of the answer with the most aircraft of all, and what is carried at most in the six hours around it."""
    s3, archive = account.client("s3"), S3Archive(account.client("s3"), account.bucket)
    meter, found = Meter(dynamodb := account.client("dynamodb")), []
    ledger = DynamoLedger(dynamodb, account.table)
    process = Process(
        archive, pictures(account, dynamodb), MemoryHistory(), MemoryFlights(), ledger, moving(), time.time
    )
    for one in answers(recordings, GLOBE):
        archive.put(one)
        meter.clear()
        aircraft = process.batch([archived(one)]).stored.aircraft
        found.append((aircraft, one.key, meter.units["live"], meter.units["account"]))
    sizes = {one["Key"]: one["Size"] for one in s3.list_objects_v2(Bucket=account.bucket)["Contents"]}
    aircraft, key, live, accounts = max(found)
    return {
        "aircraft": aircraft,
        "raw": sizes[key + SUFFIX],
        "carried": max(size for name, size in sizes.items() if name.startswith(PREFIX)),
        "whole_units": live,
        "account_units": accounts,
        "account_bytes": mean(stored_bytes(one) for one in meter.items("account")),
    }


def in_the_evening(account, recordings):
    """Of answers that follow each other fast enough. They have a table of their own, and begin anew."""
    emulator.make_table(account.client("dynamodb"), table := f"{account.table}-evening")
    meter, archive, clock = Meter(dynamodb := account.client("dynamodb")), MemoryArchive(), SetClock(0.0)
    flights, carried = Opening(DynamoFlights(dynamodb, table)), CarriedParts(account.client("s3"), account.bucket)
    live = DynamoPictures(dynamodb, table, lambda: carried, NoCache(), clock)
    process = Process(archive, live, MemoryHistory(), flights, MemoryLedger(), moving(), clock)
    written, differences = [], []
    for one in answers(recordings, EVENING, most=10):
        clock.now = one.received_at
        archive.put(one)
        meter.clear()
        flights.opened = flights.ended = 0
        aircraft = process.batch([archived(one)]).stored.aircraft
        written.append((one.received_at, meter.units["flight"], flights.opened, flights.ended))
        differences += [meter.units["live"]] if meter.units["live"] < _LEAST_WHOLE else []
    seconds = written[-1][0] - written[_SETTLED - 1][0]
    units, opened, ended = (sum(one[place] for one in written[_SETTLED:]) / seconds for place in (1, 2, 3))
    over = [one for one in meter.items("flight") if "callsign" in one]
    return {
        "evening": aircraft,
        "difference_units": mean(differences),
        "flight_units": units,
        "opened": opened,
        "ended": ended,
        "flight_bytes": mean(stored_bytes(one) for one in over),
        "entry_bytes": mean(sum(stored_bytes(entry) for entry in entries(one)) for one in over),
    }


_SETTLED = 2
"""Answers after which a flight that begins has begun: in the first, all do."""

_LEAST_WHOLE = 300
"""Write units of a whole version, of an evening."""


class Opening:
    """Flights that count which of those that are put open, and which end."""

    def __init__(self, flights):
        self._flights = flights
        self._known = set()

    def put(self, flights, fence):
        ids = set(flights.select("icao24", "first_seen").iter_rows())
        self.opened += len(ids - self._known)
        self.ended += flights.filter(pl.col("phase") != "airborne").height
        self._known |= ids
        self._flights.put(flights, fence)


def mean(numbers):
    numbers = list(numbers)
    return round(sum(numbers) / len(numbers))


def entries(item):
    """What the indexes of flights hold of it."""
    for names in (INDEXES[name] for name in KEYS_ONLY):
        if all(name in item for name in names):
            yield {name: item[name] for name in {"pk", "sk", *names}}


def stored_bytes(item):
    """As DynamoDB's price page counts: names, values, and 100 bytes of its own."""
    return 100 + sum(len(name) + len(next(iter(value.values()))) for name, value in item.items())


def test_chunks_that_were_not_processed_are_written_again(account):
    client = Faulty(account.client("dynamodb"), batch_write_item=[unprocessed_but_the_first] * 2)
    newest = big()
    assert pictures(account, client).publish(newest)
    assert pictures(account).latest().states.equals(newest.states)


def test_a_version_whose_chunks_are_never_taken_is_not_seen(account):
    nothing_taken = lambda _, arguments: {"UnprocessedItems": arguments["RequestItems"]}  # noqa: E731
    client = Faulty(account.client("dynamodb"), batch_write_item=[nothing_taken] * 99)
    with pytest.raises(Transient, match="did not take"):
        pictures(account, client).publish(picture(state("aaaaaa")))
    assert pictures(account).version() == 0


def test_a_publication_whose_answer_was_lost_has_happened(account):
    def carried_out_and_told_wrong(client, arguments):
        client.update_item(**arguments)
        raise refused("ConditionalCheckFailedException")  # botocore's second try

    client = Faulty(account.client("dynamodb"), update_item=[carried_out_and_told_wrong])
    assert pictures(account, client).publish(picture(state("aaaaaa")))
    assert pictures(account).version() == 1


@pytest.mark.parametrize("operation", ["get_item", "batch_write_item", "update_item"])
@pytest.mark.parametrize(
    "error", [refused("ProvisionedThroughputExceededException"), EndpointConnectionError(endpoint_url="there")], ids=str
)
def test_what_aws_refuses_is_transient_and_leaves_the_old_version(account, operation, error):
    pictures(account).publish(picture(state("aaaaaa")))
    live = pictures(account, Faulty(account.client("dynamodb"), **{operation: [error]}))
    with pytest.raises(Transient):
        live.publish(picture(state("bbbbbb"), version=2))
    assert pictures(account).latest().states["icao24"].to_list() == ["aaaaaa"]


def chunks_of(account):
    return [one for one in account.client("dynamodb").scan(TableName=account.table)["Items"] if "bytes" in one]


def test_chunks_expire_an_hour_after_and_the_versions_go_on(account):
    live = pictures(account)
    live.publish(picture(state("aaaaaa")))
    table = account.client("dynamodb")
    chunks = chunks_of(account)
    assert [int(one["expires_at"]["N"]) for one in chunks] == [int(FAR + KEPT + REBASED)]
    for one in chunks:
        table.delete_item(TableName=account.table, Key={"pk": one["pk"], "sk": one["sk"]})
    late = pictures(account)
    with pytest.raises(Transient, match="0 of 1 chunks are there"):
        late.shown()
    assert (late.latest().version, late.latest().aircraft) == (1, 0)
    assert late.publish(picture(state("bbbbbb"), version=2))


def followed(version=1):
    """A picture of one aircraft, which is followed."""
    tracked = pl.DataFrame([{"icao24": "aaaaaa", "heard": NOW, "phase": "airborne"}], schema=TRACKED_SCHEMA)
    return replace(picture(state("aaaaaa"), version=version), tracked=tracked)


def test_flights_in_progress_outlive_the_chunks(account):
    pictures(account).publish(followed())
    table = account.client("dynamodb")
    for one in chunks_of(account):
        table.delete_item(TableName=account.table, Key={"pk": one["pk"], "sk": one["sk"]})
    found = pictures(account).latest()
    assert (found.version, found.time, found.aircraft) == (1, followed().time, 0)
    assert found.tracked.equals(followed().tracked)


@pytest.mark.parametrize("damage", [None, b"", b"no", zstandard.compress(pack(picture(version=1)))])
def test_without_what_it_carries_a_version_is_shown_and_the_versions_go_on(account, damage):
    pictures(account).publish(followed())
    s3 = account.client("s3")
    (one,) = s3.list_objects_v2(Bucket=account.bucket, Prefix=PREFIX)["Contents"]
    s3.delete_object(Bucket=account.bucket, Key=one["Key"])
    if damage is not None:
        s3.put_object(Bucket=account.bucket, Key=one["Key"], Body=damage)
    late = pictures(account)
    assert late.shown().states["icao24"].to_list() == ["aaaaaa"]
    assert (late.latest().version, late.latest().aircraft, late.latest().tracked.height) == (1, 1, 0)
    assert late.publish(followed(version=2))


@pytest.mark.parametrize("operation", ["put_object", "get_object"])
def test_a_part_that_s3_does_not_take_or_give_is_transient(account, operation):
    pictures(account).publish(followed())
    live = pictures(account, s3=Faulty(account.client("s3"), **{operation: [refused("SlowDown")]}))
    with pytest.raises(Transient, match="SlowDown"):
        live.latest() if operation == "get_object" else live.publish(followed(version=2))
    assert pictures(account).version() == 1
    assert live.latest().tracked.equals(followed().tracked)


class Killed(BaseException):
    """As `kill -9`: nobody catches it."""


@pytest.mark.parametrize("operation", ["put_object", "batch_write_item", "update_item"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_moment_a_publication_is_there_as_a_whole_or_not_at_all(account, operation, after):
    pictures(account).publish(followed())

    def killed(client, arguments):
        if after:
            getattr(client, operation)(**arguments)
        raise Killed

    clients = [Faulty(account.client(name), **{operation: [killed]}) for name in ("dynamodb", "s3")]
    with pytest.raises(Killed):
        pictures(account, client=clients[0], s3=clients[1]).publish(followed(version=2))
    found, version = pictures(account), 2 if operation == "update_item" and after else 1
    assert (found.version(), found.shown().version, found.latest().version) == (version,) * 3
    assert found.latest().tracked.equals(followed().tracked)
    assert found.publish(followed(version=version + 1))


def test_who_only_shows_the_picture_asks_no_s3(account):
    pictures(account).publish(followed())
    s3 = Faulty(account.client("s3"))
    assert pictures(account, s3=s3).shown().aircraft == 1
    assert s3.calls == []


def test_a_version_is_read_once_from_the_table_and_then_from_the_cache(account):
    cache, newest = MemoryCache(), big()
    pictures(account).publish(newest)
    assert pictures(account, cache=cache).latest().states.equals(newest.states)
    (key,) = cache.values
    table = account.client("dynamodb")
    for item in table.scan(TableName=account.table)["Items"]:
        if item["pk"]["S"] == key.replace("live:", "live#"):
            table.delete_item(TableName=account.table, Key={"pk": item["pk"], "sk": item["sk"]})
    assert pictures(account, cache=cache).latest().states.equals(newest.states)


@pytest.mark.parametrize("damage", [lambda packed: packed[:-100], lambda _: b"", lambda _: b"something else"])
def test_what_the_cache_holds_damaged_is_read_from_the_table_and_put_there_again(account, damage):
    cache, live, newest = MemoryCache(), pictures(account), moved(2, 30)
    assert live.publish(big())
    assert live.publish(newest)
    pictures(account, cache=cache).shown()
    whole = dict(cache.values)
    assert len(whole) == 2, "a whole version and the difference to it"
    cache.values = {key: damage(packed) for key, packed in whole.items()}
    assert pictures(account, cache=cache).latest().states.equals(newest.states)
    assert cache.values == whole


def moved(version, seconds):
    """`big`, some seconds later: all have moved, one has gone, one has come."""
    before = big()
    states = before.states.with_columns(last_contact=pl.col("last_contact") + seconds)[1:]
    return replace(before, version=version, states=pl.concat([states, picture(state("ffffff")).states]))


def sizes(account):
    """Bytes of the versions, the latest last, and the content that the newest is told by."""
    pages = account.client("dynamodb").get_paginator("scan").paginate(TableName=account.table)
    items = [one for page in pages for one in page["Items"]]
    (manifest,) = [one for one in items if one["pk"]["S"] == "live"]
    of = {}
    for one in items:
        if "bytes" in one:
            name = one["pk"]["S"].removeprefix("live#")
            of[name] = of.get(name, 0) + len(one["bytes"]["B"])
    return of, manifest["content"]["S"], manifest["based_on"]["S"]


def test_a_version_is_the_difference_to_a_whole_one_for_some_minutes(account):
    clock, based = SetClock(FAR), []
    live = pictures(account, clock=clock)
    for version, at in enumerate((0, 30, REBASED, REBASED + 1, REBASED + 31), start=1):
        clock.now = FAR + at
        newest = moved(version, at) if at else big()
        assert live.publish(newest)
        of, content, base = sizes(account)
        based.append(base)
        assert (of[content] < 0.7 * of[base]) == (content != base)
        for reader in (live, pictures(account)):
            assert reader.shown().states.equals(newest.shown.states)
            assert reader.latest().states.equals(newest.states)
    assert [based.index(one) for one in based] == [0, 0, 0, 3, 3]


def test_who_did_not_publish_the_whole_version_goes_on_with_it(account):
    pictures(account).publish(big())
    for version in (2, 3):
        other = pictures(account)
        other.latest()
        assert other.publish(moved(version, 30 * version))
    assert len({base for _, _, base in [sizes(account)]} & sizes(account)[0].keys()) == 1
    assert sizes(account)[1] != sizes(account)[2]
    assert pictures(account).shown().states.equals(moved(3, 90).shown.states)


@pytest.mark.parametrize("damage", [None, b"", b"no"])
def test_without_its_whole_version_one_starts_anew_and_the_next_is_whole(account, damage):
    live = pictures(account)
    live.publish(big())
    live.publish(moved(2, 30))
    table = account.client("dynamodb")
    of, _, base = sizes(account)
    for place in range(-(-of[base] // CHUNK)):
        key = {"pk": {"S": f"live#{base}"}, "sk": {"S": f"{place:04d}"}}
        table.delete_item(TableName=account.table, Key=key)
        if damage is not None:
            table.put_item(TableName=account.table, Item=key | {"bytes": {"B": damage}})
    late = pictures(account)
    with pytest.raises(Transient, match="cannot be read"):
        late.shown()
    assert (late.latest().version, late.latest().aircraft) == (2, 0)
    assert late.publish(moved(3, 60))
    assert sizes(account)[1] == sizes(account)[2]
    assert pictures(account).shown().states.equals(moved(3, 60).shown.states)


def test_a_version_of_before_there_were_differences_is_read_and_followed(account):
    pictures(account).publish(big())
    table = account.client("dynamodb")
    table.update_item(
        TableName=account.table,
        Key={"pk": {"S": "live"}, "sk": {"S": "manifest"}},
        UpdateExpression="REMOVE based_on, based_at",
    )
    late = pictures(account)
    assert late.latest().states.equals(big().states)
    assert late.publish(moved(2, 30))
    assert pictures(account).shown().states.equals(moved(2, 30).shown.states)


# Flights on DynamoDB.

EVER = FlightsAsked(0.0, NOW * 2, 1000)


def test_a_list_of_many_flights_is_whole_and_in_order_though_some_are_handed_back_unread(account):
    put = flights(*(flight(f"{n:06x}", NOW + n, departure="LFPG", distance=n / 3) for n in range(250)))
    DynamoFlights(account.client("dynamodb"), account.table).put(put, 1)

    def but_the_first(client, arguments):
        ((table, asked),) = arguments["RequestItems"].items()
        answer = client.batch_get_item(RequestItems={table: {"Keys": asked["Keys"][:1]}})
        return answer | {"UnprocessedKeys": {table: {"Keys": asked["Keys"][1:]}}}

    client = Faulty(account.client("dynamodb"), batch_get_item=[but_the_first] * 2)
    found = DynamoFlights(client, account.table).of_airport("LFPG", Side.DEPARTURE, EVER)
    assert found.equals(put.reverse())
    assert [len(one["RequestItems"][account.table]["Keys"]) for _, one in client.calls] == [100, 99, 98, 100, 50]


def test_a_list_that_is_never_read_whole_is_transient(account):
    DynamoFlights(account.client("dynamodb"), account.table).put(flights(flight(departure="LFPG")), 1)
    none = lambda _, arguments: {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}  # noqa: E731
    client = Faulty(account.client("dynamodb"), batch_get_item=[none] * 99)
    with pytest.raises(Transient, match="did not give"):
        DynamoFlights(client, account.table).of_airport("LFPG", Side.DEPARTURE, EVER)


def test_a_flight_expires_so_long_after_its_end(account):
    table = account.client("dynamodb")
    for kept, expected in ((86_400.0, {"N": str(int(FAR + 60 + 86_400))}), (0.0, None)):
        DynamoFlights(table, account.table, kept).put(flights(flight(last_seen=FAR + 60)), 1)
        (item,) = table.scan(TableName=account.table)["Items"]
        assert item.get("expires_at") == expected


def test_a_flight_that_expired_between_its_entry_and_itself_is_left_out(account):
    client = Faulty(account.client("dynamodb"), batch_get_item=[lambda *_: {"Responses": {}}])
    DynamoFlights(client, account.table).put(flights(flight(departure="LFPG")), 1)
    assert DynamoFlights(client, account.table).of_airport("LFPG", Side.DEPARTURE, EVER).is_empty()


def test_a_flight_as_it_was_written_before_is_read(account):
    row = flight(callsign="AFR1", distance=1.5)
    item = {"pk": "flight#abc123", "sk": f"{NOW:018.6f}#abc123", "document": json.dumps(row)}
    account.client("dynamodb").put_item(
        TableName=account.table, Item={name: {"S": value} for name, value in item.items()}
    )
    store = DynamoFlights(account.client("dynamodb"), account.table)
    assert store.of_aircraft("abc123", EVER).equals(flights(row))


# What lies on AWS is damaged.

OTHERS = pack_small(picture(version=1).shown)
"""An empty sky, in the very form."""
DAMAGES = [b"", b"garbage", b"PAR1PAR1", OTHERS]


def flipped(packed, place):
    return packed[:place] + bytes([packed[place] ^ 0x10]) + packed[place + 1 :]


def damaged(packed):
    """As anything may have become of it: something else, cut, or with a bit that is another one."""
    return [*DAMAGES, packed[:-1], packed + b"x", *(flipped(packed, place) for place in range(0, len(packed), 97))]


def test_a_copy_in_the_cache_that_is_not_what_was_published_is_a_miss_and_is_put_right(account):
    cache = MemoryCache()
    pictures(account).publish(big(aircraft=50))
    shown = pictures(account, cache=cache).shown()
    ((key, packed),) = cache.values.items()
    assert shown.aircraft == 50
    for damage in damaged(packed):
        cache.values[key] = damage
        assert pictures(account, cache=cache).shown().states.equals(shown.states)
        assert cache.values[key] == packed


def replace_chunk(account, packed):
    (chunk,) = chunks_of(account)
    account.client("dynamodb").put_item(TableName=account.table, Item=chunk | {"bytes": {"B": packed}})


def test_chunks_that_are_not_what_was_published_are_not_shown_nor_cached_and_stop_nobody(account):
    pictures(account).publish(replace(big(aircraft=50), tracked=followed().tracked))
    (chunk,), cache = chunks_of(account), MemoryCache()
    for damage in damaged(chunk["bytes"]["B"])[::2]:
        replace_chunk(account, damage)
        late = pictures(account, cache=cache)
        with pytest.raises(Transient, match="version 1 of the live picture cannot be read: the checksum"):
            late.shown()
        assert cache.values == {}
    assert (late.latest().version, late.latest().aircraft, late.latest().tracked.height) == (1, 0, 1)
    assert late.publish(followed(version=2))
    assert pictures(account).shown().aircraft == 1


def test_what_could_not_be_read_is_left_alone_for_a_moment(account):
    pictures(account).publish(big(aircraft=50))
    (chunk,) = chunks_of(account)
    replace_chunk(account, b"garbage")
    meter, clock = Meter(client := account.client("dynamodb")), SetClock(NOW)
    live = pictures(account, client, clock=clock)
    for _ in range(5):
        with pytest.raises(Transient, match="checksum"):
            live.shown()
    assert meter.requests.count("Query") == 1
    replace_chunk(account, chunk["bytes"]["B"])
    clock.now += REST
    assert live.shown().aircraft == 50


@pytest.mark.parametrize("lost", [0, 1])
def test_a_version_of_which_a_chunk_is_missing_is_not_shown(account, lost):
    pictures(account).publish(big())
    chunks = sorted(chunks_of(account), key=lambda one: one["sk"]["S"])
    assert len(chunks) > 1
    key = {name: chunks[lost][name] for name in ("pk", "sk")}
    account.client("dynamodb").delete_item(TableName=account.table, Key=key)
    with pytest.raises(Transient, match=f"{len(chunks) - 1} of {len(chunks)} chunks are there"):
        pictures(account).shown()


def named_as_before(account):
    """Let the newest version lie as it did when names said nothing of the bytes."""
    table, s3 = account.client("dynamodb"), account.client("s3")
    manifest = manifest_of(account)
    name = manifest["content"]["S"].split(".")[0]
    for one in chunks_of(account):
        table.put_item(TableName=account.table, Item=one | {"pk": {"S": f"live#{name}"}})
    key = PREFIX + manifest["content"]["S"]
    s3.copy_object(Bucket=account.bucket, Key=PREFIX + name, CopySource={"Bucket": account.bucket, "Key": key})
    table.put_item(TableName=account.table, Item=manifest | {"content": {"S": name}, "based_on": {"S": name}})
    return name


def manifest_of(account):
    key = {"pk": {"S": "live"}, "sk": {"S": "manifest"}}
    return account.client("dynamodb").get_item(TableName=account.table, Key=key)["Item"]


def test_a_version_of_before_there_were_checksums_is_read_from_the_table_only(account):
    pictures(account).publish(followed())
    cache = MemoryCache()
    cache.values[f"live:{named_as_before(account)}"] = OTHERS
    late = pictures(account, cache=cache)
    assert late.shown().aircraft == 1
    assert late.latest().tracked.equals(followed().tracked)
    assert late.publish(followed(version=2))


MANIFESTS = [
    lambda manifest: {k: v for k, v in manifest.items() if k != "content"},
    lambda manifest: {k: v for k, v in manifest.items() if k != "version"},
    lambda manifest: {k: v for k, v in manifest.items() if k not in {"version", "content", "chunks"}},
    lambda manifest: manifest | {"version": {"S": "x"}},
    lambda manifest: manifest | {"version": {"N": "0"}},
    lambda manifest: manifest | {"content": {"N": "1"}},
    lambda manifest: manifest | {"content": {"S": ""}},
    lambda manifest: manifest | {"chunks": {"BOOL": True}},
]


@pytest.fixture(params=MANIFESTS)
def damage_manifest(request, account):
    def damage():
        account.client("dynamodb").put_item(TableName=account.table, Item=request.param(manifest_of(account)))

    return damage


@pytest.mark.parametrize("new", [False, True], ids=["the same processor", "another one"])
def test_a_damaged_manifest_is_replaced_by_the_next_version_and_nothing_is_lost(account, damage_manifest, new):
    writer = pictures(account)
    for number in (1, 2):
        assert writer.publish(followed(version=number))
    damage_manifest()
    for ask in (pictures(account).version, pictures(account).shown):
        with pytest.raises(Transient, match="manifest of the live picture is damaged"):
            ask()
    writer = pictures(account) if new else writer
    assert (writer.latest().version, writer.latest().aircraft) == (2, 1)
    assert writer.latest().tracked.equals(followed().tracked)
    assert writer.publish(followed(version=3))
    assert pictures(account).version() == 3


def test_of_two_that_replace_a_damaged_manifest_one_succeeds(account, damage_manifest):
    pictures(account).publish(followed())
    damage_manifest()
    one, other = pictures(account), pictures(account)
    assert one.latest().version == other.latest().version == 1
    assert one.publish(followed(version=2))
    assert not other.publish(followed(version=2))
    assert other.latest().version == 2
    assert other.publish(followed(version=3))


def test_where_the_copy_of_a_damaged_manifest_is_damaged_too_the_versions_begin_anew(account, damage_manifest):
    pictures(account).publish(followed())
    damage_manifest()
    key = {"pk": {"S": "live#manifest"}, "sk": {"S": "copy"}}
    account.client("dynamodb").put_item(TableName=account.table, Item=key)
    late = pictures(account)
    assert late.latest().version == 0
    assert late.publish(followed())
    assert pictures(account).shown().aircraft == 1


def test_a_processor_behind_a_damaged_manifest_goes_on_and_doubles_nothing(account, damage_manifest):
    def flown(spoil):
        archive, stores = MemoryArchive(), (MemoryHistory(), MemoryFlights(), MemoryLedger())
        home = aws.Account(account.ministack) if not spoil else account
        for number in range(4):
            one = snapshot(row("aaaaaa", seen=NOW + number * 10, latitude=48.5 + number / 100), time=NOW + number * 10)
            archive.put(one)
            process = Process(archive, pictures(home), *stores, moving(), SetClock(NOW + number * 10))
            assert process.batch([archived(one)]).failed == {}
            if spoil and number == 2:
                spoil()
        history, flights, ledger = stores
        return history.added.keys(), flights.kept, ledger.totals()

    assert flown(damage_manifest) == flown(None)


# The archive on S3.


def stored(account):
    s3 = account.client("s3")
    (found,) = s3.list_objects_v2(Bucket=account.bucket)["Contents"]
    return found["Key"], s3.get_object(Bucket=account.bucket, Key=found["Key"])


def test_an_object_lies_where_the_file_would_and_any_zstd_reads_it(account):
    one = snapshot()
    key = S3Archive(account.client("s3"), account.bucket).put(one)
    name, found = stored(account)
    assert name == f"{key}.json.zst"
    assert zstandard.ZstdDecompressor().decompress(found["Body"].read()) == one.body


def test_the_same_snapshot_again_does_not_touch_the_object(account):
    archive = S3Archive(account.client("s3"), account.bucket)
    archive.put(snapshot())
    before = stored(account)[1]["LastModified"]
    archive.put(snapshot())
    assert stored(account)[1]["LastModified"] == before
    assert account.client("s3").list_objects_v2(Bucket=account.bucket)["KeyCount"] == 1


@pytest.mark.parametrize("damage", [lambda whole: whole[:-3], lambda _: b"", lambda _: zstandard.compress(b"other")])
def test_a_damaged_object_is_poison(account, damage):
    s3 = account.client("s3")
    key = S3Archive(s3, account.bucket).put(snapshot())
    name, found = stored(account)
    s3.put_object(Bucket=account.bucket, Key=name, Body=damage(found["Body"].read()))
    with pytest.raises(Poison):
        S3Archive(s3, account.bucket).get(key)


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown", "NoSuchBucket"])
def test_what_s3_refuses_is_transient(account, code):
    client = Faulty(account.client("s3"), put_object=[refused(code)], get_object=[refused(code)])
    archive = S3Archive(client, account.bucket)
    with pytest.raises(Transient, match=code):
        archive.put(snapshot())
    with pytest.raises(Transient, match=code):
        archive.get(snapshot().key)


def test_an_object_that_s3_has_not_deleted_is_told(account):
    denied = lambda *_: {"Errors": [{"Key": "recent/one", "Code": "AccessDenied", "Message": "no"}]}  # noqa: E731
    client = Faulty(account.client("s3"), delete_objects=[denied])
    with pytest.raises(Transient, match="1 objects were not deleted, among them recent/one: AccessDenied"):
        delete_objects(client, account.bucket, ["recent/one", "recent/two"])


# Events on EventBridge.


def test_an_entry_that_the_bus_did_not_take_is_put_again(account):
    failed = lambda *_: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}  # noqa: E731
    client = Faulty(account.client("events"), put_events=[failed, failed])
    EventBridgePublisher(client, account.bus).publish(event(1))
    assert len(client.calls) == 3


def test_an_entry_that_the_bus_never_takes_is_told(account):
    failed = lambda *_: {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}  # noqa: E731
    with pytest.raises(Transient, match="InternalFailure"):
        EventBridgePublisher(Faulty(account.client("events"), put_events=[failed] * 99), account.bus).publish(event(1))


def test_an_event_too_large_for_the_bus_is_not_sent(account):
    client = Faulty(account.client("events"))
    with pytest.raises(Poison, match="does not fit"):
        EventBridgePublisher(client, account.bus).publish(
            SnapshotArchived(**event(1).model_dump() | {"key": "x" * 2**18})
        )
    assert client.calls == []
