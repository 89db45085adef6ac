from math import nextafter

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from samples import NOW, NOWHERE, picture, state

from flightdata.models.area import Area
from flightdata.models.picture import Picture
from flightdata.models.states import STATE_SCHEMA
from flightdata.pipeline.index import LiveIndex
from flightdata.validation.quality import RULES, mask

whole = [-180.0, -179.0, -1.0, -0.0, 0.0, 1.0, 2.0, 3.0, 179.0, 180.0]
close = [nextafter(degree, way) for degree in whole for way in (-400, 400)]
nowhere = [-180.5, 180.5, 181.0, 1e10, -1e10, 1e300, -1e300]
lines = st.sampled_from(whole + [one for one in close if abs(one) <= 180]) | st.floats(-180, 180)
anywhere = st.none() | lines | st.floats(0, 3) | st.sampled_from(close + nowhere)
parallels = lines.map(lambda line: line / 2)
anyhow = st.none() | parallels | st.floats(0, 3) | st.sampled_from([90.0, -90.0, 90.5, -91.0, 1e300])
callsigns = st.none() | st.sampled_from(["AFR1", "AFR12", "AFR2", "AF", "A", "B", "Z", "ÄÖ", ""])

SIDE_BY_SIDE = (
    state("000001", longitude=179.0, latitude=nextafter(1.0, 2.0)),
    state("000002", longitude=179.0, latitude=1.0),
)
"""As close as two latitudes can be, the northern one first."""


@st.composite
def areas(draw):
    south, north = sorted((draw(parallels), draw(parallels)))
    return Area(lamin=south, lamax=north, lomin=draw(lines), lomax=draw(lines))


@st.composite
def pictures(draw):
    aircraft = draw(
        st.lists(st.fixed_dictionaries({"longitude": anywhere, "latitude": anyhow, "callsign": callsigns}), max_size=25)
    )
    return picture(*(state(f"{(number * 0x9E3779) % 2**24:06x}", **one) for number, one in enumerate(aircraft)))


def indexed(picture):
    return LiveIndex(picture.shown)


def everything(index):
    """The documents of all aircraft."""
    return [orjson.loads(document) for document in index.documents(range(len(index)))]


def found(index, ask):
    """Which aircraft it answers; none may be there twice, and each has its own document."""
    rows = ask(index)
    names = [index.icao24s[row] for row in rows]
    assert [orjson.loads(document)["icao24"] for document in index.documents(rows)] == names
    assert len(set(names)) == len(names)
    return set(names)


def naive(picture, right):
    """Which aircraft a look at each row finds."""
    return {row["icao24"] for row in picture.states.iter_rows(named=True) if right(row)}


def located(row):
    return row["longitude"] is not None and row["latitude"] is not None


@given(picture=pictures(), area=areas())
@example(picture=picture(state("a", longitude=180.0, latitude=90.0)), area=Area(lomin=180, lomax=180, lamin=90))
@example(picture=picture(state("a", longitude=-180.0, latitude=-90.0)), area=Area(lomin=170, lomax=-180, lamax=-90))
@example(picture=picture(state("a", longitude=180.0, latitude=0.0)), area=Area(lomin=170, lomax=-170))
@example(picture=picture(state("a", longitude=0.5, latitude=0.0)), area=Area(lomin=0.7, lomax=0.3))
@example(picture=picture(*SIDE_BY_SIDE), area=Area(lamin=SIDE_BY_SIDE[0]["latitude"]))
@example(picture=picture(*SIDE_BY_SIDE), area=Area(lamax=SIDE_BY_SIDE[1]["latitude"]))
@settings(max_examples=400, deadline=None)
def test_a_box_holds_what_a_look_at_each_row_finds(picture, area):
    expected = naive(picture, lambda row: located(row) and area.contains(row["latitude"], row["longitude"]))
    assert found(indexed(picture), lambda index: index.inside(area)) == expected


@pytest.mark.parametrize("west", [2.0, 2.25, nextafter(2, 3)])
@pytest.mark.parametrize("east", [4.0, 4.75, nextafter(4, 3)])
def test_boxes_on_and_beside_whole_degrees_are_exact(west, east):
    places = [2.0, nextafter(2, 3), 2.2, 2.25, 2.3, 3.0, 3.5, nextafter(4, 3), 4.0, 4.5, 4.75, nextafter(5, 4), 5.0]
    dense = picture(
        *(state(f"{number:06x}", longitude=place, latitude=1.0) for number, place in enumerate(sorted(places)))
    )
    expected = naive(dense, lambda row: west <= row["longitude"] <= east)
    assert found(indexed(dense), lambda index: index.inside(Area(lomin=west, lomax=east))) == expected


