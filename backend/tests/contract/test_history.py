"""What every history promises to those who write, read and keep it. A new backend is one line in OPEN."""

import io
import random
from contextlib import closing
from uuid import uuid4

import polars as pl
import pytest
from fakes import MemoryHistory, kept
from polars.testing import assert_frame_equal
from samples import NOW, state, states

from flightdata.backends.history.folder import FolderHistory
from flightdata.backends.history.lake import Look, write_recent
from flightdata.backends.history.s3 import S3History
from flightdata.models.area import Area
from flightdata.models.region import Circle, Polygon
from flightdata.models.selection import Selection
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.states import STATE_SCHEMA

OPEN = {
    "s3": lambda account: S3History(account.client("s3"), account.bucket),
    "folder": FolderHistory,
    "fake": kept(MemoryHistory),
}
AWS = {"s3"}
"""These are opened with an AWS account, the others with a folder."""
HOUR = 3600.0
BEGIN = NOW // HOUR * HOUR
"""The hour of NOW: 2023-11-14T22:00Z."""

LATER = NOW + 10 * HOUR
EVERYTHING = Selection(0.0, 4e9)


@pytest.fixture(params=OPEN)
def reopened(request, tmp_path):
    """Opens the same history, again and again."""
    place = request.getfixturevalue("account") if request.param in AWS else tmp_path
    return lambda: OPEN[request.param](place)


@pytest.fixture
def history(reopened):
    return reopened()


def key(time, source="test"):
    return RawSnapshot(source, time, b"").key


def seen(icao24, time, **columns):
    place = {"longitude": 2.5, "latitude": 48.5, "time_position": time}
    return state(icao24, last_contact=time, **place | columns)


def add(history, *rows, at=None):
    table = states(*rows)
    history.add(key(table["last_contact"].max() if at is None else at), table)


def everything(history, selection=EVERYTHING):
    return pl.concat([pl.DataFrame(schema=STATE_SCHEMA), *history.states(selection)])


def times(table):
    return table["last_contact"].to_list()


def compact(history, now=LATER):
    for hour in history.due(now):
        history.compact(hour)


def test_nothing_was_added_nothing_is_found(history):
    assert history.track("abc123", 0, 4e9).equals(states())
    assert history.picture(NOW, NOW - 330).equals(states())
    assert list(history.states(EVERYTHING)) == []
    assert list(history.due(LATER)) == []
    assert history.expire(LATER) == 0


def test_every_column_comes_back(history, reopened):
    whole = seen(
        "~abc12",
        NOW + 0.125,
        callsign="TEST1",
        origin_country="Côte d'Ivoire",
        longitude=-179.12345,
        latitude=-89.99999,
        baro_altitude=-304.8,
        on_ground=True,
        velocity=0.05,
        true_track=359.99,
        vertical_rate=-603.88,
        geo_altitude=38648.64,
        squawk="0000",
        spi=True,
        position_source=2,
        position_type="mlat",
        category=20,
        registration="F-TEST",
        typecode="A320",
        operator="Somebody",
        quality=0b10101,
    )
    bare = state("abc123", last_contact=NOW)
    add(history, whole, bare)
    for one in (history, reopened()):
        assert_frame_equal(everything(one), states(bare, whole).sort("icao24"))
    compact(history)
    assert_frame_equal(everything(reopened()), states(bare, whole).sort("icao24"))


def test_a_track_is_one_aircraft_s_states_from_start_to_before_end(history):
    for step in range(10):
        add(history, seen("aaaaaa", NOW + step), seen("bbbbbb", NOW + step))
    found = history.track("bbbbbb", NOW + 2, NOW + 5)
    assert times(found) == [NOW + 2, NOW + 3, NOW + 4]
    assert set(found["icao24"]) == {"bbbbbb"}


def test_a_track_goes_on_across_hours_compacted_or_not(history):
    moments = [BEGIN - 1, BEGIN, BEGIN + 1, BEGIN + HOUR - 1, BEGIN + HOUR, BEGIN + 3 * HOUR]
    for moment in moments:
        add(history, seen("aaaaaa", moment))
    history.compact(BEGIN)
    assert times(history.track("aaaaaa", 0, LATER)) == moments


