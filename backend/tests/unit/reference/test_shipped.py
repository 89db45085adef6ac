"""The tables that ship: whole, small, without private persons, and made by the script that says so."""

import csv
import gzip
import runpy
from pathlib import Path

import polars as pl
import pytest
from fixtures.recordings import REPOSITORY, folder
from polars.testing import assert_frame_equal

from flightdata.reference import shipped

TABLES = Path(shipped.__file__).parent / "tables"
SCRIPT = REPOSITORY / "backend" / "scripts" / "build-reference.py"

SMALL = {
    "aircraft_vrs": (
        "ICAO,Registration,ModelICAO,IsPrivateOperator,Operator",
        "3C6444,D-AIBD,A319,0,Lufthansa",
        "A00002,N2,C172,1,Pat Person",
        "A00003,N3,C172,0,Club",
        "A00004,N4,C172,0,Club",
        "A00005,N5,C172,0,Club",
        "A00007,,-GND,0,Airport",
        "A00012,N12,B738,0,Airline",
    ),
    "aircraft_us_faa": (
        "icaoHex,registration,make,model,aircraftType,engineType,yearManufactured,owner",
        *(f"A0000{n},N{n},CESSNA,172X9,fixedWingSingleEngine,reciprocating,1970,Pat Person" for n in range(2, 7)),
        "A00010,N10,BOEING,737-823,fixedWingMultiEngine,turboFan,,Pat Person",
        "A00011,N11,CESSNA,172M,fixedWingSingleEngine,fourCycle,,Pat Person",
        "A00012,N12,AIRBUS,A320-232,fixedWingMultiEngine,turboFan,,Pat Person",
        "A00013,N13,LEARJET INC,45,fixedWingMultiEngine,turboFan,,Pat Person",
        "A00014,N14,PERSON,SPECIAL,fixedWingSingleEngine,reciprocating,,Pat Person",
    ),
    "aircraft_types_vrs": (
        "ICAO,Manufacturer,Model,Engines,EngineTypeCode,SpeciesCode",
        "B738,Boeing,737-800,2,J,L",
        "P8,Boeing,737-800 Poseidon,2,J,L",
        "C172,Cessna,172 Skyhawk,1,P,L",
        "A320,Airbus,A-320,2,J,L",
        "LJ45,Learjet,45,2,J,L",
        "LJ75,Learjet,45,2,J,L",
    ),
    "airlines_vrs": ("ICAO,Name", "DLH,Lufthansa", ",No Code", "BAW,British Airways"),
    "icao24_blocks_vrs": (
        "Start,Finish,IsMilitary,CountryISO2",
        "000000,7FFFFF,0,ZZ",
        "3C0000,3FFFFF,0,DE",
        "3F4000,3F4FFF,1,DE",
        "3F4010,3F401F,0,DE",
        "3F4010,3F401F,0,DE",
    ),
    "countries_vrs": ("ISO,Name", "DE,Germany", "ZZ,Unknown"),
}


@pytest.fixture
def build(monkeypatch):
    """`build(source, target)`: run the script."""

    def run(source, target):
        monkeypatch.setattr("sys.argv", [str(SCRIPT), "--from", str(source), "--into", str(target)])
        monkeypatch.syspath_prepend(str(SCRIPT.parent))
        runpy.run_path(str(SCRIPT), run_name="__main__")
        return {path.stem: path for path in target.glob("*.parquet")}

    return run


@pytest.fixture
def small(tmp_path, build):
    """The tables made of SMALL."""
    source = tmp_path / "source"
    source.mkdir()
    for name, lines in SMALL.items():
        with gzip.open(source / f"{name}.csv.gz", "wt") as file:
            csv.writer(file).writerows(line.split(",") for line in lines)
    return {name: pl.read_parquet(path) for name, path in build(source, tmp_path / "target").items()}


def test_aircraft_of_both_tables_are_one_and_get_a_type_where_it_is_sure(small):
    found = {f"{address:06X}": tuple(known) for address, *known in small["aircraft"].iter_rows()}
    assert found == {
        "3C6444": ("D-AIBD", "A319", "Lufthansa"),
        "A00002": ("N2", "C172", None),
        "A00003": ("N3", "C172", "Club"),
        "A00004": ("N4", "C172", "Club"),
        "A00005": ("N5", "C172", "Club"),
        "A00006": ("N6", "C172", None),  # as the four others of its model
        "A00007": (None, None, "Airport"),
        "A00010": ("N10", "B738", None),  # "737-800" is a whole name, "737-800 Poseidon" only begins so
        "A00011": ("N11", "C172", None),
        "A00012": ("N12", "B738", "Airline"),  # contradicted: the name is not believed
        "A00013": ("N13", None, None),  # two designators bear that name
        "A00014": ("N14", None, None),
    }


def test_nested_blocks_are_cut_and_the_narrowest_counts(small):
    assert small["blocks"].rows() == [
        (0x000000, None, None, False),
        (0x3C0000, "DE", "Germany", False),
        (0x3F4000, "DE", "Germany", True),
        (0x3F4010, "DE", "Germany", False),
        (0x3F4020, "DE", "Germany", True),
        (0x3F5000, "DE", "Germany", False),
        (0x400000, None, None, False),
        (0x800000, None, None, None),
    ]


def test_airlines_are_in_order(small):
    assert small["airlines"].rows() == [("BAW", "British Airways"), ("DLH", "Lufthansa")]


def test_no_person_gets_in(small):
    assert not any("Person" in str(value) for table in small.values() for row in table.rows() for value in row)


def test_the_same_input_gives_the_tables_that_ship(build, tmp_path):
    source = folder() / "reference"
    if not source.is_dir():
        pytest.skip(f"no public tables in {source}")
    first, second = build(source, tmp_path / "first"), build(source, tmp_path / "second")
    assert {name: path.read_bytes() for name, path in first.items()} == {
        name: path.read_bytes() for name, path in second.items()
    }
    for name, path in first.items():  # their bytes may change with polars
        assert_frame_equal(pl.read_parquet(path), pl.read_parquet(TABLES / f"{name}.parquet"))


@pytest.mark.parametrize("name", ["aircraft", "airlines", "blocks"])
def test_a_table_is_ordered_by_its_key_and_has_each_once(name):
    table = getattr(shipped, name)()
    assert table.to_series(0).is_sorted()
    assert table.to_series(0).is_unique().all()
    assert table.to_series(0).null_count() == 0


def test_all_of_them_take_less_than_2_mb():
    assert sum(path.stat().st_size for path in TABLES.glob("*.parquet")) < 2_000_000


def test_the_readme_beside_them_counts_their_rows():
    readme = (TABLES / "README.md").read_text(encoding="utf-8")
    for name in ("aircraft", "airlines", "blocks"):
        assert f"| `{name}.parquet` | {getattr(shipped, name)().height:,} |" in readme
