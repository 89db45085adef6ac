import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightdata.clients.opensky.areas import boxes, in_words, price_of, requests
from flightdata.errors import ConfigurationError
from flightdata.models.area import Area


def asked(text):
    return [(dict(request.query), request.price) for request in requests(boxes(text))]


@pytest.mark.parametrize("text", ["", "globe"])
def test_the_globe_is_one_request_without_a_box(text):
    assert asked(text) == [({}, 4)]


def test_a_box_is_south_north_west_east():
    box = {"lamin": "47.0", "lamax": "49.0", "lomin": "1.0", "lomax": "4.5"}
    assert asked("47,49,1,4.5") == [(box, 1)]


def test_a_box_may_be_a_point_or_a_line():
    assert [price for _, price in asked("47,47,1,1")] == [1]


@pytest.mark.parametrize(
    ("height", "width", "price"),
    [(5, 5, 1), (5, 5.01, 2), (10, 10, 2), (10, 10.01, 3), (20, 20, 3), (20, 20.01, 4), (0, 0, 1), (180, 360, 4)],
)
def test_the_price_follows_the_square_degrees(height, width, price):
    assert price_of(height, width) == price


def test_a_box_across_the_antimeridian_is_cut_in_two():
    assert [(query["lomin"], query["lomax"], price) for query, price in asked("-20,-15,177,-178")] == [
        ("177.0", "180.0", 1),
        ("-180.0", "-178.0", 1),
    ]


def test_several_boxes_are_several_requests_while_that_costs_no_more_than_the_globe():
    assert [price for _, price in asked("47,49,1,4/50,60,0,10/-34,-33,150,152")] == [1, 2, 1]
    assert asked("47,49,1,4/50,60,0,10/-34,-33,150,152/10,11,0,1") == [({}, 4)]
    assert asked("0,30,0,30/40,70,0,30") == [({}, 4)]


@given(
    st.lists(
        st.tuples(*[st.integers(-90, 90)] * 2, *[st.integers(-180, 180)] * 2).map(
            lambda box: Area(lamin=min(box[:2]), lamax=max(box[:2]), lomin=box[2], lomax=box[3])
        ),
        max_size=5,
    ),
    st.integers(-90, 90),
    st.integers(-180, 180),
)
def test_whatever_is_wanted_is_asked_for_and_never_costs_more_than_the_globe(areas, latitude, longitude):
    asked = requests(areas)
    assert 1 <= sum(request.price for request in asked) <= 4
    wanted = not areas or any(area.contains(latitude, longitude) for area in areas)
    covered = any(
        not one.query
        or (
            float(one.query["lamin"]) <= latitude <= float(one.query["lamax"])
            and float(one.query["lomin"]) <= longitude <= float(one.query["lomax"])
        )
        for one in asked
    )
    assert covered or not wanted
    assert all(float(one.query["lomin"]) <= float(one.query["lomax"]) for one in asked if one.query)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("47,49,1", "south,north,west,east"),
        ("a,b,c,d", "south,north,west,east"),
        ("47,49,1,4/", "south,north,west,east"),
        ("49,47,1,4", "north of"),
        ("47,91,1,4", "lamax"),
        ("47,49,1,nan", "lomax"),
        ("everywhere", "south,north,west,east"),
    ],
)
def test_what_is_no_box_is_refused_by_its_text(text, words):
    with pytest.raises(ConfigurationError, match=words) as caught:
        boxes(text)
    assert text.split("/")[-1] in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the globe"),
        ("47,49,1,4", "1 box of 6 square degrees"),
        ("47,49,1,4/50,52,1,4", "2 boxes of 12 square degrees"),
        ("0,30,0,30/40,70,0,30", "the globe, cheaper than 2 boxes"),
        ("-80,80,170,100", "the globe, cheaper than 1 box"),
    ],
)
def test_areas_in_words(text, words):
    assert in_words(boxes(text), requests(boxes(text))) == words
