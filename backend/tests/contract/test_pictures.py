"""What every LivePictures promises. A new backend is one line in OPEN."""

from dataclasses import replace
from threading import Barrier, Thread

import polars as pl
import pytest
from fakes import MemoryPictures, kept
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import NOW, flight, flights, picture, state

from flightdata.backends.cache.none import NoCache
from flightdata.backends.live import packing
from flightdata.backends.live.carried import CarriedParts
from flightdata.backends.live.dynamodb import DynamoPictures
from flightdata.backends.live.file import FilePictures
from flightdata.errors import Transient
from flightdata.models.flight import TRACKED_SCHEMA
from flightdata.models.picture import SHOWN_SCHEMA, Picture, Shown
from flightdata.models.snapshot import SnapshotAccount
from flightdata.models.states import STATE_SCHEMA


def on_aws(account):
    carried = CarriedParts(account.client("s3"), account.bucket)
    return DynamoPictures(account.client("dynamodb"), account.table, lambda: carried, NoCache(), lambda: 2 * NOW)


OPEN = {
    "dynamodb": on_aws,
    "file": lambda folder: FilePictures(folder / "live" / "picture.parquet"),
    "fake": kept(MemoryPictures),
}


def without_manifest(live):
    live._client.delete_item(TableName=live._table, Key={"pk": {"S": "live"}, "sk": {"S": "manifest"}})


def without_picture(live):
    live.picture = Picture()


LOSE = {"dynamodb": without_manifest, "file": lambda live: live._path.unlink(), "fake": without_picture}

AWS = {"dynamodb"}
"""These are opened with an AWS account, the others with a folder."""

SAFE = 30.0
"""Seconds after which a thread that should have ended is given up."""

ACCOUNT = SnapshotAccount("key", 9, 2, 3, {"icao24": 4}, None, "one", NOW)
FULL = state(
    "~abc123",
    callsign="Ünïcode",
    origin_country="",
    time_position=NOW - 0.125,
    longitude=-180.0,
    latitude=1e300,
    baro_altitude=-0.0,
    on_ground=True,
    velocity=5e-324,
    spi=True,
    position_source=-128,
    category=127,
    registration='"\n\\',
    quality=2**32 - 1,
)

same_text = st.none() | st.text(st.characters(codec="utf-8"), max_size=9)
rows = st.builds(
    state,
    st.from_regex(r"~?[0-9a-f]{6}", fullmatch=True),
    callsign=same_text,
    longitude=st.none() | st.floats(allow_nan=False),
    on_ground=st.booleans(),
    position_source=st.none() | st.integers(-128, 127),
    quality=st.integers(0, 2**32 - 1),
)
accounts = st.builds(
    SnapshotAccount,
    st.text(st.characters(codec="utf-8"), max_size=9),
    rows=st.integers(0, 2**40),
    rejected=st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), st.integers(0, 9), max_size=3),
    unreadable=same_text,
    processed_at=st.floats(0, 1e12),
)


@pytest.fixture(params=OPEN)
def reopened(request, tmp_path):
    """Opens the same pictures, again and again."""
    place = request.getfixturevalue("account") if request.param in AWS else tmp_path
    return lambda: OPEN[request.param](place)


@pytest.fixture
def live(reopened):
    return reopened()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "live" / "picture.parquet"


def same(one, other):
    tables = ("tracked", "changed")
    return (
        (one.version, one.time, one.accounts, one.fence) == (other.version, other.time, other.accounts, other.fence)
        and all(getattr(one, table).equals(getattr(other, table)) for table in tables)
        and ordered(one.states).equals(ordered(other.states))
    )


def same_shown(one, other):
    about = [(shown.version, shown.time, shown.correlation_id) for shown in (one, other)]
    return about[0] == about[1] and ordered(one.states).equals(ordered(other.states))


def ordered(states):
    return states.sort("icao24", maintain_order=True)


def version(number):
    """A picture with as many aircraft and flights as its version says, all last heard at that time."""
    aircraft = [state(f"{index:06x}", last_contact=float(number)) for index in range(number)]
    tracked = pl.DataFrame(
        [
            {"icao24": one["icao24"], "heard": float(number), "phase": "airborne"}
            | {"departure": "LFPG", "departure_confidence": 0.5, "arrival": "EGLL", "arrival_confidence": 0.4}
            for one in aircraft
        ],
        schema=TRACKED_SCHEMA,
    )
    changed = flights(*(flight(f"{index:06x}") for index in range(number)))
    return replace(picture(*aircraft, version=number, time=float(number)), tracked=tracked, changed=changed)


