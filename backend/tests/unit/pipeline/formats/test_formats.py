"""What files of states and tracks hold, read back by other means than they were written."""

import csv
import io
import json
import threading
import xml.etree.ElementTree as ET

import gpxpy
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from samples import NOW, state, states

from flightdata.models.lake import from_lake
from flightdata.models.states import STATE_SCHEMA
from flightdata.pipeline.formats import parquet, rows, track
from flightdata.validation.quality import mask

FIRST = state(
    "abc123",
    callsign='A"B,\nC',
    last_contact=NOW + 0.5,
    time_position=NOW,
    longitude=179.9,
    latitude=-17.25,
    baro_altitude=1000.0,
    geo_altitude=1050.5,
    velocity=200.0,
    quality=mask(["stale_position", "null_island"]),
)
NOWHERE = state("abc123", callsign=None, last_contact=NOW + 5)
SECOND = state("abc123", last_contact=NOW + 10, time_position=NOW + 10, longitude=-179.9, latitude=-17.0)
TABLES = [states(FIRST), states(), states(NOWHERE, SECOND)]


def text(parts):
    return b"".join(parts).decode()


def plain(row):
    return row | {"quality": ["stale_position", "null_island"] if row["quality"] else []}


def test_csv():
    lines = list(csv.DictReader(io.StringIO(text(rows.csv(TABLES)))))
    assert [line["icao24"] for line in lines] == ["abc123"] * 3
    assert list(lines[0]) == list(STATE_SCHEMA)
    assert lines[0]["callsign"] == FIRST["callsign"]
    assert float(lines[0]["last_contact"]) == NOW + 0.5
    assert lines[0]["quality"] == "stale_position;null_island"
    assert lines[1]["longitude"] == ""


def test_csv_of_nothing_has_a_header():
    assert text(rows.csv([])) == ",".join(STATE_SCHEMA) + "\n"


def test_json():
    expected = [plain(row) for row in (FIRST, NOWHERE, SECOND)]
    assert json.loads(text(rows.json(TABLES))) == {"states": expected, "count": 3}
    assert [json.loads(line) for line in text(rows.jsonl(TABLES)).splitlines()] == expected
    assert json.loads(text(rows.json([]))) == {"states": [], "count": 0}


def test_geojson():
    document = json.loads(text(rows.geojson(TABLES)))
    assert document["type"] == "FeatureCollection"
    assert document["count"] == 3
    assert [one["geometry"] for one in document["features"]] == [
        {"type": "Point", "coordinates": [179.9, -17.25, 1050.5]},
        None,
        {"type": "Point", "coordinates": [-179.9, -17.0]},
    ]
    assert document["features"][0]["properties"]["callsign"] == FIRST["callsign"]


def test_a_position_that_does_not_exist_is_none_in_geojson():
    odd = [state("abc123", longitude=1.0, latitude=90.5), state("abc123", longitude=-180.5, latitude=1.0)]
    document = json.loads(text(rows.geojson([states(*odd)])))
    assert [one["geometry"] for one in document["features"]] == [None, None]


def test_parquet_as_file_and_as_stream(tmp_path):
    with (tmp_path / "a.parquet").open("wb") as file:
        parquet.write(TABLES, file)
    (tmp_path / "b.parquet").write_bytes(b"".join(parquet.stream(TABLES)))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert_frame_equal(from_lake(pl.read_parquet(tmp_path / "a.parquet")), pl.concat(TABLES))


def test_a_stream_of_parquet_that_nobody_takes_any_more_ends_its_writer():
    taken = []

    def endless():
        for number in range(1_000_000):
            taken.append(number)
            yield pl.concat([states(FIRST | {"icao24": f"{number:06x}", "latitude": number / 7e4})] * 5_000)

    stream = parquet.stream(endless())
    next(stream)
    stream.close()
    for thread in threading.enumerate():
        if thread.name == "parquet":
            thread.join(60)
    assert not any(thread.name == "parquet" for thread in threading.enumerate())
    assert len(taken) < 1_000_000


def test_what_goes_wrong_while_parquet_is_written_is_raised():
    def broken():
        yield states(FIRST)
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        list(parquet.stream(broken()))


def points():
    return track.points(pl.concat(TABLES))


def test_points_are_positions_once_in_their_order():
    repeated = state("abc123", last_contact=NOW + 3, time_position=NOW, longitude=179.9, latitude=-17.25)
    assert track.points(states(SECOND, repeated, NOWHERE, FIRST))["last_contact"].to_list() == [NOW + 0.5, NOW + 10]


def test_a_track_as_json():
    document = json.loads(track.json("abc123", points()))
    assert (document["icao24"], document["callsign"], document["count"]) == ("abc123", FIRST["callsign"], 2)
    assert [(point["time"], point["longitude"]) for point in document["points"]] == [(NOW, 179.9), (NOW + 10, -179.9)]
    assert document["points"][0]["quality"] == ["stale_position", "null_island"]


def test_a_track_as_csv():
    lines = list(csv.DictReader(io.StringIO(track.csv("abc123", points()).decode())))
    assert [float(line["latitude"]) for line in lines] == [-17.25, -17.0]


def test_a_track_as_geojson_is_cut_at_the_antimeridian():
    feature = json.loads(track.geojson("abc123", points()))
    assert feature["geometry"] == {
        "type": "MultiLineString",
        "coordinates": [[[179.9, -17.25, 1050.5]], [[-179.9, -17.0]]],
    }
    assert feature["properties"]["times"] == [[NOW], [NOW + 10]]


def test_a_track_as_gpx():
    (segment,) = gpxpy.parse(track.gpx([("abc123", points())])).tracks[0].segments
    assert [(one.longitude, one.latitude, one.elevation, one.time.timestamp()) for one in segment.points] == [
        (179.9, -17.25, 1050.5, NOW),
        (-179.9, -17.0, None, NOW + 10),
    ]


def test_a_track_as_kml():
    tree = ET.fromstring(track.kml([("abc123", points())]))
    spaces = {"k": "http://www.opengis.net/kml/2.2", "gx": "http://www.google.com/kml/ext/2.2"}
    assert [one.text for one in tree.findall(".//gx:Track/k:when", spaces)] == [
        "2023-11-14T22:13:20+00:00",
        "2023-11-14T22:13:30+00:00",
    ]
    assert [one.text for one in tree.findall(".//gx:coord", spaces)] == ["179.9 -17.25 1050.5", "-179.9 -17.0 0"]
