"""What a page holds, live and past, against a look at each row in plain Python."""

import csv
import io
import json
from math import asin, cos, radians, sin, sqrt

import polars as pl
import pytest
from fakes import MemoryFlights, MemoryHistory, SetClock
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from samples import NOW, flight, flights, state, states

from flightdata.errors import BadRequest
from flightdata.models.area import Area
from flightdata.models.picture import Shown, with_airports
from flightdata.models.region import Circle
from flightdata.models.search import SORTABLE, FlightSearch
from flightdata.pipeline import page as pages
from flightdata.pipeline.index import LiveIndex
from flightdata.pipeline.page import page
from flightdata.pipeline.past import Past

RADIUS = 6_371_008.8

places = st.one_of(
    st.tuples(st.floats(-180, 180), st.floats(-90, 90)),
    st.tuples(st.floats(1, 3), st.floats(47, 49)),
    st.tuples(st.sampled_from([180.0, -180.0, 179.5, 0.0]), st.sampled_from([90.0, -90.0, 0.0])),
    st.just((None, None)),
)
altitudes = st.none() | st.sampled_from([-30.48, 0.0, 1000.0, 10668.0])
speeds = st.none() | st.sampled_from([0.0, 99.9, 100.0, 250.0])
TEXTS = {
    "callsign": ["AFR1", "AFR12", "BAW3", "A"],
    "registration": ["F-GKXS", "F-GKXT", "N1"],
    "typecode": ["A320", "A321", "B738"],
    "operator": ["Air France", "AFR", "Österreich", "Straße"],
    "airline": ["AFR", "BAW"],
    "origin_country": ["France", "Côte d'Ivoire"],
    "squawk": ["1000", "7700", "0000"],
}
AIRPORTS = ["LFPG", "EGLL"]
SOURCES = ["test", "Test", "readsb:http://a/"]
aircraft = st.fixed_dictionaries(
    {name: st.none() | st.sampled_from(values) for name, values in TEXTS.items()}
    | {
        "place": places,
        "category": st.none() | st.integers(0, 3),
        "on_ground": st.booleans(),
        "baro_altitude": altitudes,
        "velocity": speeds,
        "source": st.sampled_from(SOURCES),
        "departure": st.none() | st.sampled_from(AIRPORTS),
        "arrival": st.none() | st.sampled_from(AIRPORTS),
    }
)
written = {
    name: st.sampled_from([text for value in values for text in (value, value.lower(), value.upper(), value + "x")])
    for name, values in TEXTS.items()
    if name not in {"airline", "squawk"}
}
areas = st.builds(Area, lomin=st.integers(-180, 180), lomax=st.integers(-180, 180), lamin=st.integers(-90, 48))
circles = st.builds(Circle, st.floats(-90, 90), st.floats(-180, 180), st.floats(1, 2e7))
near = st.builds(Circle, st.floats(47, 49), st.floats(1, 3), st.floats(1e3, 2e5))
wanted = written | {
    "area": areas,
    "circle": circles | near,
    "icao24": st.lists(st.sampled_from([f"{number:06x}" for number in range(12)]), min_size=1).map(tuple),
    "squawk": st.sampled_from(TEXTS["squawk"]),
    "category": st.integers(0, 3),
    "on_ground": st.booleans(),
    "altitude_min": st.sampled_from([-100.0, 0.0, 0.1, 1000.0]),
    "altitude_max": st.sampled_from([-100.0, 0.0, 999.0, 1000.0, 2e4]),
    "velocity_min": st.sampled_from([0.0, 100.0, 100.1]),
    "velocity_max": st.sampled_from([0.0, 99.9, 300.0]),
    "departure": st.sampled_from(AIRPORTS),
    "arrival": st.sampled_from(AIRPORTS),
    "source": st.sampled_from([*SOURCES, "TEST"]),
}


@st.composite
def conditions(draw):
    """Few of them, so that some aircraft fulfil all."""
    names = draw(st.sets(st.sampled_from(sorted(wanted)), max_size=3))
    return {name: draw(wanted[name]) for name in names}


def metres(circle, longitude, latitude):
    """Along the surface, by haversines."""
    south, north = radians(circle.latitude), radians(latitude)
    width = radians(longitude - circle.longitude)
    chord = sin((north - south) / 2) ** 2 + cos(north) * cos(south) * sin(width / 2) ** 2
    return 2 * RADIUS * asin(sqrt(min(1.0, chord)))