def test_before_the_first_publication_there_is_an_empty_picture_of_version_0(live):
    assert live.version() == 0
    assert same(live.latest(), Picture())


def test_what_was_published_is_the_latest(live):
    assert live.publish(version(1)) is True
    assert live.version() == 1
    assert same(live.latest(), version(1))


def test_what_is_shown_are_its_states_with_their_likely_airports(live, reopened):
    assert same_shown(live.shown(), Shown())
    published = replace(version(3), version=1, accounts=(ACCOUNT,))
    assert live.publish(published)
    for one in (live, reopened()):
        assert same_shown(one.shown(), published.shown)
        assert dict(one.shown().states.schema) == dict(SHOWN_SCHEMA)
        assert set(one.shown().states.select("departure", "arrival").rows()) == {("LFPG", None)}


def test_versions_follow_each_other(live):
    for number in (1, 2, 3):
        assert live.publish(version(number)) is True
        assert live.version() == number
        assert same(live.latest(), version(number))


def test_every_publication_is_an_edition_of_its_own_the_same_for_all(live, reopened):
    assert live.edition() == live.shown().edition == ""
    editions = []
    for number in (1, 2, 3):
        live.publish(version(number))
        editions += {live.edition(), live.shown().edition, reopened().edition(), reopened().shown().edition}
    assert len(set(editions)) == len(editions) == 3
    assert live.publish(version(3)) is False
    assert live.edition() == editions[-1]


def test_what_is_published_after_a_loss_is_another_edition_of_the_same_version(request, live, reopened):
    live.publish(version(1))
    lost = live.edition()
    LOSE[request.node.callspec.params["reopened"]](live)
    assert live.edition() == live.shown().edition == ""
    assert live.publish(version(1)) is True
    assert live.edition() == live.shown().edition == reopened().shown().edition != lost


@pytest.mark.parametrize("number", [0, 1, 2, 4, -1, 10**9])
def test_what_does_not_follow_on_the_newest_is_refused_and_changes_nothing(live, reopened, number):
    for before in (1, 2):
        live.publish(version(before))
    assert live.publish(replace(version(3), version=number)) is False
    for one in (live, reopened()):
        assert one.version() == 2
        assert same(one.latest(), version(2))


def test_another_instance_sees_the_new_version(reopened):
    writer, reader = reopened(), reopened()
    for number in (1, 2, 3):
        writer.publish(version(number))
        assert reader.version() == number
        assert same_shown(reader.shown(), version(number).shown)
        assert same(reader.latest(), version(number))


def test_of_two_instances_either_may_publish_the_next_version_but_only_one(reopened):
    one, other = reopened(), reopened()
    assert one.publish(version(1))
    assert other.publish(version(2))
    assert one.publish(version(2)) is False
    assert one.publish(version(3))
    assert same(other.latest(), version(3))


def test_of_many_who_publish_the_same_version_at_once_one_succeeds(reopened):
    many, versions = 4, 10
    together = Barrier(many)
    won = [[] for _ in range(many)]

    def publish(number):
        live = reopened()
        for following in range(1, versions + 1):
            together.wait(SAFE)
            won[number].append(live.publish(replace(version(following), time=float(number))))

    threads = [Thread(target=publish, args=(number,), daemon=True) for number in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SAFE)
    assert [sum(tries) for tries in zip(*won, strict=True)] == [1] * versions
    latest = reopened().latest()
    assert (latest.version, won[int(latest.time)][-1]) == (versions, True)


@pytest.mark.parametrize(("ask", "alike"), [("latest", same), ("shown", same_shown)])
def test_readers_see_all_of_a_version_or_none_of_it(reopened, ask, alike):
    versions, seen, broken = 40, [], []
    writer, reader = reopened(), reopened()

    def read():
        while not seen or seen[-1] < versions:
            found = getattr(reader, ask)()
            whole = version(found.version) if found.version else Picture()
            if not alike(found, whole if ask == "latest" else whole.shown):
                broken.append(found)
            seen.append(found.version)

    thread = Thread(target=read, daemon=True)
    thread.start()
    for number in range(1, versions + 1):
        assert writer.publish(version(number))
    thread.join(SAFE)
    assert not thread.is_alive()
    assert broken == []
    assert seen == sorted(seen)


