"""The recording that ships with the package is what its README says, in the shape of OpenSky's `/states/all`.

Independent of `scripts/make-recording.py`: plain gzip and json. If the recording was made anew on purpose,
bring the table of `recordings/README.md` up to date.
"""

import gzip
import json
import re
from importlib.resources import files
from itertools import pairwise

import pytest

RECORDINGS = files("flightdata.clients.recording") / "shipped"
STEP = 10  # s
KEPT_FOR = 300  # s

NUMBER = (int, float)
NONE = type(None)
COLUMNS = {
    "icao24": (str,),
    "callsign": (str,),
    "origin_country": (str,),
    "time_position": (int, NONE),
    "last_contact": (int,),
    "longitude": (*NUMBER, NONE),
    "latitude": (*NUMBER, NONE),
    "baro_altitude": (*NUMBER, NONE),
    "on_ground": (bool,),
    "velocity": (*NUMBER, NONE),
    "true_track": (*NUMBER, NONE),
    "vertical_rate": (*NUMBER, NONE),
    "sensors": (NONE,),
    "geo_altitude": (NONE,),
    "squawk": (str, NONE),
    "spi": (bool,),
    "position_source": (int,),
}


@pytest.fixture(scope="module")
def snapshots():
    packed = (RECORDINGS / "paris-20211007.jsonl.gz").read_bytes()
    return [json.loads(line) for line in gzip.decompress(packed).splitlines()]


@pytest.fixture(scope="module")
def rows(snapshots):
    """Each row by its columns' names, with the time of its snapshot."""
    return [
        {"time": snapshot["time"], **dict(zip(COLUMNS, row, strict=True))}
        for snapshot in snapshots
        for row in snapshot["states"]
    ]


def said(subject):
    readme = (RECORDINGS / "README.md").read_text("utf-8")
    return int(re.search(rf"^\| {subject} \| (\d+)", readme, re.MULTILINE)[1])


def wrong(rows, right):
    """The first few rows that are not right: enough for a failure message."""
    return [row for row in rows if not right(row)][:3]


def test_it_has_as_many_snapshots_rows_and_aircraft_as_its_readme_says(snapshots, rows):
    aircraft = {row["icao24"] for row in rows}
    counted = {"snapshots": len(snapshots), "rows": len(rows), "aircraft": len(aircraft)}
    assert counted == {subject: said(subject) for subject in counted}


def test_it_is_three_hours_of_one_snapshot_every_ten_seconds(snapshots):
    times = [snapshot["time"] for snapshot in snapshots]
    assert all(type(time) is int for time in times)
    assert {later - earlier for earlier, later in pairwise(times)} == {STEP}
    assert (times[0], times[-1]) == (1633608010, 1633618800)  # 2021-10-07 12:00:10 and 15:00:00 UTC


def test_every_snapshot_has_the_two_keys_of_an_answer_and_at_least_one_row(snapshots):
    assert wrong(snapshots, lambda snapshot: list(snapshot) == ["time", "states"] and snapshot["states"]) == []


def test_every_row_has_the_seventeen_columns(snapshots):
    assert {len(row) for snapshot in snapshots for row in snapshot["states"]} == {17}


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_has_opensky_s_type(rows, column):
    assert wrong(rows, lambda row: type(row[column]) in COLUMNS[column]) == []


@pytest.mark.parametrize(
    ("column", "pattern"),
    [
        ("icao24", r"[0-9a-f]{6}"),
        ("callsign", r"(?=.{8}$)[A-Z0-9]+ *|"),
        ("squawk", r"[0-7]{4}"),
    ],
)
def test_texts_are_written_as_opensky_writes_them(rows, column, pattern):
    texts = {row[column] for row in rows} - {None}
    assert texts
    assert [text for text in texts if not re.fullmatch(pattern, text)] == []


def test_whole_numbers_are_written_without_decimals(rows):
    numbers = {value for row in rows for value in row.values() if type(value) is float}
    assert [number for number in numbers if number.is_integer()] == []


def test_an_aircraft_is_at_most_once_in_a_snapshot(snapshots):
    def once(snapshot):
        return len({row[0] for row in snapshot["states"]}) == len(snapshot["states"])

    assert wrong(snapshots, once) == []


def test_positions_lie_around_paris(rows):
    located = [row for row in rows if row["longitude"] is not None]
    assert located
    assert wrong(located, lambda row: 0 <= row["longitude"] <= 5 and 47.5 <= row["latitude"] <= 50) == []


def test_a_position_is_there_with_its_time_or_not_at_all(rows):
    def whole(row):
        return len({row[column] is None for column in ("time_position", "longitude", "latitude")}) == 1

    assert wrong(rows, whole) == []


def test_nothing_is_older_than_three_hundred_seconds_or_from_the_future(rows):
    assert wrong(rows, lambda row: 0 <= row["time"] - row["last_contact"] <= KEPT_FOR) == []
    assert wrong(rows, lambda row: row["time_position"] in {None, row["last_contact"]}) == []


def test_some_rows_are_stale_as_in_reality(rows):
    assert any(row["time"] - row["last_contact"] > 60 for row in rows)


def test_an_aircraft_never_goes_back_in_time(rows):
    contacts = {}
    for row in rows:
        contacts.setdefault(row["icao24"], []).append(row["last_contact"])
    assert [icao24 for icao24, times in contacts.items() if times != sorted(times)] == []


def test_numbers_are_in_si_units(rows):
    def between(column, low, high):
        return wrong(rows, lambda row: row[column] is None or low <= row[column] <= high)

    assert between("velocity", 0, 300) == []  # in knots it would reach 539
    assert between("vertical_rate", -40, 40) == []
    assert between("true_track", 0, 359.99) == []


def test_there_is_no_altitude_on_the_ground(rows):
    assert wrong(rows, lambda row: not row["on_ground"] or row["baro_altitude"] is None) == []
