"""What every Flights promises. A new backend is one line in OPEN."""

import sqlite3
from contextlib import closing
from itertools import count

import pytest
from fakes import MemoryFlights, kept
from samples import NOW, flight, flights

from flightdata.backends.flights.dynamodb import DynamoFlights
from flightdata.backends.flights.sqlite import SqliteFlights
from flightdata.models.flight import FLIGHT_ENDS, FLIGHT_SCHEMA, FlightsAsked, Side

ALL = FlightsAsked(0.0, NOW * 2, 100)
MANY = 110
"""DynamoDB gets so many in transactions."""


OPEN = {
    "dynamodb": lambda account: DynamoFlights(account.client("dynamodb"), account.table, many=MANY),
    "sqlite": lambda folder: SqliteFlights(folder / "flights.sqlite"),
    "fake": kept(MemoryFlights),
}


AWS = {"dynamodb"}
"""These are opened with an AWS account, the others with a folder."""


@pytest.fixture(params=OPEN)
def opens(request, tmp_path):
    """Opens the same store, again and again."""
    place = request.getfixturevalue("account") if request.param in AWS else tmp_path
    opened = []

    def reopen():
        opened.append(OPEN[request.param](place))
        return opened[-1]

    yield reopen
    for one in opened:
        getattr(one, "close", lambda: None)()


class Numbered:
    """A store whose puts are those of one version after the other."""

    def __init__(self, store):
        self._store = store
        self._fences = count(1)

    def put(self, flights):
        self._store.put(flights, next(self._fences))

    def __getattr__(self, name):
        return getattr(self._store, name)


@pytest.fixture
def store(opens):
    return Numbered(opens())


def ids(found):
    assert dict(found.schema) == dict(FLIGHT_SCHEMA)
    return list(found.select("icao24", "first_seen").iter_rows())


def test_what_was_put_comes_back_as_it_was_also_after_opening_again(store, opens):
    row = flight(callsign="AFR1", departure="LFPG", departure_confidence=0.93, arrival_candidates=2, distance=1.5)
    store.put(flights(row))
    assert opens().of_aircraft("abc123", ALL).equals(flights(row))


def test_a_flight_put_again_takes_the_place_of_the_one_before(store):
    store.put(flights(flight(phase="airborne"), flight("bbbbbb")))
    store.put(flights(flight(last_seen=NOW + 60, arrival="LFPG")))
    assert store.of_aircraft("abc123", ALL).equals(flights(flight(last_seen=NOW + 60, arrival="LFPG")))
    assert ids(store.of_aircraft("bbbbbb", ALL)) == [("bbbbbb", NOW)]


def test_of_what_several_versions_put_that_of_the_greatest_fence_stays(opens):
    early, late = flight(phase="airborne", departure="LFPG"), flight(phase="lost", callsign="AFR1", arrival="EGLL")
    for fence, rows in ((2, [late]), (1, [early, flight("bbbbbb", callsign="AFR1")]), (2, [late])):
        opens().put(flights(*rows), fence)
    store = opens()
    assert store.of_aircraft("abc123", ALL).equals(flights(late))
    assert ids(store.of_airport("LFPG", Side.DEPARTURE, ALL)) == []
    assert ids(store.of_airport("EGLL", Side.ARRIVAL, ALL)) == [("abc123", NOW)]
    assert ids(store.of_callsign("AFR1", ALL)) == [("bbbbbb", NOW), ("abc123", NOW)]
    store.put(flights(flight(phase="airborne")), 3)
    assert ids(store.of_callsign("AFR1", ALL)) == [("bbbbbb", NOW)]


@pytest.mark.parametrize("number", [MANY - 1, MANY])
def test_of_very_many_too(opens, number):
    store, last = opens(), f"{number - 1:06x}"
    store.put(flights(flight(last, arrival="EGLL")), 2)
    store.put(flights(*(flight(f"{one:06x}", arrival="LFPG") for one in range(number))), 1)
    found = ids(store.of_airport("LFPG", Side.ARRIVAL, FlightsAsked(0.0, NOW * 2, MANY)))
    assert found == [(f"{one:06x}", NOW) for one in reversed(range(number - 1))]
    assert store.of_aircraft(last, ALL)["arrival"].to_list() == ["EGLL"]