@given(states=st.lists(rows, max_size=5), made_of=st.lists(accounts, max_size=3), time=st.floats(0, 1e12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_value_survives(reopened, states, made_of, time):
    live = reopened()
    published = picture(*states, version=live.version() + 1, time=time, accounts=made_of)
    assert live.publish(published)
    assert same(reopened().latest(), published)


def test_extreme_values_and_the_accounts_survive(live, reopened):
    published = replace(picture(FULL, state("abc124"), version=1, time=NOW + 0.001, accounts=[ACCOUNT]), fence=2**53)
    assert live.publish(published)
    found = reopened().latest()
    assert same(found, published)
    assert dict(found.states.schema) == dict(STATE_SCHEMA)
    assert found.accounts == (ACCOUNT,)


def test_a_picture_without_aircraft_is_a_version_too(live, reopened):
    assert live.publish(picture(version=1))
    assert reopened().version() == 1


# What only the file has.


def test_of_a_publication_that_was_killed_nothing_is_seen(path):
    assert FilePictures(path).publish(version(1))
    path.with_name(f"{path.name}.0123456789abcdef.unfinished").write_bytes(b"half of i")
    live = FilePictures(path)
    assert same(live.latest(), version(1))
    assert live.publish(version(2))


def assert_damaged(path):
    """Readers are told, and who makes the next version begins anew."""
    live = FilePictures(path)
    for ask in (live.version, live.shown):
        with pytest.raises(Transient, match="damaged"):
            ask()
    assert same(live.latest(), Picture())
    return live


@pytest.mark.parametrize("damage", [b"", b"<html>no</html>", b"PAR1", b"PAR1PAR1"])
def test_a_file_that_is_no_picture_is_begun_anew(path, damage):
    assert FilePictures(path).publish(version(1))
    path.write_bytes(damage)
    live = assert_damaged(path)
    assert live.publish(version(1))
    assert same(FilePictures(path).latest(), version(1))


def test_a_parquet_file_of_something_else_is_begun_anew(path):
    path.parent.mkdir()
    version(3).states.select("icao24").write_parquet(path)
    assert_damaged(path)


def test_a_file_that_was_cut_is_begun_anew(path):
    assert FilePictures(path).publish(replace(version(5), version=1))
    whole = path.read_bytes()
    for length in range(0, len(whole), 41):
        path.write_bytes(whole[:length])
        assert_damaged(path)


def test_a_flipped_bit_is_noticed_wherever_it_is(path):
    assert FilePictures(path).publish(replace(version(3), version=1))
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        assert_damaged(path)


def test_a_file_of_before_there_were_checksums_is_read(path):
    assert FilePictures(path).publish(replace(version(3), version=1))
    whole = path.read_bytes()
    seal = whole.index(packing._SEAL)
    path.write_bytes(whole[:seal] + whole[seal + packing._SEALED :])
    assert same(FilePictures(path).latest(), replace(version(3), version=1))


def test_while_the_file_is_damaged_the_next_version_is_made_of_the_one_in_memory(path):
    live = FilePictures(path)
    live.publish(version(1))
    path.write_bytes(b"damaged")
    with pytest.raises(Transient, match="damaged"):
        live.shown()
    assert same(live.latest(), version(1))
    assert live.publish(version(2))
    assert same_shown(live.shown(), version(2).shown)
    assert same(FilePictures(path).latest(), version(2))


def test_a_file_that_was_removed_is_started_anew(path):
    live = FilePictures(path)
    live.publish(version(1))
    path.unlink()
    assert live.version() == 0
    assert live.publish(version(1))


@pytest.mark.parametrize("number", [1, 3])
def test_other_readers_of_parquet_find_the_states(path, number):
    assert FilePictures(path).publish(replace(version(number), version=1))
    assert pl.read_parquet(path).equals(version(number).states)
    assert pl.scan_parquet(path).select("icao24").collect().height == number
