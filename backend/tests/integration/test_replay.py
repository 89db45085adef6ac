"""`flightdata replay`, `export` and `compact` as people use them."""

import gzip
import json
import random
import sqlite3

import polars as pl
import pytest
from samples import NOW, archived, flight, flights, row, snapshot
from typer.testing import CliRunner

from flightdata.cli import app
from flightdata.models.lake import from_lake
from flightdata.models.selection import Selection
from flightdata.models.snapshot import RawSnapshot
from flightdata.pipeline.work import work
from flightdata.settings import Settings
from flightdata.wiring import PARIS, House

BEGIN = NOW // 3600 * 3600
EVERYTHING = Selection(0.0, 4e9)


def flightdata(*arguments, code=0):
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == code, result.output
    return result.stdout


def house(folder):
    return House(Settings(_env_file=None, data_dir=folder))


def live(folder, snapshots, *, keep=True):
    """A data folder in which `snapshots` arrived in this order, some at a time, some again."""
    one = house(folder)
    for number, raw in enumerate(snapshots):
        one.archive.put(raw)
        one.queue.publish(archived(raw))
        if number % 7 == 0:
            work(one.queue, one.process)
    while work(one.queue, one.process):
        pass
    if keep:
        one.keep.round()
    one.close()
    return folder


def derived(folder):
    """Every derived file with its bytes, and accounts and flights as rows."""
    one = house(folder)
    accounts = [account.__dict__ for account in one.ledger.find(sorted(one.archive.keys()))]
    one.close()
    accounts += flown(folder)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}
    return files, accounts


def everything(folder):
    return pl.concat(house(folder).history.states(EVERYTHING))


@pytest.fixture(scope="module")
def snapshots():
    """Two sources across the end of an hour, the second one a little late and with all times of its own."""
    with gzip.open(PARIS) as lines:
        bodies = lines.readlines()[330:390]
    result = []
    for body in bodies:
        moment = float(json.loads(body)["time"])
        result.append(RawSnapshot("paris", moment, body))
        late = json.loads(body)
        for state in late["states"]:
            state[4] -= 3
        result.append(RawSnapshot("late", moment + 2.5, json.dumps(late).encode()))
    return result


def test_the_same_snapshots_give_the_same_bytes_in_whatever_order_they_came(snapshots, tmp_path):
    chance = random.Random(3)
    shuffled = snapshots + chance.sample(snapshots, 30)
    chance.shuffle(shuffled)
    results = []
    for name, order in (("plain", snapshots), ("shuffled", shuffled)):
        folder = live(tmp_path / name, order)
        flightdata("replay", "--data", folder, "--into", tmp_path / f"{name}-rebuilt")
        results.append(derived(tmp_path / f"{name}-rebuilt"))
    assert results[0] == results[1]
    assert len([name for name in results[0][0] if name.startswith("history/states/")]) == 2
    assert everything(tmp_path / "plain-rebuilt").equals(everything(tmp_path / "plain"))


def test_what_came_in_the_wrong_order_is_there_and_a_replay_mends_its_flags(snapshots, tmp_path):
    whole = everything(live(tmp_path / "whole", snapshots))
    folder = live(tmp_path / "data", snapshots[::-1])
    flags = "quality"  # what is odd beside the state before depends on what came before
    assert everything(folder).drop(flags).equals(whole.drop(flags))
    assert not everything(folder).equals(whole)
    before = house(folder).live.latest()
    account = json.loads(flightdata("replay", "--data", folder, "--json"))
    assert everything(folder).equals(whole)
    assert account["rows"] == account["stored"] + account["superseded"]
    assert (account["snapshots"], account["hours"], account["repeated"], account["dead"]) == (len(snapshots), 2, 0, 0)
    after = house(folder).live.latest()
    assert after.version == before.version + 1
    assert after.states.drop(flags).sort("icao24", "source").equals(before.states.drop(flags).sort("icao24", "source"))
    assert not (folder / "replay").exists()


