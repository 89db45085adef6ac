import pytest

from flightdata.reference.airports import airport_table, find_airport


@pytest.mark.parametrize("spelling", ["EDDF", "eddf", " EDDF "])
def test_finds_an_airport_in_si_units_however_its_code_is_written(spelling):
    frankfurt = find_airport(spelling)
    assert (frankfurt.icao, frankfurt.country) == ("EDDF", "DE")
    assert frankfurt.latitude == pytest.approx(50.03, abs=0.01)
    assert frankfurt.longitude == pytest.approx(8.55, abs=0.03)
    assert frankfurt.elevation == pytest.approx(111, abs=1)


@pytest.mark.parametrize("code", ["", "ZZZZ", "FRA"])
def test_an_unknown_code_is_none(code):
    assert find_airport(code) is None


def test_the_table_has_every_airport_once_as_it_is_found_by_its_code():
    table = airport_table()
    assert table["ident"].is_unique().all()
    assert table.null_count().sum_horizontal().item() == 0
    for ident, latitude, longitude, elevation, _ in table.gather_every(97).iter_rows():
        found = find_airport(ident)
        assert (found.latitude, found.longitude, found.elevation) == (latitude, longitude, elevation)


def test_an_iata_code_says_that_airlines_can_be_expected():
    scheduled = dict(airport_table().select("ident", "scheduled").iter_rows())
    assert (scheduled["LFPG"], scheduled["LFPA"]) == (True, False)
