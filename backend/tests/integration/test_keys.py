"""The API with API_AUTH=required, behind a real server, and the command that makes keys for it."""

import json
import logging

import pytest
from fakes import MemoryKeys, SetClock
from fixtures.serving import problem, serving
from samples import NOW

from flightdata.errors import Transient
from flightdata.pipeline.access import Access
from flightdata.settings import Settings
from flightdata.wiring import House

OPEN = {"/health/live", "/health/ready"}


def settled(folder, **given):
    return Settings(_env_file=None, data_dir=folder, **given)


@pytest.fixture
def house(tmp_path):
    map_folder = tmp_path / "map"
    map_folder.mkdir()
    (map_folder / "index.html").write_text("the map")
    house = House(settled(tmp_path / "data", api_auth="required", dashboard_dir=map_folder), SetClock(NOW))
    yield house
    house.close()


@pytest.fixture
def client(house):
    with serving(house.app()) as client:
        yield client


@pytest.fixture
def key(house):
    return house.access.create("me", days=1)[1]


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def test_no_route_but_health_answers_without_a_key(house, client):
    paths = house.app().openapi()["paths"]
    assert len(paths) > len(OPEN)
    for path in set(paths) - OPEN:
        asked = path.format(icao24="abc123", icao="LFPG", callsign="AFR1")
        refused = problem(client.get(asked), 401)
        assert "X-API-Key" in refused.detail
    for path in OPEN:
        assert client.get(path).status_code in (200, 503)


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json"])
def test_the_map_s_page_and_the_documentation_stay_open(client, path):
    assert client.get(path).status_code == 200


def test_a_key_opens_in_either_header(client, key):
    assert client.get("/flights", headers=bearer(key)).status_code == 200
    assert client.get("/flights", headers={"X-API-Key": key}).status_code == 200


@pytest.mark.parametrize("shown", ["nonsense", "fdp_" + "a" * 43, "x" * 5000])
def test_a_wrong_key_is_401_and_says_how_to_show_one(client, key, shown):
    answer = client.get("/flights", headers=bearer(shown))
    problem(answer, 401)
    assert answer.headers["www-authenticate"] == 'Bearer realm="flightdata"'


def test_a_key_in_the_address_is_none(client, key):
    problem(client.get("/flights", params={"api_key": key}), 401)


def test_who_is_not_let_in_learns_nothing_else_of_a_request(client):
    assert "lamin" not in problem(client.get("/flights?lamin=north"), 401).detail


def test_an_expired_key_is_401(house, client, key):
    house.clock.now += 86_400
    assert "expired" in problem(client.get("/flights", headers=bearer(key)), 401).detail


def test_keys_do_not_reach_the_log(client, key, caplog):
    caplog.set_level(logging.DEBUG)
    client.get("/flights", headers=bearer(key))
    client.get("/flights", headers=bearer("fdp_" + "a" * 43))
    assert key not in caplog.text
    assert "a" * 43 not in caplog.text


def test_where_keys_cannot_be_looked_up_it_is_503_and_nobody_is_let_in(tmp_path):
    class Away(MemoryKeys):
        def find(self, digest):
            raise Transient("no answer")

    house = House(settled(tmp_path, api_auth="required"), SetClock(NOW))
    house.access = Access(Away(), house.clock)
    with serving(house.app()) as client:
        answer = client.get("/flights", headers=bearer("fdp_" + "a" * 43))
        problem(answer, 503)
        assert answer.headers["retry-after"] == "1"
    house.close()


def test_the_document_says_how_to_show_a_key_only_where_one_is_needed(house, tmp_path):
    with_keys = house.app().openapi()
    schemes = with_keys["components"]["securitySchemes"]
    assert {(one["type"], one.get("scheme", one.get("name"))) for one in schemes.values()} == {
        ("http", "bearer"),
        ("apiKey", "X-API-Key"),
    }
    for path, operations in with_keys["paths"].items():
        assert ("security" in operations["get"]) is (path not in OPEN)
    without = House(settled(tmp_path / "other")).app().openapi()
    assert "securitySchemes" not in without["components"]


def test_web_pages_of_other_origins_may_show_a_key(tmp_path):
    house = House(settled(tmp_path, api_auth="required", cors_origins="https://a.example"), SetClock(NOW))
    asked = {
        "Origin": "https://a.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    with serving(house.app()) as client:
        answer = client.options("/flights", headers=asked)
    assert answer.status_code == 200
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    house.close()


def test_a_key_made_by_another_process_opens(house, client, tmp_path):
    other = House(settled(tmp_path / "data"), SetClock(NOW))
    _, text = other.access.create("beside")
    other.close()
    assert client.get("/flights", headers=bearer(text)).status_code == 200
    assert json.loads(client.get("/flights", headers=bearer(text)).content)["flights"] == []
