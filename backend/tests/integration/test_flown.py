"""Past flights as clients see them, from snapshots on: archive, queue, process, store, routes."""

import pytest
from fakes import SetClock
from fixtures.serving import problem, serving
from samples import NOW, archived, flight, flights, snapshot

from flightdata.pipeline.work import work
from flightdata.settings import Settings
from flightdata.web.documents import FlightPage, FlownPage
from flightdata.wiring import House

GATE, CLIMB = (49.0128, 2.55), (49.02, 2.60)


def row(at, place, *, on_ground, icao24="39856c"):
    """An aircraft at Charles de Gaulle, `at` s after NOW."""
    seen, velocity, altitude = NOW + at, 5.0 if on_ground else 85.0, None if on_ground else 500.0
    rate = None if on_ground else 10.0
    position = [seen, seen, place[1], place[0], altitude, on_ground, velocity, 80.0, rate]
    return [icao24, "AFR16NN ", "France", *position, None, None, "1000", False, 0]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(
        Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("data"), max_page_size=3), SetClock(NOW + 120)
    )
    for at, place, on_ground in ((0, GATE, True), (60, CLIMB, False)):
        one = snapshot(row(at, place, on_ground=on_ground), time=NOW + at, received_at=NOW + at)
        house.archive.put(one)
        house.queue.publish(archived(one))
    work(house.queue, house.process)
    house.flights.put(flights(*(flight(first_seen=NOW + at, arrival="EGLL", callsign="BAW1") for at in range(5))), 1)
    yield house
    house.close()


@pytest.fixture(scope="module")
def client(house):
    with serving(house.app()) as client:
        yield client


def page(response):
    assert response.status_code == 200, response.text
    found = FlownPage.model_validate_json(response.content, strict=True)
    assert found.count == len(found.flights)
    return found


def test_a_flight_that_took_off_is_in_the_history_of_its_aircraft(client):
    (flight,) = page(client.get("/flights/39856C/history")).flights
    assert (flight.first_seen, flight.phase, flight.callsign) == (NOW + 60, "airborne", "AFR16NN")
    assert (flight.departure, flight.arrival) == ("LFPG", None)


def test_it_is_among_the_departures_of_its_airport(client):
    assert [one.icao24 for one in page(client.get("/airports/lfpg/departures")).flights] == ["39856c"]
    assert page(client.get("/airports/LFPG/arrivals")).flights == []


def test_its_live_state_tells_where_it_comes_from(client):
    live = FlightPage.model_validate_json(client.get("/flights").content, strict=True).flights
    assert [(one.icao24, one.departure, one.arrival) for one in live] == [("39856c", "LFPG", None)]
    assert client.get("/flights", params={"departure": "lfpg"}).json()["total"] == 1
    assert client.get("/flights", params={"departure": "EGLL"}).json()["total"] == 0
    assert client.get("/flights", params={"arrival": "LFPG"}).json()["total"] == 0
    assert client.get("/flights", params={"departure": "LFPG", "callsign": "BAW"}).json()["total"] == 0


def test_it_is_not_yet_among_the_past_flights_of_its_callsign_but_among_the_live_ones(client):
    assert page(client.get("/callsigns/AFR16NN/flights")).flights == []
    assert client.get("/flights", params={"callsign": "AFR16NN"}).json()["total"] == 1


def test_a_callsign_is_asked_for_as_a_whole_in_capitals_or_not(client):
    assert page(client.get("/callsigns/baw1/flights")).count == 3
    assert page(client.get("/callsigns/BAW/flights")).count == 0


@pytest.mark.parametrize("path", ["/flights/abc123/history", "/airports/EGLL/arrivals", "/callsigns/BAW1/flights"])
def test_pages_go_from_the_newest_to_the_oldest(client, path):
    found, cursor = [], None
    while True:
        one = page(client.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {})))
        found += [flight.first_seen for flight in one.flights]
        cursor = one.next_cursor
        if cursor is None:
            break
    assert found == [NOW + 4, NOW + 3, NOW + 2, NOW + 1, NOW]


def test_only_the_time_asked_for(client):
    found = page(client.get("/flights/abc123/history", params={"begin": NOW + 1, "end": NOW + 2}))
    assert ([one.first_seen for one in found.flights], found.begin, found.end) == ([NOW + 2, NOW + 1], NOW + 1, NOW + 2)


def test_without_an_end_it_is_now(client):
    assert page(client.get("/flights/abc123/history")).end == NOW + 120


def test_an_aircraft_without_flights_has_an_empty_history(client):
    assert page(client.get("/flights/ffffff/history")).flights == []


@pytest.mark.parametrize("side", ["arrivals", "departures"])
def test_an_airport_that_does_not_exist_is_404(client, side):
    assert problem(client.get(f"/airports/XXXX/{side}"), 404).parameter == "icao"


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/airports/LFPGX/arrivals", "icao"),
        ("/flights/xyz/history", "icao24"),
        ("/callsigns/AFR16NNXX/flights", "callsign"),
        ("/callsigns/AF-1/flights", "callsign"),
        ("/callsigns/%20/flights", "callsign"),
        ("/callsigns/%C3%9F/flights", "callsign"),
        ("/callsigns/BAW1/flights?limit=4", "limit"),
        ("/callsigns/BAW1/flights?until=5", "until"),
        ("/flights/abc123/history?begin=yesterday", "begin"),
        ("/flights/abc123/history?limit=0", "limit"),
        ("/flights/abc123/history?limit=4", "limit"),
        ("/flights/abc123/history?cursor=x", "cursor"),
        ("/flights/abc123/history?cursor=99999999999999-abc123", "cursor"),
        ("/flights/abc123/history?begin=nan", "begin"),
        ("/flights/abc123/history?until=5", "until"),
        ("/flights?departure=Paris", "departure"),
    ],
)
def test_what_makes_no_sense_is_400_and_says_which_parameter(client, path, parameter):
    assert problem(client.get(path), 400).parameter == parameter


def test_a_time_that_ends_before_it_begins_is_400(client):
    found = problem(client.get("/flights/abc123/history?begin=5&end=4"), 400)
    assert "after end" in found.detail
    assert found.parameter == "begin"


def test_moments_may_be_written_as_people_do(client):
    """2023-11-14T22:13:21Z is NOW + 1."""
    seconds = client.get("/flights/abc123/history", params={"begin": NOW + 1, "end": NOW + 2}).json()
    written = "begin=2023-11-14T22:13:21Z&end=2023-11-14T23:13:22%2B01:00"
    assert client.get(f"/flights/abc123/history?{written}").json() == seconds


def test_the_routes_are_documented(client):
    paths = client.get("/openapi.json").json()["paths"]
    families = "/flights/{icao24}/history", "/callsigns/{callsign}/flights"
    for path in (*families, "/airports/{icao}/arrivals", "/airports/{icao}/departures"):
        answers = paths[path]["get"]["responses"]
        assert answers["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/FlownPage")
        assert "application/problem+json" in answers["400"]["content"]
