"""The API as clients see it: the whole application behind a real server on a loopback socket."""

import csv
import io
import json
import re
import threading
from urllib.parse import quote, urlencode

import pytest
from fakes import MemoryFlights, MemoryHealth, MemoryHistory, MemoryPictures, SetClock
from fixtures.serving import SAFE, problem, serving
from hypothesis import example, given, settings
from hypothesis import strategies as st
from samples import NOW, NOWHERE, archived, picture, row, snapshot, state

from flightdata.errors import NotFound, Throttled, Unauthorised
from flightdata.models.picture import SHOWN_SCHEMA
from flightdata.pipeline.flown import Flown
from flightdata.pipeline.past import Past
from flightdata.pipeline.query import Query
from flightdata.pipeline.work import work
from flightdata.settings import Settings
from flightdata.utils import logs
from flightdata.web import examples
from flightdata.web.app import create_app
from flightdata.web.documents import FlightCollection, FlightPage, LiveFlight, ReadinessDocument
from flightdata.web.flights import FlightParameters
from flightdata.wiring import House

PARIS = ["000001", "000002", "00000a"]
ROWS = [
    row("000001", callsign="AFR1    ", longitude=2.0, latitude=48.0),
    row("000002", callsign="AFR22   ", longitude=3.0, latitude=49.0),
    row("00000a", callsign="BAW3    ", longitude=2.5, latitude=48.5),
    row("00000b", callsign=None, longitude=None),
    row("00000c", callsign="FJI4    ", longitude=180.0, latitude=-17.0),
    row("00000d", callsign="FJI5    ", longitude=-179.5, latitude=-17.5),
    row("00000e", callsign="QFA6    ", longitude=0.0, latitude=0.0, seen=NOW - 100),
]
ALL = [one[0] for one in ROWS]
FLOWN = Flown(MemoryFlights(), SetClock(NOW), max_page_size=100)


def settled(folder, **given):
    return Settings(_env_file=None, data_dir=folder, **given)


