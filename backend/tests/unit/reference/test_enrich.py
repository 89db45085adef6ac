"""What is filled in beside what the source says, from the tables that ship."""

import pytest
from samples import state, states

from flightdata.errors import ConfigurationError
from flightdata.models.states import STATE_SCHEMA, no_states
from flightdata.reference.enrich import Reference

FILLED = ("registration", "typecode", "operator", "airline", "country", "military", "origin_country")


@pytest.fixture(scope="module")
def reference():
    return Reference()


@pytest.fixture
def enriched(reference):
    """What is known of one aircraft."""

    def known(icao24, **columns):
        row = reference.enrich(states(state(icao24, **columns))).row(0, named=True)
        return {name: row[name] for name in FILLED if row[name] is not None}

    return known


def test_an_airliner_has_registration_type_operator_and_country(enriched):
    assert enriched("0080dc") == {
        "registration": "ZS-ALO",
        "typecode": "E135",
        "operator": "Airlink",
        "country": "ZA",
        "military": False,
        "origin_country": "South Africa",
    }


def test_an_aircraft_of_the_faa_s_register_has_no_owner(enriched):
    assert enriched("a00729") == {
        "registration": "N10004",
        "country": "US",
        "military": False,
        "origin_country": "United States",
    }


def test_a_private_operator_is_not_named(enriched):
    assert "operator" not in enriched("008098")
    assert enriched("008098")["registration"] == "ZU-NST"


@pytest.mark.parametrize(
    ("callsign", "airline", "operator"),
    [
        ("DLH9LF", "DLH", "Lufthansa"),
        ("BAW1", "BAW", "British Airways"),
        ("DLH", None, None),  # no flight
        ("DLHAB", None, None),  # the flight does not begin with a digit
        ("D1H9LF", None, None),
        ("N123AB", None, None),
        ("QQQ123", None, None),  # no airline
        ("DLH9LFXYZ", None, None),
        ("dlh9lf", None, None),
        (None, None, None),
    ],
)
def test_the_callsign_names_the_airline(enriched, callsign, airline, operator):
    known = enriched("~00000a", callsign=callsign)
    assert (known.get("airline"), known.get("operator")) == (airline, operator)


def test_the_airline_that_flies_it_goes_before_the_one_in_the_table(enriched):
    known = enriched("0080dc", callsign="DLH9LF")
    assert (known["airline"], known["operator"]) == ("DLH", "Lufthansa")


def test_what_the_source_says_stays(reference):
    said = dict.fromkeys(("registration", "typecode", "operator", "airline", "country", "origin_country"), "said")
    row = states(state("0080dc", callsign="DLH9LF", military=True, **said))
    assert reference.enrich(row).equals(row)


@pytest.mark.parametrize(
    ("icao24", "country", "military"),
    [
        ("3c6444", "DE", False),
        ("3f4000", "DE", True),  # a block inside another one
        ("adf7c7", "US", False),
        ("adf7c8", "US", True),
        ("01006f", "EG", False),
        ("010070", "EG", False),  # a block inside that, too
        ("010071", "EG", False),
        ("010072", "EG", True),
        ("01008d", "EG", True),
        ("01008e", "EG", False),
        ("010090", "EG", False),
        ("000000", None, False),
        ("ffffff", None, False),
    ],
)
def test_the_narrowest_block_of_an_address_counts(enriched, icao24, country, military):
    known = enriched(icao24)
    assert (known.get("country"), known["military"]) == (country, military)


@pytest.mark.parametrize("icao24", ["~3c6444", "~0080dc"])
def test_of_an_address_that_is_not_icao_s_nothing_is_known(enriched, icao24):
    assert enriched(icao24) == {}


def test_an_address_in_no_table_is_no_neighbour_of_it(enriched):
    assert set(enriched("0080dd")) == {"country", "military", "origin_country"}


def test_rows_keep_their_order_and_are_a_state_table(reference):
    rows = states(*(state(icao24) for icao24 in ("ffffff", "0080dc", "~abc123", "0080dc", "000000")))
    found = reference.enrich(rows)
    assert found["icao24"].to_list() == rows["icao24"].to_list()
    assert found["registration"].to_list() == [None, "ZS-ALO", None, "ZS-ALO", None]
    assert dict(found.schema) == dict(STATE_SCHEMA)


def test_nothing_is_nothing(reference):
    assert reference.enrich(no_states()).equals(no_states())


def test_enriched_twice_is_enriched_once(reference):
    once = reference.enrich(states(state("0080dc", callsign="DLH9LF"), state("a00729")))
    assert reference.enrich(once).equals(once)


def test_a_user_s_own_table_has_precedence_column_by_column(tmp_path):
    table = tmp_path / "own.csv"
    table.write_text("hex;r;t\n0080DC;ZS-OWN;;\n~00000;x\n3c6444;D-OWN;A319\n", encoding="utf-8")
    found = Reference(table).enrich(states(state("0080dc"), state("3c6444"), state("a00729")))
    assert found["registration"].to_list() == ["ZS-OWN", "D-OWN", "N10004"]
    assert found["typecode"].to_list() == ["E135", "A319", None]


def test_a_bad_table_is_told_before_anything_is_enriched(tmp_path):
    with pytest.raises(ConfigurationError, match="AIRCRAFT_DATABASE"):
        Reference(tmp_path / "none.csv")