def close(circle, longitude, latitude):
    if longitude is None:
        return False
    distance = metres(circle, longitude, latitude)
    assume(abs(distance - circle.radius) > 1)  # so that rounding decides nothing
    return distance < circle.radius


def reads(asked, *values):
    return any(value is not None and value.lower() == asked.lower() for value in values)


def height(row):
    return 0.0 if row["on_ground"] and row["baro_altitude"] is None else row["baro_altitude"]


ORACLE = {
    "area": lambda row, area: row["longitude"] is not None and area.contains(row["latitude"], row["longitude"]),
    "circle": lambda row, circle: close(circle, row["longitude"], row["latitude"]),
    "icao24": lambda row, names: row["icao24"] in names,
    "callsign": lambda row, prefix: (row["callsign"] or "").startswith(prefix.upper()),
    "operator": lambda row, name: reads(name, row["operator"], row["airline"]),
    "altitude_min": lambda row, least: height(row) is not None and height(row) >= least,
    "altitude_max": lambda row, most: height(row) is not None and height(row) <= most,
    "velocity_min": lambda row, least: row["velocity"] is not None and row["velocity"] >= least,
    "velocity_max": lambda row, most: row["velocity"] is not None and row["velocity"] <= most,
    **{
        name: lambda row, asked, name=name: reads(asked, row[name])
        for name in ("registration", "typecode", "origin_country")
    },
    **{
        name: lambda row, asked, name=name: row[name] == asked
        for name in ("squawk", "category", "on_ground", "departure", "arrival", "source")
    },
}


def traffic(given):
    """States and the flights they are on: of each some aircraft its columns, its place and its airports."""
    rows, ends = [], []
    for number, one in enumerate(given):
        longitude, latitude = one.pop("place")
        icao24 = f"{number:06x}"
        likely = {side: one.pop(side) for side in ("departure", "arrival")}
        sure = {f"{side}_confidence": 0.9 for side in likely}
        rows.append(state(icao24, longitude=longitude, latitude=latitude, **one) | {"last_contact": NOW})
        ends.append(flight(icao24, NOW - 60, NOW + 60, **likely, **sure))
    return states(*rows), flights(*ends)


def indexed(given):
    known, flown = traffic(given)
    return LiveIndex(Shown(1, NOW, with_airports(known, flown)))


def plain(index, search):
    """The icao24s that a look at each row finds."""
    return [
        row["icao24"]
        for row in index.table(range(len(index))).iter_rows(named=True)
        if all(ORACLE[name](row, value) for name, value in search.items())
    ]


def names(page):
    return [page.index.icao24s[row] for row in page.rows]


def test_every_condition_is_looked_at():
    assert set(ORACLE) == set(FlightSearch.model_fields) - {"sort", "limit", "cursor"}


@given(st.lists(aircraft, max_size=12), conditions())
@settings(max_examples=600, deadline=None)
def test_a_page_holds_what_a_look_at_each_row_finds_live_and_past(given_aircraft, search):
    known, flown = traffic([dict(one) for one in given_aircraft])
    index = LiveIndex(Shown(1, NOW, with_airports(known, flown)))
    expected = plain(index, search)
    live = page(index, FlightSearch(**search, limit=100), 100)
    assert (names(live), live.total, live.next_cursor) == (expected, len(expected), None)

    history, store = MemoryHistory(), MemoryFlights()
    history.add("one", known)
    store.put(flown, 1)
    past = Past(history, store, SetClock(NOW + 1), max_page_size=100, expiry=330)
    then = past.page(NOW, FlightSearch(**search, limit=100))
    assert json.loads(pages.json(then))["flights"] == json.loads(pages.json(live))["flights"]