def test_repetition_changes_nothing(store):
    for _ in range(2):
        store.put(flights(flight(), flight(first_seen=NOW + 1)))
    assert ids(store.of_aircraft("abc123", ALL)) == [("abc123", NOW + 1), ("abc123", NOW)]


def test_putting_none_is_fine(store):
    store.put(flights())
    assert ids(store.of_aircraft("abc123", ALL)) == []


def test_departures_are_told_by_first_seen_and_arrivals_by_last_seen(store):
    store.put(flights(flight("aaaaaa", NOW, NOW + 900, departure="LFPG", arrival="EGLL")))
    store.put(flights(flight("bbbbbb", NOW + 100, NOW + 500, departure="EGLL", arrival="LFPG")))
    early = FlightsAsked(NOW, NOW + 600, 10)
    assert ids(store.of_airport("LFPG", Side.DEPARTURE, early)) == [("aaaaaa", NOW)]
    assert ids(store.of_airport("LFPG", Side.ARRIVAL, early)) == [("bbbbbb", NOW + 100)]
    assert ids(store.of_airport("EGLL", Side.ARRIVAL, early)) == []


def test_a_flight_whose_estimate_changed_is_no_longer_found_where_it_was(store):
    store.put(flights(flight(arrival="LFPB")))
    store.put(flights(flight(arrival="LFPG")))
    assert ids(store.of_airport("LFPB", Side.ARRIVAL, ALL)) == []


def test_both_edges_of_the_time_belong_to_it(store):
    store.put(flights(*(flight(first_seen=NOW + second) for second in range(5))))
    found = store.of_aircraft("abc123", FlightsAsked(NOW + 1, NOW + 3, 10))
    assert found["first_seen"].to_list() == [NOW + 3, NOW + 2, NOW + 1]


@pytest.mark.parametrize("side", list(Side))
def test_of_the_same_moment_the_icao24_decides(store, side):
    store.put(flights(*(flight(icao24, departure="LFPG", arrival="LFPG") for icao24 in ("bbbbbb", "~aaaaa", "cccccc"))))
    assert store.of_airport("LFPG", side, ALL)["icao24"].to_list() == ["~aaaaa", "cccccc", "bbbbbb"]


def test_pages_together_are_the_whole(store):
    rows = [flight(icao24 * 6, NOW + at, departure="LFPG") for icao24 in "abc" for at in range(3)]
    store.put(flights(*rows))
    found, after = [], None
    while page := ids(store.of_airport("LFPG", Side.DEPARTURE, FlightsAsked(0, NOW * 2, 2, after))):
        assert len(page) <= 2
        found += page
        after = page[-1][1], page[-1][0]
    assert found == ids(store.of_airport("LFPG", Side.DEPARTURE, ALL))
    assert len(found) == len(rows)


def test_flights_of_a_callsign_are_those_of_whichever_aircraft_that_are_over(store):
    store.put(
        flights(
            flight("aaaaaa", NOW, NOW + 900, callsign="AFR1"),
            flight("bbbbbb", NOW + 1, NOW + 5, callsign="AFR1", phase="lost"),
            flight("cccccc", NOW + 2, callsign="AFR1", phase="airborne"),
            flight("dddddd", NOW + 3, callsign="AFR12"),
            flight("eeeeee", NOW + 4, callsign=None),
            flight("ffffff", NOW + 5, callsign="afr1"),
            flight("~00000", NOW + 601, callsign="AFR1"),
        )
    )
    asked = FlightsAsked(NOW, NOW + 600, 10)
    assert ids(store.of_callsign("AFR1", asked)) == [("ffffff", NOW + 5), ("bbbbbb", NOW + 1), ("aaaaaa", NOW)]


def test_a_flight_that_was_lost_and_found_again_is_of_its_callsign_once_it_has_landed(store):
    found = []
    for phase in ("airborne", "lost", "airborne", "landed"):
        store.put(flights(flight(callsign="AFR1", phase=phase)))
        found.append(store.of_callsign("AFR1", ALL)["phase"].to_list())
    assert found == [[], ["lost"], [], ["landed"]]


