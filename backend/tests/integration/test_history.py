"""The past as clients see it, through the whole application and the command line, on a real lake."""

import csv
import gc
import io
import json
import threading
import weakref
from urllib.parse import quote

import polars as pl
import pytest
from fakes import MemoryFlights, MemoryHealth, MemoryPictures, SetClock
from fixtures.serving import SAFE, serving
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import NOW, archived, flight, flights, row, snapshot, state, states

from flightdata.models.lake import from_lake
from flightdata.models.search import FlightSearch
from flightdata.models.selection import HistorySearch
from flightdata.pipeline.flown import Flown
from flightdata.pipeline.past import DAY, Past
from flightdata.pipeline.query import Query
from flightdata.pipeline.work import work
from flightdata.settings import Settings
from flightdata.web.app import create_app
from flightdata.web.bounds import Bounds
from flightdata.web.documents import FlightPage, StatesDocument, Track
from flightdata.web.problems import Problem
from flightdata.wiring import House

STEPS = 40
LAST = NOW + 10 * STEPS


def sky(step):
    """Two aircraft fly north, one sits on the ground, one is heard in the first half only."""
    now = NOW + 10 * step
    rows = [
        row("000001", seen=now, callsign="AFR1    ", longitude=2.0, latitude=48 + step / 100),
        row("000002", seen=now, callsign="FJI2    ", longitude=179.95 + step / 100 - 360 * (step >= 5), latitude=-17.0),
        row("000003", seen=NOW, longitude=2.5, latitude=48.5),
    ]
    return snapshot(*rows + ([row("000004", seen=now, longitude=None)] if step < STEPS / 2 else []), time=now)


def lived(folder, clock):
    house = House(Settings(_env_file=None, data_dir=folder, max_page_size=100), clock)
    for step in range(STEPS + 1):
        one = sky(step)
        house.archive.put(one)
        house.queue.publish(archived(one))
    while work(house.queue, house.process):
        pass
    return house


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = lived(tmp_path_factory.mktemp("data"), SetClock(LAST + 5))
    yield house
    house.close()


@pytest.fixture(scope="module", params=["as it came", "compacted"])
def client(request, house):
    if request.param == "compacted":
        assert house.keep.compact(LAST + 7200)
    with serving(house.app()) as client:
        yield client


def page(response):
    assert response.status_code == 200, response.text
    return FlightPage.model_validate_json(response.content, strict=True)


def test_the_track_of_an_aircraft_that_flies(client):
    response = client.get("/flights/000001/track")
    track = Track.model_validate_json(response.content, strict=True)
    assert (track.icao24, track.callsign, track.count) == ("000001", "AFR1", STEPS + 1)
    assert [point.time for point in track.points] == [NOW + 10 * step for step in range(STEPS + 1)]
    assert [point.latitude for point in track.points] == [round(48 + step / 100, 5) for step in range(STEPS + 1)]


def test_part_of_a_track_in_other_words(client):
    answers = [
        client.get("/flights/000001/track", params={"begin": NOW + 100, "end": NOW + 130}),
        client.get("/flights/000001/track?begin=2023-11-14T22:15:00Z&end=2023-11-14T22:15:30%2B00:00"),
    ]
    assert {tuple(one["time"] for one in answer.json()["points"]) for answer in answers} == {
        (NOW + 100, NOW + 110, NOW + 120)
    }


@pytest.mark.parametrize(
    ("form", "media_type", "beginning"),
    [
        ("json", "application/json", b'{"icao24":"000002"'),
        ("geojson", "application/geo+json", b'{"type":"Feature"'),
        ("gpx", "application/gpx+xml", b"<?xml"),
        ("kml", "application/vnd.google-earth.kml+xml", b"<kml"),
        ("csv", "text/csv; charset=utf-8; header=present", b"time,longitude,latitude"),
    ],
)
def test_the_formats_of_a_track(client, form, media_type, beginning):
    response = client.get("/flights/000002/track", params={"format": form})
    assert (response.status_code, response.headers["content-type"]) == (200, media_type)
    assert response.content.startswith(beginning)