def past():
    return Past(MemoryHistory(), MemoryFlights(), SetClock(NOW), max_page_size=100, expiry=330)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A house with one snapshot processed, whose clock stands 5 s after it."""
    house = House(settled(tmp_path_factory.mktemp("data"), max_page_size=100), SetClock(NOW + 5))
    one = snapshot(*ROWS)
    house.archive.put(one)
    house.queue.publish(archived(one))
    work(house.queue, house.process)
    house.health.succeeded("test", NOW)
    yield house
    house.close()


@pytest.fixture(scope="module")
def client(house):
    with serving(house.app()) as client:
        yield client


def names(response):
    assert response.status_code == 200, response.text
    page = FlightPage.model_validate_json(response.content, strict=True)
    assert page.count == len(page.flights)
    assert response.headers["content-type"] == "application/json"
    return [flight.icao24 for flight in page.flights]


# Pages of flights


def test_flights_are_the_live_states_page_by_page(client):
    page = client.get("/flights").json()
    assert [flight["icao24"] for flight in page["flights"]] == ALL
    assert {key: value for key, value in page.items() if key != "flights"} == {
        "time": NOW,
        "version": 1,
        "total": 7,
        "count": 7,
        "next_cursor": None,
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("lamin=48&lamax=49&lomin=2&lomax=3", PARIS),
        ("lamin=48.1&lamax=48.9&lomin=2.1&lomax=2.9", ["00000a"]),
        ("lamin=48", PARIS),
        ("lamax=-17.5", ["00000d"]),
        ("lomin=2.5", ["000002", "00000a", "00000c"]),
        ("lomax=0", ["00000d", "00000e"]),
        ("lomin=170&lomax=-170", ["00000c", "00000d"]),
        ("lomin=3&lomax=2", ["000001", "000002", "00000c", "00000d", "00000e"]),
        ("lamin=-90&lamax=90&lomin=-180&lomax=180", [name for name in ALL if name != "00000b"]),
        ("icao24=00000a", ["00000a"]),
        ("icao24=00000B&icao24=000001&icao24=ffffff", ["000001", "00000b"]),
        ("callsign=AFR", ["000001", "000002"]),
        ("callsign=afr2", ["000002"]),
        ("callsign=AFR&icao24=000002&lamin=48", ["000002"]),
        ("callsign=AFR&icao24=00000a", []),
        ("limit=2", ALL[:2]),
        ("limit=2&cursor=000002", ALL[2:4]),
        ("cursor=00000c", ALL[5:]),
        ("sort=icao24", ALL),
        ("sort=-icao24", ALL[::-1]),
        ("sort=callsign&limit=2", ["000001", "000002"]),
        ("sort=-callsign&limit=2", ["00000e", "00000d"]),
        ("sort=-callsign&limit=2&cursor=00000d:FJI5", ["00000c", "00000a"]),
        ("sort=callsign&cursor=00000e:QFA6", ["00000b"]),
        ("sort=last_contact&limit=1", ["00000e"]),
        ("sort=velocity&limit=2&cursor=00000A:100.0", ["00000b", "00000c"]),
        ("callsign=AFR&limit=1&cursor=000001", ["000002"]),
        ("lat=48&lon=2&radius=1", ["000001"]),
        ("lat=48&lon=2&radius=100", ["000001", "00000a"]),
        ("lat=-17&lon=-179.8&radius=100", ["00000c", "00000d"]),
        ("operator=qantas", ["00000e"]),
        ("operator=qfa", ["00000e"]),
        ("operator=British+Airways&lamin=48", ["00000a"]),
        ("origin_country=FRANCE&limit=1", ["000001"]),
        ("origin_country=Fran", []),
        ("squawk=1000&cursor=00000c", ALL[5:]),
        ("squawk=7700", []),
        ("on_ground=false&cursor=00000c", ALL[5:]),
        ("on_ground=true", []),
        ("altitude_min=1000&altitude_max=1000&limit=1", ["000001"]),
        ("altitude_min=1000.1", []),
        ("velocity_min=100&velocity_max=100&limit=1", ["000001"]),
        ("velocity_max=99.9", []),
        ("source=test&limit=1", ["000001"]),
        ("source=Test", []),
        ("registration=F-ABCD", []),
        ("typecode=A320", []),
        ("category=1", []),
        ("departure=LFPG", []),
    ],
)
def test_every_parameter_does_what_it_says(client, query, expected):
    assert names(client.get(f"/flights?{query}")) == expected


def test_paging_with_the_cursor_gives_each_aircraft_once(client):
    found, cursor = [], {}
    while cursor is not None:
        page = client.get("/flights", params={"limit": 3, **cursor})
        found += names(page)
        after = page.json()["next_cursor"]
        cursor = {"cursor": after} if after else None
    assert found == ALL


def test_a_flight_has_opensky_s_names_and_si_units_and_says_what_is_odd(client):
    flight = client.get("/flights/00000e").json()
    assert flight == state(
        "00000e",
        callsign="QFA6",
        origin_country="France",
        time_position=NOW - 100,
        last_contact=NOW - 100,
        longitude=0.0,
        latitude=0.0,
        baro_altitude=1000.0,
        velocity=100.0,
        true_track=90.0,
        vertical_rate=0.0,
        squawk="1000",
        position_source=0,
        operator="Qantas",
        airline="QFA",
        military=False,
        quality=["stale_position", "null_island"],
        **NOWHERE,
    )


# Pages in other formats


def everything(client, form, **search):
    """The texts of all pages, along the links."""
    address = f"/flights?{urlencode({'format': form, 'limit': 3, **search})}"
    while address:
        response = client.get(address)
        assert response.status_code == 200, response.text
        assert response.headers["x-total-count"] == "7"
        yield response.text
        next_page = response.links.get("next")
        address = next_page and str(response.url.join(next_page["url"]))


def test_pages_of_geojson_hold_what_the_json_holds(client):
    flights = client.get("/flights").json()["flights"]
    pages = [FlightCollection.model_validate_json(text, strict=True) for text in everything(client, "geojson")]
    assert [(page.count, page.total, page.next_cursor) for page in pages] == [
        (3, 7, "00000a"),
        (3, 7, "00000d"),
        (1, 7, None),
    ]
    assert {(page.time, page.version) for page in pages} == {(NOW, 1)}
    features = [feature for page in pages for feature in page.features]
    for feature, flight in zip(features, flights, strict=True):
        place = [flight.pop("longitude"), flight.pop("latitude")]
        assert feature.properties.model_dump() == flight
        assert (feature.geometry and feature.geometry.coordinates) == (None if place == [None, None] else place)


def test_pages_of_csv_hold_what_the_json_holds(client):
    flights = client.get("/flights").json()["flights"]
    lines = [line for text in everything(client, "csv") for line in csv.DictReader(io.StringIO(text, newline=""))]
    assert [list(line) for line in lines] == [list(SHOWN_SCHEMA)] * 7
    for line, flight in zip(lines, flights, strict=True):
        quality = ";".join(flight.pop("quality"))
        assert line.pop("quality") == quality
        written = {name: json.dumps(value) for name, value in flight.items() if not isinstance(value, str | None)}
        assert line == {name: value or "" for name, value in flight.items()} | written


def test_a_page_of_csv_without_aircraft_has_names(client):
    response = client.get("/flights?format=csv&squawk=7700")
    assert (response.text, response.headers["x-total-count"]) == (",".join(SHOWN_SCHEMA) + "\n", "0")
    assert "link" not in response.headers


def test_the_link_to_the_next_page_keeps_what_was_asked(client):
    odd = {"operator": "Air <France>, & 50 %", "cursor": "000001", "limit": "1"}
    assert "link" not in client.get("/flights", params={"format": "csv", **odd}).headers
    asked = [("icao24", "000001"), ("icao24", "00000B"), ("cursor", "000000"), ("limit", "1"), ("format", "csv")]
    link = client.get("/flights", params=asked).headers["link"]
    assert link == '<?icao24=000001&icao24=00000B&limit=1&format=csv&cursor=000001>; rel="next"'


def test_the_examples_of_the_documentation_are_possible_answers():
    FlightPage.model_validate(examples.JSON, strict=True)
    FlightCollection.model_validate(examples.GEOJSON, strict=True)
    (row,) = csv.DictReader(io.StringIO(examples.CSV))
    assert list(row) == list(SHOWN_SCHEMA)
    assert (row["icao24"], row["longitude"], row["arrival"]) == ("3944ef", "2.6103", "LFPG")


# One aircraft


@pytest.mark.parametrize("written", ["00000a", "00000A"])
def test_one_aircraft_is_found_by_its_address(client, written):
    response = client.get(f"/flights/{written}")
    assert response.status_code == 200
    assert LiveFlight.model_validate_json(response.content, strict=True).icao24 == "00000a"


def test_one_that_is_not_heard_is_404(client):
    assert "ffffff" in problem(client.get("/flights/ffffff"), 404).detail


@pytest.mark.parametrize("written", ["xyz", "00000", "0000000", "00000g", "~~00000", "%00", "%F0%9F%9B%AB"])
def test_what_is_no_address_is_a_bad_request(client, written):
    assert problem(client.get(f"/flights/{written}"), 400).parameter == "icao24"


# Health


def test_the_process_lives(client):
    response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "live"})


def test_it_is_ready_with_a_picture(client):
    response = client.get("/health/ready")
    assert response.status_code == 200
    ready = ReadinessDocument.model_validate_json(response.content, strict=True)
    assert (ready.status, ready.degraded, ready.version, ready.aircraft, ready.age) == ("ready", [], 1, 7, 5.0)
    assert [source.name for source in ready.sources] == ["test"]


def test_without_a_picture_it_is_503_and_questions_have_empty_answers(tmp_path):
    house = House(settled(tmp_path), SetClock(NOW))
    with serving(house.app()) as client:
        response = client.get("/health/ready")
        assert response.status_code == 503
        assert ReadinessDocument.model_validate_json(response.content, strict=True).status == "starting"
        assert names(client.get("/flights")) == []
        problem(client.get("/flights/00000a"), 404)
    house.close()


def test_while_a_source_fails_it_is_degraded_but_ready():
    health = MemoryHealth()
    health.failed("opensky", "timed out", NOW)
    query = Query(MemoryPictures(picture(version=1)), health, SetClock(NOW), max_page_size=10, expiry=330.0)
    with serving(create_app(query, FLOWN, past())) as client:
        response = client.get("/health/ready")
    assert response.status_code == 200
    ready = ReadinessDocument.model_validate_json(response.content, strict=True)
    assert (ready.status, ready.degraded) == ("degraded", ["source opensky: timed out (since 2023-11-14 22:13:20Z)"])


def test_a_new_version_is_answered_without_a_restart():
    seen = threading.Event()

    class Watched(MemoryPictures):
        def shown(self):
            if self.version() == 2:
                seen.set()
            return super().shown()

    live = Watched(picture(state("000001")))
    query = Query(live, MemoryHealth(), SetClock(NOW), max_page_size=100, expiry=330.0)
    with serving(create_app(query, FLOWN, past())) as client:
        assert names(client.get("/flights")) == ["000001"]
        live.publish(picture(state("000002"), version=2))
        assert seen.wait(SAFE)
        while client.get("/flights").json()["version"] == 1:
            pass  # it is being loaded
        assert names(client.get("/flights")) == ["000002"]


# Problems


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("lamin=x", "lamin"),
        ("lamin=", "lamin"),
        ("lamin=90.1", "lamin"),
        ("lamax=-91", "lamax"),
        ("lamax=nan", "lamax"),
        ("lomin=inf", "lomin"),
        ("lomax=180.001", "lomax"),
        ("lomax=1e400", "lomax"),
        ("icao24=xyz", "icao24"),
        ("icao24=00000a&icao24=", "icao24"),
        ("icao24=00000a,00000b", "icao24"),
        ("&".join(["icao24=00000a"] * 1001), "icao24"),
        ("callsign=", "callsign"),
        ("callsign=ABCDEFGHI", "callsign"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=101", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("cursor=xyz", "cursor"),
        ("cursor=00000a:5", "cursor"),
        ("sort=velocity&cursor=00000a:x", "cursor"),
        ("sort=", "sort"),
        ("sort=speed", "sort"),
        ("sort=--velocity", "sort"),
        ("cursor=", "cursor"),
        ("registration=", "registration"),
        ("typecode=A320N", "typecode"),
        ("operator=", "operator"),
        ("operator=" + "x" * 101, "operator"),
        ("origin_country=", "origin_country"),
        ("squawk=7778", "squawk"),
        ("squawk=700", "squawk"),
        ("category=21", "category"),
        ("category=-1", "category"),
        ("category=A3", "category"),
        ("on_ground=maybe", "on_ground"),
        ("altitude_min=high", "altitude_min"),
        ("altitude_max=inf", "altitude_max"),
        ("altitude_min=2&altitude_max=1", "altitude_min"),
        ("velocity_min=nan", "velocity_min"),
        ("velocity_min=2&velocity_max=1", "velocity_min"),
        ("source=", "source"),
        ("departure=CDG", "departure"),
        ("lat=48&lon=2", "radius"),
        ("radius=5", "lat"),
        ("lat=48&lon=2&radius=0", "radius"),
        ("lat=48&lon=2&radius=20101", "radius"),
        ("lat=91&lon=2&radius=5", "lat"),
        ("lat=48&lon=2&radius=5&lamin=4", "radius"),
        ("lamin=50&lamax=48", "lamin"),
        ("format=xml", "format"),
        ("format=CSV", "format"),
        ("bbox=1,2,3,4", "bbox"),
        ("LAMIN=5", "LAMIN"),
        ("query=5", "query"),
        ("path=5", "path"),
        ("%22%3Cscript%3E=5", '"<script>'),
    ],
)
def test_a_bad_request_names_the_parameter_and_says_why(client, query, parameter):
    found = problem(client.get(f"/flights?{query}"), 400)
    assert found.parameter == parameter
    assert parameter in found.detail


def test_a_box_upside_down_is_a_bad_request(client):
    found = problem(client.get("/flights?lamin=50&lamax=48"), 400)
    assert found.detail == "lamin (50.0) is north of lamax (48.0)"


def test_a_limit_above_the_greatest_page_size_says_what_that_is(client):
    assert "100" in problem(client.get("/flights?limit=101"), 400).detail


@pytest.mark.parametrize("path", ["/nothing", "/flights/00000a/nothing", "/health", "/..%2f..%2fetc/passwd", "/%00"])
def test_what_is_not_there_is_404(client, path):
    problem(client.get(path), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/flights", "/flights/00000a", "/health/live", "/health/ready"])
def test_other_methods_are_405(client, method, path):
    problem(client.request(method, path), 405)


def test_a_405_tells_which_methods_there_are(client):
    """RFC 9110, 15.5.6: it must."""
    assert "GET" in client.post("/flights").headers["allow"].split(", ")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unauthorised("who are you?"), 401),
        (NotFound("no such thing"), 404),
        (Throttled("too many", retry_after=2.6), 429),
    ],
)
def test_every_error_for_clients_has_its_status(error, status):
    class Refusing(Query):
        def flights(self, search):
            raise error

    query = Refusing(MemoryPictures(), MemoryHealth(), SetClock(NOW), max_page_size=10, expiry=330.0)
    with serving(create_app(query, FLOWN, past())) as client:
        response = client.get("/flights")
    assert problem(response, status).detail == str(error)
    assert response.headers.get("retry-after") == ("3" if status == 429 else None)


@pytest.fixture(scope="module")
def broken():
    """A client of an application with a mistake in it."""
    logs.configure("CRITICAL", as_json=True)

    class Mistaken(Query):
        def flights(self, search):
            raise ZeroDivisionError("the secret of the database")

    query = Mistaken(MemoryPictures(), MemoryHealth(), SetClock(NOW), max_page_size=10, expiry=330.0)
    with serving(create_app(query, FLOWN, past())) as client:
        yield client


def test_a_mistake_of_ours_is_500_without_its_details(broken):
    response = broken.get("/flights")
    problem(response, 500)
    assert "secret" not in response.text
    assert "ZeroDivisionError" not in response.text


def test_a_mistake_of_ours_has_a_request_id_too_so_that_it_can_be_found_in_the_log(broken):
    assert broken.get("/flights", headers={"X-Request-ID": "mine"}).headers.get("x-request-id") == "mine"


# Whatever a client sends


text = st.text(max_size=12)
names_of_parameters = st.sampled_from([*FlightParameters.model_fields, "query", ""])
plausible = (
    st.floats().map(str)
    | st.integers().map(str)
    | st.floats(-90, 90).map(str)
    | st.integers(1, 100).map(str)
    | st.sampled_from(
        [
            *ALL,
            "~00000a",
            "AFR",
            "BAW3",
            "None",
            "null",
            "true",
            "csv",
            "geojson",
            "7700",
            "[]",
            "{}",
            "1e5",
            "\uff10",
            "-0",
            "1_0",
        ]
    )
)
pairs = st.lists(st.tuples(names_of_parameters | text, plausible | text), max_size=6)
anything = st.binary(max_size=30).map(lambda raw: quote(raw, "=&+;%"))
urls = pairs.map(urlencode) | st.binary(max_size=30).map(quote) | anything


@given(query=urls)
@example(query="%")
@example(query="%ff%fe=%00&lamin=%ED%A0%80")
@example(query="lamin=1&lamin=2")
@example(query="=&=&&&")
@settings(max_examples=300, deadline=None)
def test_no_query_is_ever_our_mistake(client, query):
    response = client.get(f"/flights?{query}")
    if response.status_code == 200 and "x-total-count" not in response.headers:
        names(response)
    elif response.status_code != 200:
        problem(response, 400)


@given(name=text.filter(lambda name: name not in {"", ".", ".."}) | st.sampled_from(ALL))
@settings(max_examples=100, deadline=None)
def test_no_path_is_ever_our_mistake(client, name):
    response = client.get(f"/flights/{quote(name, safe='')}", follow_redirects=False)
    if response.status_code == 200:
        LiveFlight.model_validate_json(response.content, strict=True)
    elif response.status_code != 307:  # a slash at the end
        problem(response, response.status_code)
        assert response.status_code in {400, 404}


@given(west=st.integers(-180, 180), east=st.integers(-180, 180), south=st.integers(-90, 90), height=st.integers(0, 180))
@settings(max_examples=100, deadline=None)
def test_a_box_holds_exactly_those_in_it(client, west, east, south, height):
    north = min(90, south + height)

    def inside(one):
        longitude, latitude = one[5], one[6]
        across = west <= longitude <= east if west <= east else longitude >= west or longitude <= east
        return south <= latitude <= north and across

    box = {"lamin": south, "lamax": north, "lomin": west, "lomax": east}
    expected = [one[0] for one in ROWS if one[5] is not None and inside(one)]
    assert names(client.get("/flights", params=box)) == expected


# Request ids


def test_every_answer_has_an_id_of_its_own(client):
    ids = [client.get(path).headers["x-request-id"] for path in ("/flights", "/flights", "/nothing", "/flights?x=1")]
    assert len(set(ids)) == 4


@pytest.mark.parametrize("path", ["/flights", "/nothing", "/flights?limit=x", "/docs"])
def test_the_client_s_own_id_comes_back(client, path):
    assert client.get(path, headers={"X-Request-ID": "My-id_1.2"}).headers["x-request-id"] == "My-id_1.2"


@pytest.mark.parametrize("odd", ["", "x" * 65, "a b", 'a"b', "a,b", "ä".encode()])
def test_an_id_that_does_not_fit_in_a_log_line_is_replaced(client, odd):
    given_back = client.get("/flights", headers={"X-Request-ID": odd}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", given_back)


# Other origins


def test_other_origins_may_ask_only_if_they_are_named(tmp_path):
    house = House(settled(tmp_path, cors_origins="https://a.example, https://b.example"), SetClock(NOW))
    with serving(house.app()) as client:
        for origin, allowed in (("https://b.example", "https://b.example"), ("https://c.example", None)):
            response = client.get("/flights", headers={"Origin": origin})
            assert response.status_code == 200
            assert response.headers.get("access-control-allow-origin") == allowed
        exposed = client.get("/flights", headers={"Origin": "https://a.example"}).headers
        assert exposed["access-control-expose-headers"] == "X-Request-ID, Link, X-Total-Count, ETag"
    house.close()


def test_by_default_no_other_origin_may_ask(client):
    response = client.get("/flights", headers={"Origin": "https://a.example"})
    assert "access-control-allow-origin" not in response.headers


# The map


@pytest.fixture(scope="module")
def with_map(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    (folder / "index.html").write_text("<title>the map</title>")
    (folder.parent / "secret.txt").write_text("secret")
    query = Query(MemoryPictures(), MemoryHealth(), SetClock(NOW), max_page_size=100, expiry=330.0)
    with serving(create_app(query, FLOWN, past(), dashboard=folder)) as client:
        yield client


def test_the_map_is_at_the_root(with_map):
    response = with_map.get("/")
    assert (response.status_code, response.text) == (200, "<title>the map</title>")


def test_beside_the_map_the_api_is_the_same(with_map):
    assert names(with_map.get("/flights")) == []
    problem(with_map.get("/nothing"), 404)
    problem(with_map.post("/flights"), 405)


@pytest.mark.parametrize("path", ["/..%2fsecret.txt", "/%2e%2e/secret.txt", "/..%5csecret.txt"])
def test_nothing_beside_the_map_s_folder_is_served(with_map, path):
    assert "secret" not in with_map.get(path).text.replace("secret.txt", "")


# The documentation


@pytest.fixture(scope="module")
def openapi(client):
    return client.get("/openapi.json").json()


def operations(openapi):
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def references(part):
    """Every `$ref` in it."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for one in part:
            yield from references(one)