def test_a_flight_that_took_another_callsign_is_no_longer_found_by_the_one_before(store):
    for callsign in ("AFR1", "AFR2"):
        store.put(flights(flight(callsign=callsign)))
    assert ids(store.of_callsign("AFR1", ALL)) == []
    assert ids(store.of_callsign("AFR2", ALL)) == [("abc123", NOW)]


@pytest.mark.parametrize("callsign", ["", "AF 1", "ß", "\0", "x" * 3000])
def test_a_flight_whose_callsign_nobody_can_ask_for_is_kept_all_the_same(store, callsign):
    store.put(flights(flight(callsign=callsign)))
    assert store.of_aircraft("abc123", ALL).equals(flights(flight(callsign=callsign)))


def test_pages_of_a_callsign_together_are_the_whole(store):
    rows = [flight(icao24 * 6, NOW + at, callsign="AFR1") for icao24 in "abc" for at in range(3)]
    store.put(flights(*rows))
    found, after = [], None
    while page := ids(store.of_callsign("AFR1", FlightsAsked(0, NOW * 2, 2, after))):
        found += page
        after = page[-1][1], page[-1][0]
    assert found == ids(store.of_callsign("AFR1", ALL))
    assert len(found) == len(rows)


@pytest.mark.parametrize("opens", sorted(OPEN.keys() - AWS), indirect=True)
def test_the_ends_of_flights_in_the_air_at_a_moment(store):
    ends = {"departure": "LFPG", "departure_confidence": 0.9, "arrival": "EGLL", "arrival_confidence": 0.6}
    store.put(
        flights(
            flight("aaaaaa", NOW - 900, NOW, **ends),
            flight("bbbbbb", NOW, NOW + 900, departure="EGLL", departure_confidence=0.8),
            flight("cccccc", NOW - 900, NOW - 800, phase="airborne"),
            flight("dddddd", NOW - 86_400, NOW + 1),
            flight("dddddd", NOW - 60, NOW + 1, arrival="LFPG"),
            flight("over", NOW - 900, NOW - 0.001),
            flight("not yet", NOW + 0.001, NOW + 900, phase="airborne"),
            flight("too long", NOW - 86_401, NOW + 900),
        )
    )
    found = store.in_progress(NOW)
    assert dict(found.schema) == dict(FLIGHT_ENDS)
    assert sorted(found.iter_rows()) == [
        ("aaaaaa", "LFPG", 0.9, "EGLL", 0.6),
        ("bbbbbb", "EGLL", 0.8, None, None),
        ("cccccc", None, None, None, None),
        ("dddddd", None, None, "LFPG", None),
    ]


@pytest.mark.parametrize("opens", AWS, indirect=True)
def test_where_that_takes_a_query_an_aircraft_none_are_told(store):
    store.put(flights(flight()))
    assert store.in_progress(NOW).equals(flights().select(*FLIGHT_ENDS))


@pytest.mark.parametrize("opens", AWS, indirect=True)
def test_an_item_without_a_fence_is_replaced(opens, account):
    opens().put(flights(flight(arrival="LFPG")), 5)
    (item,) = account.client("dynamodb").scan(TableName=account.table)["Items"]
    del item["fence"]
    account.client("dynamodb").put_item(TableName=account.table, Item=item)
    opens().put(flights(flight(arrival="EGLL")), 1)
    assert ids(opens().of_airport("EGLL", Side.ARRIVAL, ALL)) == [("abc123", NOW)]


@pytest.mark.parametrize("opens", ["sqlite"], indirect=True)
def test_a_file_from_before_there_were_fences_gets_them(opens, tmp_path):
    opens().put(flights(flight(arrival="LFPG")), 5)
    with closing(sqlite3.connect(tmp_path / "flights.sqlite")) as sql:
        sql.execute("ALTER TABLE flights DROP COLUMN fence")
    opens().put(flights(flight(arrival="EGLL")), 1)
    assert ids(opens().of_airport("EGLL", Side.ARRIVAL, ALL)) == [("abc123", NOW)]