def test_the_whole_globe_holds_all_that_are_on_it():
    odd = picture(
        state("000001", longitude=1.0, latitude=1.0),
        state("000002"),
        state("000003", longitude=1.0),
        state("000004", latitude=1.0),
        state("000005", longitude=180.1, latitude=1.0),
        state("000006", longitude=1.0, latitude=90.1),
        state("000007", longitude=1e300, latitude=1.0),
        state("000008", longitude=180.0, latitude=-90.0),
    )
    assert found(indexed(odd), lambda index: index.inside(Area())) == {"000001", "000008"}


@given(picture=pictures(), prefix=st.sampled_from(["A", "AF", "AFR1", "AFR12", "B", "C", "Ä", "AFR123", "Z"]))
@settings(max_examples=150, deadline=None)
def test_a_callsign_is_found_by_its_beginning(picture, prefix):
    expected = naive(picture, lambda row: (row["callsign"] or "").startswith(prefix))
    assert found(indexed(picture), lambda index: index.called(prefix)) == expected


@given(picture=pictures())
@settings(max_examples=100, deadline=None)
def test_every_aircraft_is_found_by_its_address_and_no_other(picture):
    index = indexed(picture)
    for icao24 in picture.states["icao24"]:
        assert found(index, lambda index, icao24=icao24: [index.row(icao24)]) == {icao24}
    assert index.row("ffffff") is None
    assert len(index) == picture.states.height


@given(picture=pictures())
@settings(max_examples=100, deadline=None)
def test_everything_is_all_of_it_in_the_order_of_icao24(picture):
    names = [one["icao24"] for one in everything(indexed(picture))]
    assert names == sorted(picture.states["icao24"])


def test_addresses_that_are_not_icao_s_come_last():
    mixed = picture(state("~000001"), state("ffffff"), state("000001"))
    assert indexed(mixed).icao24s == ["000001", "ffffff", "~000001"]


def test_a_document_is_the_state_as_json_with_its_flags_by_name():
    full = state(
        "abc123",
        callsign='"\n\\Ü',
        origin_country="Åland",
        time_position=NOW - 0.125,
        longitude=-180.0,
        latitude=1e-7,
        baro_altitude=10668.0,
        on_ground=True,
        velocity=231.77,
        true_track=359.99,
        vertical_rate=-0.33,
        geo_altitude=1e300,
        squawk="0001",
        spi=True,
        position_source=2,
        position_type="mlat",
        category=20,
        registration="F-ABCD",
        typecode="A320",
        operator="AFR",
        quality=mask(["null_island", "stale_position"]),
    )
    document = everything(indexed(picture(full)))[0]
    flags = [rule.name for rule in RULES if rule.name in {"null_island", "stale_position"}]
    assert document == full | {"quality": flags} | NOWHERE
    assert list(document) == [*STATE_SCHEMA, *NOWHERE]


def test_what_is_unknown_is_null():
    document = everything(indexed(picture(state("abc123"))))[0]
    assert document == state("abc123") | {"quality": []} | NOWHERE


def test_every_row_keeps_its_own_flags():
    flags = [(), ("null_island",), ("stale_position", "no_position"), ("null_island",)]
    aircraft = [
        state(f"{number:06x}", quality=mask(names), longitude=float(-number), latitude=0.0)
        for number, names in enumerate(flags)
    ]
    index = indexed(picture(*aircraft))
    assert [set(one["quality"]) for one in everything(index)] == [set(names) for names in flags]


def test_an_empty_picture_has_nothing():
    index = indexed(Picture())
    assert (len(index), index.documents([]), index.inside(Area()), index.called("A")) == (0, [], [], [])
    assert index.row("abc123") is None
    assert index.table([]).is_empty()


def test_it_knows_version_and_time_of_its_picture():
    index = indexed(picture(version=7, time=NOW))
    assert (index.version, index.time) == (7, NOW)


def test_an_aircraft_of_two_sources_is_there_once_where_its_freshest_position_is():
    index = indexed(
        picture(
            state("aaaaaa", source="far", last_contact=NOW, time_position=NOW - 60, longitude=1.0, latitude=1.0),
            state("aaaaaa", source="near", last_contact=NOW - 1, time_position=NOW - 1, longitude=2.0, latitude=2.0),
        )
    )
    assert len(index) == 1
    assert [one["source"] for one in everything(index)] == ["near"]
    assert index.inside(Area(lamin=0, lamax=1.5, lomin=0, lomax=1.5)) == []