def test_a_track_across_the_antimeridian_is_two_lines(client):
    feature = client.get("/flights/000002/track?format=geojson").json()
    assert [len(line) for line in feature["geometry"]["coordinates"]] == [5, STEPS - 4]


def test_the_picture_at_a_past_moment(client):
    then = page(client.get("/flights", params={"time": NOW + 105}))
    assert (then.time, then.version, then.total) == (NOW + 105, 0, 4)
    assert {flight.icao24: flight.last_contact for flight in then.flights} == {
        "000001": NOW + 100,
        "000002": NOW + 100,
        "000003": NOW,
        "000004": NOW + 100,
    }


def test_what_was_not_heard_for_330_s_is_not_in_it(client):
    assert '"000003"' in client.get(f"/flights?time={NOW + 330}").text
    assert '"000003"' not in client.get(f"/flights?time={NOW + 330.001}").text
    assert page(client.get(f"/flights?time={NOW - 0.001}")).total == 0


def test_a_past_picture_has_the_filters_and_pages_of_the_live_one(client):
    box = "lamin=48&lamax=49&lomin=1&lomax=3"
    assert [one.icao24 for one in page(client.get(f"/flights?time={NOW}&{box}")).flights] == ["000001", "000003"]
    first = page(client.get(f"/flights?time={NOW}&limit=3"))
    assert first.next_cursor == "000003"
    assert page(client.get(f"/flights?time={NOW}&limit=3&cursor=000003")).count == 1


def test_a_past_picture_has_the_formats_of_the_live_one(client):
    asked = {"time": NOW + 105, "limit": 3}
    expected = client.get("/flights", params=asked).json()
    geojson = client.get("/flights", params=asked | {"format": "geojson"}).json()
    assert (geojson["time"], geojson["version"], geojson["next_cursor"]) == (NOW + 105, 0, "000003")
    assert [one["properties"]["icao24"] for one in geojson["features"]] == ["000001", "000002", "000003"]
    found = client.get("/flights", params=asked | {"format": "csv"})
    assert found.headers["x-total-count"] == "4"
    assert found.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    lines = list(csv.DictReader(io.StringIO(found.text)))
    assert [float(line["latitude"]) for line in lines] == [one["latitude"] for one in expected["flights"]]
    rest = client.get(found.url.join(found.links["next"]["url"])).text
    assert [line["icao24"] for line in csv.DictReader(io.StringIO(rest))] == ["000004"]


def test_the_latest_past_picture_is_the_live_one(client):
    live, past = page(client.get("/flights")), page(client.get(f"/flights?time={LAST}"))
    assert [one for one in live.flights if one.last_contact >= LAST - 330] == past.flights


def test_a_past_picture_says_where_flights_in_the_air_came_from_and_went_to(client, house):
    sure = {"departure": "LFPG", "departure_confidence": 0.9, "arrival": "EGLL", "arrival_confidence": 0.3}
    house.flights.put(flights(flight("000004", NOW - 60, NOW + 100, **sure)), 1)
    for moment, departure in ((NOW + 91, "LFPG"), (NOW + 101, None)):
        (found,) = [one for one in page(client.get(f"/flights?time={moment}")).flights if one.icao24 == "000004"]
        assert (found.departure, found.arrival) == (departure, None)  # the arrival is more likely wrong than right
    assert [one.icao24 for one in page(client.get(f"/flights?time={NOW + 91}&departure=LFPG")).flights] == ["000004"]


SELECTED = {
    "": {"000001": 41, "000002": 41, "000003": 1, "000004": 20},
    "lat=48&lon=2&radius=20": {"000001": 18},
    "polygon=1,47.995;3,47.995;3,48.055;1,48.055": {"000001": 6},
    "lomin=179&lomax=-179.9": {"000002": 16},
    "altitude_min=1001": {},
    "altitude_max=1000&icao24=000001&icao24=000004": {"000001": 41, "000004": 20},
}


