"""docs/api.md has the routes and parameters that there are, no other, and its questions are good ones."""

import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from fakes import SetClock
from fixtures.serving import serving
from samples import NOW

from flightdata.models.picture import SHOWN_SCHEMA
from flightdata.models.search import SORTABLE
from flightdata.settings import Settings
from flightdata.validation.quality import RULES
from flightdata.web import media
from flightdata.wiring import House

PAGE = (Path(__file__).parents[3] / "docs/api.md").read_text("utf-8")
ADDRESSES = re.findall(r'^curl (?:-i )?"http://localhost:8001([^"]+)"$', PAGE, re.MULTILINE)
SECTIONS = re.split(r"^#{2,3} ", PAGE, flags=re.MULTILINE)[1:]
ROUTES = {path: section for section in SECTIONS for path in re.findall(r"`GET (\S+)`", section.partition("\n")[0])}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    house = House(Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("data")), SetClock(NOW))
    with serving(house.app()) as client:
        yield client
    house.close()


@pytest.fixture(scope="module")
def paths(client):
    return client.get("/openapi.json").json()["paths"]


def table(section):
    """The names in the first column of its table of parameters, as often as they are there."""
    rows = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]


def formats(parameter, schemas):
    return schemas[parameter["schema"]["$ref"].rpartition("/")[2]]["enum"]


def test_it_has_all_routes_and_no_other(paths):
    assert sorted(ROUTES) == sorted(paths)


def test_each_route_has_all_its_parameters_and_no_other(paths):
    for path, section in ROUTES.items():
        expected = [one["name"] for one in paths[path]["get"].get("parameters", [])]
        assert sorted(table(section)) == sorted(expected), path


def test_each_route_has_all_its_formats_and_no_other(client, paths):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for path, section in ROUTES.items():
        expected = [
            formats(one, schemas) for one in paths[path]["get"].get("parameters", []) if one["name"] == "format"
        ]
        assert [
            found.split(", ") for found in re.findall(r"^\| `format` \| (.+) \|$", section, re.MULTILINE)
        ] == expected


def test_it_has_all_orders_and_no_other():
    (row,) = re.findall(r"^\| `sort` \| (.+) \|$", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", row)) == set(SORTABLE)


def test_it_has_all_media_types_and_no_other():
    (section,) = [one for one in SECTIONS if one.startswith("What holds everywhere")]
    found = set(re.findall(r"`((?:application|text)/[^`]+)`", section)) - {"application/problem+json"}
    assert found == {value for name, value in vars(media).items() if name.isupper()}


def test_each_route_has_an_example(paths):
    asked = [urlsplit(address).path for address in ADDRESSES]
    for path in paths:
        assert any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", path), one) for one in asked), path


@pytest.mark.parametrize("address", [one for one in ADDRESSES if "limit=5000" not in one])
def test_its_questions_are_good_ones(client, address):
    """Nothing is there, but what is asked makes sense."""
    response = client.get(address)
    assert response.status_code in {200, 404, 503}, response.text
    assert "there is no /" not in response.text


def test_its_wrong_question_gets_the_answer_that_it_shows(client):
    response = client.get("/flights?limit=5000")
    assert response.status_code == 400
    assert response.text in PAGE


def test_the_link_that_it_shows_is_the_question_with_a_cursor():
    (asked,) = [dict(parse_qsl(urlsplit(one).query)) for one in ADDRESSES if "limit=2&format=csv" in one]
    (link,) = re.findall(r'^link: <\?(.+)>; rel="next"$', PAGE, re.MULTILINE)
    assert dict(parse_qsl(link)) == asked | {"cursor": "394c13"}


def test_the_state_that_it_shows_whole_has_every_member():
    whole = PAGE[PAGE.index('{"icao24":"345313"') :].partition("```")[0]
    assert set(re.findall(r'"(\w+)":', whole)) == set(SHOWN_SCHEMA)


def test_the_flags_that_it_shows_exist():
    shown = {flag for flags in re.findall(r'"quality":\[([^\]]*)\]', PAGE) for flag in re.findall(r'"(\w+)"', flags)}
    assert shown
    assert shown <= {rule.name for rule in RULES}
