import pytest

from flightdata.reference.airports import find_airport


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