@pytest.mark.parametrize("query", SELECTED)
def test_everything_in_an_area(client, query):
    response = client.get(f"/history?begin={NOW}&end={LAST + 1}&{query}")
    document = StatesDocument.model_validate_json(response.content, strict=True)
    assert document.count == len(document.states)
    counts = {}
    for one in document.states:
        counts[one.icao24] = counts.get(one.icao24, 0) + 1
    assert counts == SELECTED[query]


def test_the_formats_of_the_history_hold_the_same(client):
    def get(form):
        response = client.get(f"/history?begin={NOW + 100}&end={NOW + 120}&format={form}")
        assert response.status_code == 200, response.text
        return response

    expected = get("json").json()["states"]
    assert len(expected) == 6
    assert [json.loads(line) for line in get("jsonl").text.splitlines()] == expected
    assert [one["icao24"] for one in csv.DictReader(io.StringIO(get("csv").text))] == [
        one["icao24"] for one in expected
    ]
    assert len(get("geojson").json()["features"]) == 6
    table = from_lake(pl.read_parquet(get("parquet").content))
    assert table["latitude"].to_list() == [one["latitude"] for one in expected]


def test_by_default_it_is_the_last_hour(client):
    assert client.get("/history").json()["count"] == 103


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/flights?time=9e9", "time"),
        ("/flights?time=tomorrow", "time"),
        ("/flights?time=-1", "time"),
        ("/flights?time=nan", "time"),
        ("/history?begin=20&end=10", "begin"),
        ("/history?begin=10&end=10", "begin"),
        ("/history?begin=0", "begin"),
        ("/history?begin=x", "begin"),
        ("/history?end=1e300", "end"),
        ("/history?format=xml", "format"),
        ("/history?lat=1&lon=2", "radius"),
        ("/history?lat=1&lon=2&radius=0", "radius"),
        ("/history?lat=1&lon=2&radius=3&lamin=4", "radius"),
        ("/history?lamin=5&lamax=4", "lamin"),
        ("/history?altitude_min=5&altitude_max=4", "altitude_min"),
        ("/history?altitude_min=inf", "altitude_min"),
        ("/history?polygon=1,2;3,4", "polygon"),
        ("/history?polygon=1,2;3,4;5,6&lamin=3", "polygon"),
        ("/history?icao24=xyz", "icao24"),
        ("/history?callsign=AFR1", "callsign"),
        ("/flights/000001/track?begin=20&end=10", "begin"),
        ("/flights/000001/track?begin=0&end=9e9", "begin"),
        ("/flights/000001/track?format=csv2", "format"),
        ("/flights/xyz/track", "icao24"),
    ],
)
def test_nonsense_is_a_400_that_says_what_is_wrong(client, path, parameter):
    response = client.get(path)
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(response.content)
    assert problem.parameter == parameter
    assert problem.detail


@settings(max_examples=60)
@given(st.sampled_from(["begin", "end", "polygon", "radius", "lat", "altitude_min", "format", "icao24"]), st.text())
def test_whatever_is_asked_it_is_no_mistake_of_ours(client, name, value):
    response = client.get(f"/history?{name}={quote(value, safe='')}")
    assert response.status_code in {200, 400}


def test_no_track_is_a_404(client):
    for path in ("/flights/ffffff/track", "/flights/000004/track", "/flights/000001/track?begin=10&end=20"):
        assert client.get(path).status_code == 404


# Behind a gateway that cuts off.


def bounded(past, **bounds):
    clock = SetClock(NOW)
    query = Query(MemoryPictures(), MemoryHealth(), clock, max_page_size=10, expiry=330)
    return create_app(query, Flown(MemoryFlights(), clock, max_page_size=10), past, bounds=Bounds(**bounds))


@pytest.mark.parametrize("form", ["json", "jsonl", "geojson", "csv", "parquet"])
def test_what_would_be_cut_off_is_refused_and_what_fits_is_the_same(house, client, form):
    path = f"/history?begin={NOW}&end={LAST}&format={form}"
    whole = client.get(path).content
    with serving(bounded(house.past, size=len(whole) - 1)) as strict:
        response = strict.get(path)
        assert (response.status_code, Problem.model_validate(response.json()).status) == (400, 400)
        assert "flightdata export" in response.json()["detail"]
        assert strict.get(f"{path}&icao24=000003").status_code == 200
        assert strict.get("/history?begin=2&end=1").status_code == 400
    with serving(bounded(house.past, size=len(whole), time=SAFE)) as wide:
        response = wide.get(path)
        assert (response.status_code, response.content) == (200, whole)