def test_openapi_describes_every_route(openapi):
    assert openapi["openapi"].startswith("3.1")
    assert openapi["info"]["title"]
    assert {name for name, _ in operations(openapi)} >= {
        "GET /flights",
        "GET /flights/{icao24}",
        "GET /flights/{icao24}/history",
        "GET /airports/{icao}/arrivals",
        "GET /airports/{icao}/departures",
        "GET /callsigns/{callsign}/flights",
        "GET /health/live",
        "GET /health/ready",
    }


def test_openapi_holds_together(openapi):
    """What a validator would look at: references, path parameters, unique names, a description of each answer."""
    for reference in references(openapi):
        part = openapi
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
    identities = [operation["operationId"] for _, operation in operations(openapi)]
    assert len(set(identities)) == len(identities)
    for name, operation in operations(openapi):
        parameters = [(one["in"], one["name"]) for one in operation.get("parameters", [])]
        assert len(set(parameters)) == len(parameters)
        in_path = {one for place, one in parameters if place == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", name))
        assert all(one["schema"] for one in operation.get("parameters", []))
        assert all(answer["description"] for answer in operation["responses"].values())


def test_openapi_describes_every_parameter_of_a_search(openapi):
    parameters = openapi["paths"]["/flights"]["get"]["parameters"]
    assert {one["name"] for one in parameters} == set(FlightParameters.model_fields)
    assert all(one.get("description") or one["schema"].get("description") for one in parameters)


def test_openapi_promises_only_answers_that_are_given(openapi):
    promised = {name: set(operation["responses"]) for name, operation in operations(openapi)}
    assert promised == {
        "GET /flights": {"200", "400"},
        "GET /flights/{icao24}": {"200", "400", "404"},
        "GET /flights/{icao24}/history": {"200", "400"},
        "GET /airports/{icao}/arrivals": {"200", "400", "404"},
        "GET /airports/{icao}/departures": {"200", "400", "404"},
        "GET /callsigns/{callsign}/flights": {"200", "400"},
        "GET /flights/{icao24}/track": {"200", "400", "404"},
        "GET /history": {"200", "400"},
        "GET /metrics": {"200"},
        "GET /health/live": {"200"},
        "GET /health/ready": {"200", "503"},
    }


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/flights", "/flights"),
        ("/flights?format=csv", "/flights"),
        ("/flights?format=geojson", "/flights"),
        ("/flights?limit=x", "/flights"),
        ("/flights/00000a", "/flights/{icao24}"),
        ("/flights/ffffff", "/flights/{icao24}"),
        ("/flights/xyz", "/flights/{icao24}"),
        ("/health/live", "/health/live"),
        ("/health/ready", "/health/ready"),
    ],
)
def test_answers_have_the_media_type_that_openapi_says(client, openapi, path, route):
    response = client.get(path)
    documented = openapi["paths"][route]["get"]["responses"][str(response.status_code)]["content"]
    assert response.headers["content-type"] in documented


def test_the_documentation_needs_nobody_else(client):
    html = client.get("/docs").text
    assert "swagger" in html.lower()
    assert re.findall(r"""(?:https?:)?//[^\s"'<>]+""", html) == []
    for asset in re.findall(r"""(?:src|href)=["']([^"']+)""", html):
        response = client.get(asset)
        assert response.status_code == 200
        assert response.content


def test_there_is_no_second_documentation_that_loads_from_elsewhere(client):
    problem(client.get("/redoc"), 404)


def test_a_document_in_the_documentation_is_one_that_is_answered(client):
    """The models that document the answers know every member of them, and no other."""
    page = client.get("/flights?limit=1").json()
    assert set(page) == set(FlightPage.model_fields)
    assert set(page["flights"][0]) == set(LiveFlight.model_fields)
    ready = client.get("/health/ready").json()
    assert set(ready) == set(ReadinessDocument.model_fields)