def test_part_of_the_time_is_whole_hours_and_leaves_the_rest_alone(snapshots, tmp_path):
    folder = live(tmp_path / "data", snapshots[::-1])
    first, second = house(folder).history.hours()
    before = derived(folder)[0]
    flightdata("replay", "--data", folder, "--from", second + 60, "--to", second + 120)
    after = derived(folder)[0]
    changed = {name.split("/")[-2] for name in after if after[name] != before[name]}
    assert changed == {f"hour={int(second % 86400 // 3600):02}"}
    flightdata("replay", "--data", folder, "--into", tmp_path / "part", "--to", second)
    assert house(tmp_path / "part").history.hours() == [first]


def test_hours_that_the_archive_forgot_are_left_alone(tmp_path):
    folder = live(tmp_path, [snapshot(row(seen=BEGIN + hour * 3600), time=BEGIN + hour * 3600) for hour in range(3)])
    one = house(folder)
    assert one.archive.expire(BEGIN + 3600) == 1
    assert json.loads(flightdata("replay", "--data", folder, "--json"))["hours"] == 2
    assert one.history.hours() == [BEGIN, BEGIN + 3600, BEGIN + 7200]
    assert len(everything(folder)) == 3


def flown(folder):
    """All flights of the store as rows."""
    with sqlite3.connect(folder / "flights.sqlite") as sql:
        rows = sql.execute("SELECT * FROM flights ORDER BY icao24, first_seen").fetchall()
    sql.close()
    return rows


def test_all_of_the_archive_replayed_the_flights_are_those_of_a_fresh_replay(snapshots, tmp_path):
    folder = live(tmp_path / "data", snapshots[::-1])
    begin = snapshots[0].received_at
    store = house(folder).flights
    store.put(flights(flight("ffffff", begin + 60), flight("fffffe", begin - 7200)), 1)
    flightdata("replay", "--data", folder, "--into", tmp_path / "fresh")
    flightdata("replay", "--data", folder)
    assert [row for row in flown(folder) if row[0] != "fffffe"] == flown(tmp_path / "fresh")
    assert len(flown(folder)) == len(flown(tmp_path / "fresh")) + 1, "what the archive does not reach any more stays"


def test_a_flight_that_began_before_the_archive_is_not_there_twice(snapshots, tmp_path):
    folder = live(tmp_path / "data", snapshots)
    begin = snapshots[0].received_at
    icao24, first_seen, last_seen, *_ = next(row for row in flown(folder) if row[1] < begin + 60)
    whole = flight(icao24, begin - 7200, last_seen + 60)
    house(folder).flights.put(flights(whole), 1)
    flightdata("replay", "--data", folder)
    assert [row[1] for row in flown(folder) if row[0] == icao24 and row[1] <= first_seen] == [begin - 7200]


def test_part_of_the_time_leaves_the_flights_alone(snapshots, tmp_path):
    folder = live(tmp_path / "data", snapshots[::-1])
    before, tracked = flown(folder), house(folder).live.latest().tracked
    flightdata("replay", "--data", folder, "--from", house(folder).history.hours()[-1])
    assert house(folder).live.latest().tracked.equals(tracked), "those in progress go on as they began"
    flightdata("replay", "--data", folder, "--to", house(folder).history.hours()[-1])
    assert flown(folder) == before


def test_a_damaged_snapshot_is_counted_and_costs_no_other(tmp_path):
    folder = live(tmp_path, [snapshot(row(), time=NOW), snapshot(row(seen=NOW + 10), time=NOW + 10)])
    damaged = min(folder.rglob("*.zst"))
    damaged.write_bytes(b"nonsense")
    account = json.loads(flightdata("replay", "--data", folder, "--json", code=6))
    assert (account["dead"], account["snapshots"]) == (1, 1)
    assert everything(folder)["last_contact"].to_list() == [NOW + 10]