@given(st.lists(aircraft, max_size=12), conditions(), st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_pages_follow_one_another_whatever_is_asked(given_aircraft, search, limit):
    index = indexed(given_aircraft)
    found, cursor = [], None
    while True:
        one = page(index, FlightSearch(**search, limit=limit, cursor=cursor), 100)
        found += names(one)
        assert one.total == len(plain(index, search))
        if (cursor := one.next_cursor) is None:
            break
        assert len(one.rows) == limit
    assert found == plain(index, search)


def arranged(rows, sort):
    """Sorted by a look at each: in the order of icao24 first, then stably by what is known."""
    column = sort.removeprefix("-")
    rows = sorted(rows, key=lambda row: row["icao24"])
    known = [row for row in rows if row[column] is not None]
    known = sorted(known, key=lambda row: row[column], reverse=sort[0] == "-")
    return [row["icao24"] for row in [*known, *(row for row in rows if row[column] is None)]]


def followed(ask, limit, **search):
    """The icao24s of all pages; `ask` gives the index for each."""
    found, cursor = [], None
    for _ in range(20):
        one = page(ask(), FlightSearch(**search, limit=limit, cursor=cursor), 100)
        found += names(one)
        if (cursor := one.next_cursor) is None:
            return found
    pytest.fail("the pages do not end")


sorts = st.sampled_from([sign + name for name in SORTABLE for sign in ("", "-")])


@given(st.lists(aircraft, max_size=12), sorts, st.integers(1, 5))
@settings(max_examples=200, deadline=None)
def test_pages_have_the_order_that_was_asked_for(given_aircraft, sort, limit):
    index = indexed(given_aircraft)
    rows = list(index.table(range(len(index))).iter_rows(named=True))
    assert followed(lambda: index, limit, sort=sort) == arranged(rows, sort)


@given(data=st.data(), sort=sorts, limit=st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_in_any_order_each_that_stays_as_it_is_is_there_once_while_others_come_and_go(data, sort, limit):
    known, flown = traffic(data.draw(st.lists(aircraft, min_size=1, max_size=12)))
    some = st.sets(st.integers(0, known.height - 1))
    staying = data.draw(some)

    def ask():
        there = known[sorted(staying | data.draw(some))]
        return LiveIndex(Shown(1, NOW, with_airports(there, flown)))

    found = followed(ask, limit, sort=sort)
    assert len(set(found)) == len(found)
    assert {f"{number:06x}" for number in staying} <= set(found)


@pytest.mark.parametrize(
    ("sort", "cursor"),
    [("velocity", "000001:fast"), ("-velocity", "000001:"), (None, "000001:1"), ("icao24", "000001:1")],
)
def test_a_cursor_of_another_order_is_a_bad_request_where_it_shows(sort, cursor):
    index = LiveIndex(Shown(1, NOW, with_airports(states(state("000001", velocity=1.0)), flights())))
    with pytest.raises(BadRequest) as caught:
        page(index, FlightSearch(sort=sort, cursor=cursor), 100)
    assert caught.value.parameter == "cursor"


@given(st.lists(aircraft, max_size=6), conditions())
@settings(max_examples=60, deadline=None)
def test_all_formats_hold_the_same(given_aircraft, search):
    one = page(indexed(given_aircraft), FlightSearch(**search), 100)
    document, collection = json.loads(pages.json(one)), json.loads(pages.geojson(one))
    rows = list(csv.DictReader(io.StringIO(pages.csv(one).decode(), newline="")))
    expected = document.pop("flights")
    features = collection.pop("features")
    assert collection == document | {"type": "FeatureCollection"}
    assert [row["icao24"] for row in rows] == [shown["icao24"] for shown in expected]
    for feature, shown in zip(features, expected, strict=True):
        place = [shown.pop("longitude"), shown.pop("latitude")]
        point = None if place == [None, None] else {"type": "Point", "coordinates": place}
        assert feature == {"type": "Feature", "geometry": point, "properties": shown}


def test_a_point_has_the_altitude_above_the_ellipsoid_where_it_is_known():
    known = states(
        state("000001", longitude=2.0, latitude=48.0, geo_altitude=1050.5, baro_altitude=1000.0),
        state("000002", longitude=2.0, latitude=48.0, baro_altitude=1000.0),
    )
    index = LiveIndex(Shown(1, NOW, with_airports(known, flights())))
    features = json.loads(pages.geojson(page(index, FlightSearch(), 100)))["features"]
    assert [one["geometry"]["coordinates"] for one in features] == [[2.0, 48.0, 1050.5], [2.0, 48.0]]


def test_texts_are_quoted_and_flags_joined_as_in_the_csv_of_the_history():
    odd = state("000001", callsign='A"B,\nC', operator="Air, France", quality=3)
    index = LiveIndex(Shown(1, NOW, with_airports(states(odd), flights())))
    (row,) = csv.DictReader(io.StringIO(pages.csv(page(index, FlightSearch(), 100)).decode(), newline=""))
    assert (row["callsign"], row["operator"]) == ('A"B,\nC', "Air, France")
    assert row["quality"] == ";".join(json.loads(pages.json(page(index, FlightSearch(), 100)))["flights"][0]["quality"])


def test_a_page_that_is_too_large_is_refused_in_every_format():
    index = LiveIndex(Shown(1, NOW, with_airports(states(), flights())))
    with pytest.raises(BadRequest, match="at most 10"):
        page(index, FlightSearch(limit=11), 10)


def test_the_picture_may_come_in_any_order():
    shuffled = states(*(state(name) for name in ("~00000a", "00000b", "000001")))
    index = LiveIndex(Shown(1, NOW, with_airports(shuffled, flights())))
    assert names(page(index, FlightSearch(), 10)) == ["000001", "00000b", "~00000a"]
    assert index.table([2]).select(pl.col("icao24")).item() == "~00000a"


KNOWN = {
    "longitude": 2.0,
    "latitude": 48.0,
    "callsign": "AFR12",
    "registration": "F-GKXS",
    "typecode": "A320",
    "operator": "Air France",
    "airline": "AFR",
    "origin_country": "France",
    "squawk": "7700",
    "category": 4,
    "baro_altitude": 1000.0,
    "velocity": 100.0,
}


@pytest.mark.parametrize(
    ("name", "holds", "fails"),
    [
        ("area", Area(lamin=48, lomax=2), Area(lamin=48.1)),
        ("circle", Circle(48.0, 2.01, 800.0), Circle(48.0, 2.01, 700.0)),  # a circle's box is larger: its corner is not
        ("circle", Circle(48.01, 2.01, 1400.0), Circle(48.008, 2.012, 1200.0)),
        ("icao24", ("ffffff", "000001"), ("ffffff",)),
        ("callsign", "afr1", "FR12"),
        ("registration", "f-gkxs", "F-GKX"),
        ("typecode", "a320", "A321"),
        ("operator", "AIR FRANCE", "Air"),
        ("operator", "afr", "AF"),
        ("origin_country", "france", "Fran"),
        ("squawk", "7700", "7600"),
        ("category", 4, 0),
        ("on_ground", False, True),
        ("altitude_min", 1000.0, 1000.1),
        ("altitude_max", 1000.0, 999.9),
        ("velocity_min", 100.0, 100.1),
        ("velocity_max", 100.0, 99.9),
        ("departure", "LFPG", "EGLL"),
        ("arrival", "EGLL", "LFPG"),
        ("source", "test", "Test"),
    ],
)
def test_each_condition_has_its_edge_and_what_is_unknown_fulfils_none(name, holds, fails):
    known = states(state("000001", **KNOWN), state("000002", source="other", on_ground=True))
    sure = {"departure_confidence": 0.9, "arrival_confidence": 0.9}
    flown = flights(flight("000001", departure="LFPG", arrival="EGLL", **sure))
    index = LiveIndex(Shown(1, NOW, with_airports(known, flown)))
    expected = ["000001", "000002"] if name == "altitude_max" else ["000001"]  # on the ground without altitude is at 0
    everybody = {"icao24": ("000001", "000002")}  # found without a look at each row
    for search in ({name: holds}, everybody | {name: holds}):
        assert names(page(index, FlightSearch(**search), 100)) == expected
    assert "000001" not in names(page(index, FlightSearch(**{name: fails}), 100))


@pytest.mark.parametrize("sort", ["velocity", "-velocity"])
def test_equals_are_in_the_order_of_icao24_and_what_is_unknown_comes_last(sort):
    known = states(
        *(state(f"{number:06x}", velocity=speed) for number, speed in enumerate([None, 5.0, 5.0, None, 9.0]))
    )
    index = LiveIndex(Shown(1, NOW, with_airports(known, flights())))
    expected = ["000001", "000002", "000004"] if sort == "velocity" else ["000004", "000001", "000002"]
    for limit in (1, 2, 3, 5):
        assert followed(lambda: index, limit, sort=sort) == [*expected, "000000", "000003"]