def test_a_snapshot_across_the_hour_is_in_both(history):
    add(history, seen("aaaaaa", BEGIN - 0.001), seen("bbbbbb", BEGIN))
    assert everything(history, Selection(BEGIN - HOUR, BEGIN))["icao24"].to_list() == ["aaaaaa"]
    assert everything(history, Selection(BEGIN, BEGIN + HOUR))["icao24"].to_list() == ["bbbbbb"]


def test_a_snapshot_that_writes_less_when_it_comes_again_takes_nothing_away(history):
    add(history, seen("aaaaaa", NOW), seen("bbbbbb", NOW), at=NOW)
    add(history, seen("bbbbbb", NOW, registration="F-TEST"), at=NOW)
    assert everything(history)["icao24"].unique().sort().to_list() == ["aaaaaa", "bbbbbb"]


def test_the_picture_holds_the_last_state_of_each_aircraft_and_source(history):
    add(history, seen("aaaaaa", NOW), seen("bbbbbb", NOW - 331), seen("cccccc", NOW - 330))
    add(history, seen("aaaaaa", NOW + 10), seen("cccccc", NOW - 300, source="other"))
    found = history.picture(NOW, NOW - 330)
    assert found.select("icao24", "last_contact", "source").rows() == [
        ("aaaaaa", NOW, "test"),
        ("cccccc", NOW - 330, "test"),
        ("cccccc", NOW - 300, "other"),
    ]


def test_the_picture_right_after_an_hour_is_of_its_last_states(history):
    add(history, seen("aaaaaa", BEGIN - 60), seen("bbbbbb", BEGIN - 50), seen("cccccc", BEGIN - 500))
    add(history, seen("aaaaaa", BEGIN - 30), seen("bbbbbb", BEGIN - 40, source="other"))
    compact(history)
    add(history, seen("aaaaaa", BEGIN - 20), seen("dddddd", BEGIN - 10), at=BEGIN)
    for _ in range(2):
        found = history.picture(BEGIN, BEGIN - 330)
        assert found.select("icao24", "last_contact").rows() == [
            ("aaaaaa", BEGIN - 20),
            ("bbbbbb", BEGIN - 50),
            ("bbbbbb", BEGIN - 40),
            ("dddddd", BEGIN - 10),
        ]
        compact(history)


def test_the_picture_reaches_back_into_the_hour_before(history):
    add(history, seen("aaaaaa", BEGIN - 10), seen("bbbbbb", BEGIN - 10))
    add(history, seen("aaaaaa", BEGIN + 10))
    compact(history)
    assert times(history.picture(BEGIN + 20, BEGIN - 310)) == [BEGIN + 10, BEGIN - 10]


@pytest.mark.parametrize("compacted", ["never", "between", "after"])
def test_the_same_state_again_counts_once(history, compacted):
    rows = [seen("aaaaaa", NOW), seen("bbbbbb", NOW + 1)]
    add(history, *rows, at=NOW)
    if compacted == "between":
        compact(history)
    add(history, *rows, at=NOW)
    add(history, *rows, at=NOW + 5)
    if compacted == "after":
        compact(history)
    assert everything(history).equals(states(*rows))
    assert times(history.track("aaaaaa", 0, LATER)) == [NOW]


def test_of_two_states_of_one_moment_the_fresher_position_stays(history):
    old, new = seen("aaaaaa", NOW, time_position=NOW - 9), seen("aaaaaa", NOW, time_position=NOW - 1)
    for first, second in ((old, new), (new, old)):
        add(history, first, at=NOW)
        add(history, second, at=NOW + 1)
        assert everything(history).equals(states(new))
        compact(history)
        assert everything(history).equals(states(new))


def test_late_states_are_merged_into_a_compacted_hour(history):
    add(history, seen("aaaaaa", NOW), seen("cccccc", NOW))
    compact(history)
    assert list(history.due(LATER)) == []
    add(history, seen("bbbbbb", NOW + 1), seen("aaaaaa", NOW - 1))
    before = everything(history)
    assert before["icao24"].to_list() == ["aaaaaa", "aaaaaa", "bbbbbb", "cccccc"]
    history.compact(BEGIN)
    history.compact(BEGIN)
    assert everything(history).equals(before)