def test_an_answer_that_is_too_large_is_given_up_long_before_it_is_made():
    made = []

    class Large:
        def states(self, _):
            for number in range(20):
                made.append(number)
                yield pl.concat([states(state("000001"))] * 12_000)

    past = Past(Large(), MemoryFlights(), SetClock(NOW), max_page_size=10, expiry=330)
    assert max(table.height for table in past.states(HistorySearch())) < 12_000
    made.clear()
    with serving(bounded(past, size=4_000_000)) as client:
        assert client.get("/history").status_code == 400
    assert made == [0], "4 MB are 10,000 states"


# Past pictures that are kept.


@pytest.mark.parametrize("kept", [1, 3])
def test_so_many_past_pictures_are_kept_and_room_is_made_before_the_next_one(kept):
    asked, indexes = [], []

    class Noting:
        def picture(self, time, _since):
            gc.collect()
            asked.append((time, sum(one() is not None for one in indexes)))
            return states(state("000001"))

    past = Past(Noting(), MemoryFlights(), SetClock(LAST + DAY), max_page_size=10, expiry=330, kept=kept)
    for time in (NOW, NOW + 1, NOW + 2, NOW + 3, NOW + 3, NOW + 4 - kept):
        past.page(time, FlightSearch())
        indexes.append(weakref.ref(past._kept[time]))
    assert [time for time, _ in asked] == [NOW, NOW + 1, NOW + 2, NOW + 3]
    assert max(held for _, held in asked) == kept - 1


def test_a_track_and_a_past_picture_that_would_be_cut_off_are_refused(house):
    with serving(bounded(house.past, size=500)) as client:
        past = [f"/flights?time={NOW}&format={form}" for form in ("json", "geojson", "csv")]
        for path in (f"/flights/000001/track?end={LAST}", *past):
            assert client.get(path).status_code == 400
        assert client.get(f"/flights/ffffff/track?end={LAST}").status_code == 404


@pytest.mark.parametrize("path", ["/history?format=csv", "/flights/000001/track", f"/flights?time={NOW}"])
def test_what_takes_too_long_is_refused_in_time_and_its_work_ends(path):
    begun, ended, going_on = threading.Event(), threading.Event(), threading.Event()

    class Slow:
        def states(self, _):
            try:
                self._wait()
                yield states()
                yield states()
                pytest.fail("nobody wants more")
            finally:
                ended.set()

        def track(self, *_):
            self._wait()

        picture = track

        def _wait(self):
            begun.set()
            going_on.wait(SAFE)

    past = Past(Slow(), MemoryFlights(), SetClock(NOW), max_page_size=10, expiry=330)
    with serving(bounded(past, time=0.2)) as client:
        response = client.get(path)
    assert begun.is_set()
    assert response.status_code == 400
    assert "longer than 0.2 s" in response.json()["detail"]
    going_on.set()
    assert "/history" not in path or ended.wait(SAFE)


def test_a_client_that_goes_away_ends_the_work():
    ended = threading.Event()

    class Endless:
        def states(self, _):
            try:
                while True:
                    yield states(*[dict.fromkeys(states().columns)] * 1000).with_columns(pl.col("quality").fill_null(0))
            finally:
                ended.set()

    clock = SetClock(NOW)
    query = Query(MemoryPictures(), MemoryHealth(), clock, max_page_size=10, expiry=330)
    flown = Flown(MemoryFlights(), clock, max_page_size=10)
    past = Past(Endless(), MemoryFlights(), clock, max_page_size=10, expiry=330)
    with serving(create_app(query, flown, past)) as client:
        for form in ("csv", "parquet"):
            ended.clear()
            with client.stream("GET", f"/history?format={form}") as response:
                next(response.iter_raw())
            assert ended.wait(SAFE), form
