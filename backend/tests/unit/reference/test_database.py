"""The user's own aircraft table: both layouts, and what is wrong with one that is neither."""

import gzip

import pytest
from structlog.testing import capture_logs

from flightdata.errors import ConfigurationError
from flightdata.reference.database import read_database

OPENSKY = (
    '"icao24","registration","manufacturericao","typecode","icaoaircrafttype","operator","operatoricao","owner"\n'
    '"","","","","","","",""\n'
    '"3c6444","D-AIBX","AIRBUS","A319","L2J","Lufthansa, Frankfurt","DLH","A. Person"\n'
    '"4B1815","HB-JHK","AIRBUS","","L2J","","SWR",""\n'
)


@pytest.fixture
def known_by(tmp_path):
    """What a table with this content knows: address → the other columns."""

    def read(content, name="own.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = read_database(path)
        assert found["address"].is_sorted()
        return {f"{address:06x}": tuple(known) for address, *known in found.iter_rows()}

    return read


def test_opensky_s_layout(known_by):
    assert known_by(OPENSKY) == {
        "3c6444": ("D-AIBX", "A319", "Lufthansa, Frankfurt"),
        "4b1815": ("HB-JHK", None, "Swiss"),
    }


def test_opensky_s_newer_layout_has_apostrophes_and_capitals(known_by):
    content = (
        "'icao24','timestamp','operatorIcao','owner','registration','typecode'\n"
        "'3c6444','2017-01-01','DLH','Pat O'Person','D-AIBX','A319'\n"
    )
    assert known_by(content)["3c6444"] == ("D-AIBX", "A319", "Lufthansa")


@pytest.mark.parametrize("header", ["", "hex;registration;type;flags;desc\n", "\ufeff"])
def test_tar1090_s_layout_with_and_without_a_header(known_by, header):
    content = header + '3C6444;D-AIBX;A319;00;AIRBUS "A"-319;2008;Pat Person;\n4b1815;HB-JHK;A321\n'
    assert known_by(content) == {
        "3c6444": ("D-AIBX", "A319", None),
        "4b1815": ("HB-JHK", "A321", None),
    }


def test_gzipped_it_is_read_whatever_its_name(known_by):
    assert known_by(gzip.compress(OPENSKY.encode()), "own.csv")["3c6444"][0] == "D-AIBX"


def test_blank_fields_are_unknown(known_by):
    assert known_by("0080dc; ;;\n") == {"0080dc": (None, None, None)}


def test_of_two_rows_of_an_aircraft_the_later_one_counts(known_by):
    assert known_by("3c6444;D-OLD;A319\n3c6444;D-NEW;A320\n")["3c6444"][:2] == ("D-NEW", "A320")


@pytest.mark.parametrize("kind", ["L2J", "A", "AIRBUS", "a319", "A-19"])
def test_what_is_no_designator_is_no_type(known_by, kind):
    expected = kind if kind == "L2J" else None  # in this column, it cannot be told from one
    assert known_by(f"3c6444;D-AIBX;{kind}\n")["3c6444"][1] == expected


def test_no_owner_is_read(known_by):
    everything = repr([known_by(OPENSKY), known_by("3c6444;D-AIBX;A319;00;AIRBUS;2008;Pat Person;\n")])
    assert "Person" not in everything


def test_bad_rows_are_counted_and_the_others_kept(known_by):
    rows = ['"3c6444","D-AIBX"', '"xyz","D-X"', '"4b1815","HB-JHK","more"', '"4b1816"', "", '"4b1817","never closed']
    with capture_logs() as lines:
        found = known_by('"icao24","registration"\n' + "\n".join([*rows, '"4b1818","HB-JLT"']) + "\n")
    assert set(found) == {"3c6444", "4b1817", "4b1818"}
    assert [(line["aircraft"], line["bad_rows"]) for line in lines] == [(3, 4)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "its first line is ''"),
        ("icao,reg\nabc123,D-X\n", "its first line is 'icao,reg'"),
        ("<!DOCTYPE html>\n", "its first line is '<!DOCTYPE html>'"),
        ("icao24,owner\nabc123,Pat\n", "its first line is 'icao24,owner'"),
        ("icao24,registration\n", "none of its 0 rows has an address"),
        ("icao24,registration\nx,D-X\n", "none of its 1 rows has an address"),
        (b"\x1f\x8b broken", "cannot be read"),
        (gzip.compress(OPENSKY.encode())[:-20], "cannot be read"),
        (b"\x00\xff" * 100_000, "its first line is"),
    ],
)
def test_a_file_that_is_no_such_table_is_told_what_is_wrong(known_by, content, reason):
    with pytest.raises(ConfigurationError, match="AIRCRAFT_DATABASE=") as error:
        known_by(content)
    assert reason in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match=r"own\.csv: cannot be read: .*No such file"):
        read_database(tmp_path / "own.csv")