def test_it_refuses_what_makes_no_sense(tmp_path):
    folder = live(tmp_path / "data", [snapshot(row())])
    with house(folder).alone():
        flightdata("replay", "--data", folder, code=2)
    flightdata("replay", "--data", folder, "--into", folder, code=2)
    flightdata("replay", "--data", folder, "--from", "tomorrow", code=2)
    flightdata("replay", "--data", folder, "--from", NOW, "--to", NOW - 7200, code=2)
    flightdata("replay", "--data", folder, "--to", 1000, code=3)
    flightdata("replay", "--data", tmp_path / "nowhere", code=3)


def test_compact_by_hand(tmp_path):
    folder = live(tmp_path, [snapshot(row())], keep=False)
    assert {path.parts[-4] for path in (folder / "history").rglob("*.parquet")} == {"recent"}
    assert json.loads(flightdata("compact", "--data", folder))["compacted"] == 1
    assert {path.parts[-4] for path in (folder / "history").rglob("*.parquet")} == {"last", "states"}


# Export.


@pytest.fixture(scope="module")
def exported(snapshots, tmp_path_factory):
    return live(tmp_path_factory.mktemp("exported"), snapshots)


def span(folder):
    times = everything(folder)["last_contact"]
    return ("--data", folder, "--from", times.min(), "--to", times.max() + 1)


@pytest.mark.parametrize("form", ["csv", "parquet", "json", "jsonl", "geojson", "gpx", "kml"])
def test_a_file_holds_all_that_fits(exported, tmp_path, form):
    path = tmp_path / f"a.{form}"
    flightdata("export", path, *span(exported))
    expected = everything(exported)
    if form == "csv":
        assert pl.read_csv(path, infer_schema=False)["icao24"].to_list() == expected["icao24"].to_list()
    elif form == "parquet":
        assert from_lake(pl.read_parquet(path)).equals(expected)
    elif form in {"json", "geojson"}:
        assert json.loads(path.read_bytes())["count"] == len(expected)
    elif form == "jsonl":
        assert len(path.read_text().splitlines()) == len(expected)
    else:
        located = expected.filter(pl.col("longitude").is_not_null())
        mark = {"gpx": "<trkpt", "kml": "<gx:coord>"}[form]
        assert path.read_text().count(mark) == located.select("icao24", "time_position").n_unique()


def test_options_select_as_the_api_does(exported, tmp_path):
    one = everything(exported)["icao24"][0]
    flightdata("export", tmp_path / "a.jsonl", *span(exported), "--icao24", one.upper())
    assert {json.loads(line)["icao24"] for line in (tmp_path / "a.jsonl").read_text().splitlines()} == {one}
    (tmp_path / "ring").write_text('{"type":"Polygon","coordinates":[[[2,48],[3,48],[3,49],[2,49],[2,48]]]}')
    flightdata("export", tmp_path / "b.csv", *span(exported), "--polygon", f"@{tmp_path / 'ring'}")
    inside = pl.read_csv(tmp_path / "b.csv", infer_schema=False).select(
        pl.col("longitude", "latitude").cast(pl.Float64)
    )
    assert inside.filter(~(pl.col("longitude").is_between(2, 3) & pl.col("latitude").is_between(48, 49))).is_empty()
    assert 0 < len(inside) < len(everything(exported))


def test_to_stdout(exported):
    assert flightdata("export", "-", "--format", "csv", *span(exported)).startswith("icao24,callsign")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["a.xml"], 2),
        (["a.csv", "--from", "x"], 2),
        (["a.csv", "--from", "20", "--to", "10"], 2),
        (["a.csv", "--lat", "3"], 2),
        (["a.csv", "--lamin", "95"], 2),
        (["a.csv", "--polygon", "1,2"], 2),
        (["a.csv", "--polygon", "@nowhere"], 2),
        (["a.csv", "--icao24", "xyz"], 2),
        (["a.csv", "--from", "10", "--to", "20"], 3),
    ],
)
def test_what_cannot_be_exported_leaves_no_file(exported, tmp_path, monkeypatch, arguments, code):
    monkeypatch.chdir(tmp_path)
    flightdata("export", *arguments, "--data", exported, code=code)
    assert list(tmp_path.iterdir()) == []