def test_an_hour_is_due_when_it_has_been_over_for_a_while(history):
    add(history, seen("aaaaaa", NOW))
    assert list(history.due(BEGIN + HOUR + 599)) == []
    assert list(history.due(BEGIN + HOUR + 600)) == [BEGIN]


def test_hours_that_are_over_can_be_forgotten(history):
    for hour in range(4):
        add(history, seen("aaaaaa", BEGIN + hour * HOUR))
        if hour % 2:
            compact(history)
    assert history.expire(BEGIN + 2 * HOUR) == 2
    assert times(everything(history)) == [BEGIN + 2 * HOUR, BEGIN + 3 * HOUR]
    assert history.expire(BEGIN + 2 * HOUR) == 0


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, "abcd"),
        ({"region": Area(lamin=40, lamax=50, lomin=0, lomax=10)}, "ab"),
        ({"region": Area(lomin=170, lomax=-170)}, "c"),
        ({"region": Circle(48.0, 2.0, 100_000)}, "a"),
        ({"region": Polygon(((175, -5), (-175, -5), (-175, 5), (175, 5)))}, "c"),
        ({"altitude_min": 1000.0}, "bc"),
        ({"altitude_max": 1000.0}, "abd"),
        ({"altitude_min": 1000.0, "altitude_max": 1000.0}, "b"),
        ({"icao24": ("aaaaaa", "cccccc", "eeeeee")}, "ac"),
    ],
)
@pytest.mark.parametrize("compacted", [False, True])
def test_states_are_selected(history, more, found, compacted):
    add(
        history,
        seen("aaaaaa", NOW, longitude=2.0, latitude=48.0, on_ground=True),
        seen("bbbbbb", NOW, longitude=9.0, latitude=41.0, baro_altitude=1000.0),
        seen("cccccc", NOW, longitude=-179.0, latitude=1.0, baro_altitude=11000.5),
        seen("dddddd", NOW, longitude=None, latitude=None, baro_altitude=10.0),
    )
    if compacted:
        compact(history)
    result = everything(history, Selection(NOW, NOW + 1, **more))
    assert "".join(icao24[0] for icao24 in result["icao24"]) == found


def test_states_come_hour_by_hour_in_the_order_of_aircraft_and_time(history):
    chance = random.Random(1)
    rows = [
        seen(f"{chance.randrange(8):06x}", BEGIN + chance.randrange(7200), source=chance.choice("ab"))
        for _ in range(500)
    ]
    for start in range(0, 500, 50):
        add(history, *rows[start : start + 50], at=NOW + start)
        if start % 100:
            compact(history)
    found = [chunk.with_columns(hour=pl.col("last_contact") // HOUR) for chunk in history.states(EVERYTHING)]
    ordered = pl.concat(found)
    assert ordered.equals(ordered.sort("hour", "icao24", "last_contact", "source"))
    assert ordered.height == len({(row["icao24"], row["last_contact"], row["source"]) for row in rows})


# What lies where, in a folder and on S3.


class Folder:
    """A lake in a folder of its own, and its files."""

    def __init__(self, folder):
        self._folder = folder
        self.history = FolderHistory(folder)

    def names(self):
        return sorted(path.relative_to(self._folder).as_posix() for path in self._folder.rglob("*") if path.is_file())

    def read(self, name):
        return (self._folder / name).read_bytes()

    def write(self, name, content):
        (self._folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(content)


class Bucket:
    """A lake in a bucket of its own, and its objects."""

    def __init__(self, account):
        self._s3, self._bucket = account.client("s3"), f"lake-{uuid4()}"
        self._s3.create_bucket(Bucket=self._bucket)
        self.history = S3History(self._s3, self._bucket)

    def names(self):
        listed = self._s3.list_objects_v2(Bucket=self._bucket)
        return [one["Key"] for one in listed.get("Contents", ())]

    def read(self, name):
        return self._s3.get_object(Bucket=self._bucket, Key=name)["Body"].read()

    def write(self, name, content):
        self._s3.put_object(Bucket=self._bucket, Key=name, Body=content)


@pytest.fixture(params=["folder", "s3"])
def new_lake(request, tmp_path):
    """Makes an empty lake, again and again."""
    if request.param == "folder":
        return lambda: Folder(tmp_path / str(uuid4()))
    account = request.getfixturevalue("account")
    return lambda: Bucket(account)


@pytest.fixture
def lake(new_lake):
    return new_lake()


def test_where_files_lie(lake):
    add(lake.history, seen("aaaaaa", NOW))
    name = key(NOW).rsplit("/", 1)[1]
    (recent,) = lake.names()
    assert recent.startswith(f"recent/date=2023-11-14/hour=22/{name}-test")
    assert recent.endswith(".parquet")
    compact(lake.history)
    assert lake.names() == [
        "last/date=2023-11-14/hour=22/last.parquet",
        "states/date=2023-11-14/hour=22/states.parquet",
    ]


def test_an_open_hour_with_many_snapshots_is_due(lake):
    for second in range(70):
        assert list(lake.history.due(NOW)) == ([] if second < 30 else [BEGIN])
        add(lake.history, seen("aaaaaa", NOW + second))
    lake.history.compact(BEGIN)
    assert len(everything(lake.history)) == 70
    assert not any(name.startswith("recent") for name in lake.names())


def test_the_bytes_depend_on_the_rows_alone(new_lake):
    """Not on the order they came in, on how often, on how often it was compacted in between, or on where they lie."""
    chance = random.Random(2)
    tables = [states(*(seen(f"{n:06x}", NOW + step, velocity=n * 1.25) for n in range(20))) for step in range(40)]

    def compacted(order):
        lake = new_lake()
        for place in order:
            lake.history.add(key(NOW + place), tables[place])
            if chance.random() < 0.2:
                lake.history.compact(BEGIN)
        compact(lake.history)
        return {name: lake.read(name) for name in lake.names()}

    plain = compacted(range(40))
    shuffled = [*range(40), *range(0, 40, 3)]
    chance.shuffle(shuffled)
    assert compacted(shuffled) == plain


def test_a_file_that_is_read_may_be_compacted_away_meanwhile(lake):
    for hour in range(2):
        for step in range(3):
            add(lake.history, seen("aaaaaa", BEGIN + hour * HOUR + step))
    reading = lake.history.states(EVERYTHING)
    found = [next(reading)]
    compact(lake.history)
    found += list(reading)
    assert [len(chunk) for chunk in found] == [3, 3]


def test_what_others_put_there_is_left_alone(lake):
    add(lake.history, seen("aaaaaa", NOW))
    for name in ("states/date=yesterday00/hour=25/x", "states/date=2023-11-14/hour=xx/x", "states/.DS_Store", "x"):
        lake.write(name, b"")
    assert len(everything(lake.history)) == 1
    compact(lake.history)
    assert len(everything(lake.history)) == 1


def test_times_that_no_calendar_has_are_not_kept(lake):
    lake.history.add(key(NOW), states(seen("aaaaaa", NOW), seen("bbbbbb", 1e15), seen("cccccc", 1e300)))
    assert everything(lake.history)["icao24"].to_list() == ["aaaaaa"]


def test_older_files_lack_newer_columns(lake):
    add(lake.history, seen("aaaaaa", NOW, operator="Somebody"))
    compact(lake.history)
    (name,) = [name for name in lake.names() if name.startswith("states")]
    older = io.BytesIO()
    pl.read_parquet(lake.read(name)).drop("operator").with_columns(future=1).write_parquet(older)
    lake.write(name, older.getvalue())
    assert everything(lake.history).equals(states(seen("aaaaaa", NOW)))
    assert lake.history.track("aaaaaa", NOW, NOW + 1).equals(states(seen("aaaaaa", NOW)))


def test_a_state_written_again_while_its_hour_is_compacted_is_not_removed(lake):
    add(lake.history, seen("aaaaaa", NOW), at=NOW)
    place = lake.history._place
    opened = place.open(place.find(BEGIN), Look(replacing=True))
    with closing(opened), place.replacing(opened) as (compacted, last):
        for file in (compacted, last):
            write_recent(opened.scans()[0].collect(), file)
        add(lake.history, seen("aaaaaa", NOW), seen("bbbbbb", NOW), at=NOW)
    assert everything(lake.history)["icao24"].to_list() == ["aaaaaa", "bbbbbb"]
