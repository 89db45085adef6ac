"""The functions while AWS refuses, throttles or says nothing: what they answer then, and that they do.

Nothing here waits for a time-out but that of a client, which the settings make short.
"""

import json
import socket
from base64 import b64decode
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from fixtures.aws import free_port
from fixtures.fault_proxy import Faults, fault_proxy
from samples import archived

from flightdata import wiring
from flightdata.cli.doors import _handler
from flightdata.errors import Transient
from flightdata.functions import Function
from flightdata.wiring import PARIS

pytestmark = pytest.mark.usefixtures("event_loop", "untouched_logs")

FOLDERS = Path(__file__).parents[2] / "functions"
AWAY = {"silent": Faults(silent=1.0), "throttled": Faults(throttled=1.0), "reset": Faults(reset=1.0)}

HEALTHY = Faults()
ATTEMPTS = 2
TIMEOUT = 0.3
LONG, SHORT = 300.0, 1.0


class Context:
    """What Lambda says of an invocation that may take so many seconds."""

    def __init__(self, seconds=LONG):
        self._seconds = seconds

    def get_remaining_time_in_millis(self):
        return self._seconds * 1000


@contextmanager
def silent():
    """The `host:port` of somebody who takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def proxy(account):
    with fault_proxy(account.ministack.url, HEALTHY) as proxy:
        yield proxy


@pytest.fixture
def function(account, proxy, monkeypatch, tmp_path):
    """`function(name, **settings)`: its handler as Lambda imports it, its AWS behind the proxy."""
    monkeypatch.chdir(tmp_path)
    given = account.environment() | {"AWS_ENDPOINT_URL": proxy.url, "AWS_LAMBDA_FUNCTION_NAME": "ours"}
    given |= {"AWS_TIMEOUT_SECONDS": str(TIMEOUT), "AWS_MAX_ATTEMPTS": str(ATTEMPTS)}
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    def imported(name, **settings):
        for setting, value in settings.items():
            monkeypatch.setenv(setting, value)
        wiring.house.cache_clear()
        return partial(_handler(FOLDERS / name), context=Context())

    yield imported
    wiring.house.cache_clear()


@pytest.fixture
def snapshots(account, function):
    """Two of them in the archive; the first one also in the picture."""
    house = wiring.house()
    recording = house.recordings([PARIS])
    made = [recording.fetch() for _ in range(2)]
    for one in made:
        house.archive.put(one)
    assert house.process.batch([archived(made[0])]).failed == {}
    wiring.house.cache_clear()
    return made


@pytest.fixture
def api(function, snapshots):
    """`api(**settings)`, and then `ask(path, query)`: status, type and document."""

    def imported(**settings):
        handler = function(Function.API, MAX_ANSWER_SECONDS="23", **settings)
        sample = json.loads((FOLDERS / Function.API / "events" / "flights-in-a-box.json").read_text())
        sample["queryStringParameters"] = {}

        def ask(path, asked="", key=""):
            sample["headers"]["x-api-key"] = key
            sample["rawPath"] = sample["requestContext"]["http"]["path"] = path
            answer = handler(sample | {"rawQueryString": asked})
            body = b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"]
            return answer["statusCode"], answer["headers"]["content-type"], json.loads(body)

        return ask

    return imported


def away(how, service):
    return replace(AWAY[how], only=service)


def record(snapshot, message):
    attributes = {"ApproximateReceiveCount": "1"}
    return {"messageId": message, "body": archived(snapshot).model_dump_json(), "attributes": attributes}


UNAVAILABLE = (503, "application/problem+json")
HOUR = "begin=2021-10-07T12:00:00Z&end=2021-10-07T12:30:00Z"


@pytest.mark.parametrize("how", AWAY)
def test_an_api_goes_on_with_its_picture_while_dynamodb_is_away_and_says_so(api, proxy, how):
    ask = api()
    status, _, before = ask("/flights")
    assert (status, before["version"]) == (200, 1)
    proxy.turn(away(how, "dynamodb"))
    assert ask("/health/live")[0] == 200
    assert ask("/flights") == (200, "application/json", before)
    status, _, ready = ask("/health/ready")
    assert (status, ready["status"], ready["version"]) == (200, "degraded", 1)
    assert [one.partition(":")[0] for one in ready["degraded"]] == ["live picture", "sources"]
    status, kind, problem = ask("/airports/LFPG/departures")
    assert (status, kind) == UNAVAILABLE
    assert (problem["status"], problem["title"]) == (503, "Unavailable")
    assert ask("/history", HOUR)[0] == 200


@pytest.mark.parametrize("how", ["silent", "throttled"])
def test_a_cold_api_lives_while_dynamodb_is_away_and_answers_with_problems(api, proxy, how):
    proxy.turn(away(how, "dynamodb"))
    ask = api()
    assert ask("/health/live")[0] == 200
    assert ask("/flights")[:2] == UNAVAILABLE
    status, _, ready = ask("/health/ready")
    assert (status, ready["status"], ready["version"]) == (503, "starting", 0)
    assert [one.partition(":")[0] for one in ready["degraded"]] == ["live picture", "sources"]
    assert ask("/history", HOUR)[0] == 200
    proxy.turn(HEALTHY)
    assert ask("/flights")[2]["version"] == 1


def test_an_api_whose_aws_takes_no_connections_lives(api):
    ask = api(AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    assert ask("/health/live")[0] == 200
    assert [ask(path)[:2] for path in ("/flights", "/airports/LFPG/departures")] == [UNAVAILABLE] * 2
    assert ask("/history", HOUR)[:2] == UNAVAILABLE


@pytest.mark.parametrize("how", ["silent", "reset"])
def test_while_s3_is_away_the_past_is_unavailable_and_the_present_is_not(api, proxy, how):
    ask = api()
    proxy.turn(away(how, "s3"))
    assert ask("/history", HOUR)[:2] == UNAVAILABLE
    assert ask("/flights/39e68d/track", HOUR)[:2] == UNAVAILABLE
    assert ask("/flights")[0] == 200
    assert ask("/health/ready")[2]["status"] == "ready"


def test_keys_that_cannot_be_looked_up_are_no_wrong_keys(api, proxy):
    ask = api(API_AUTH="required")
    proxy.turn(away("silent", "dynamodb"))
    assert ask("/flights", key="fdp_" + 43 * "x")[:2] == UNAVAILABLE
    assert ask("/health/live")[0] == 200


@pytest.mark.parametrize("cache", [silent, lambda: nullcontext(f"127.0.0.1:{free_port()}")], ids=["silent", "refused"])
def test_without_the_cache_the_picture_comes_from_the_table(api, cache):
    with cache() as endpoint:
        ask = api(REDIS_CLUSTER_ENDPOINT=endpoint)
        assert (ask("/flights")[2]["version"], ask("/health/ready")[2]["degraded"]) == (1, [])


def test_a_client_is_not_kept_waiting_for_more_attempts_than_were_set(api, proxy):
    ask = api()
    proxy.turn(away("silent", "dynamodb"))
    before = proxy.asked["dynamodb"]
    ask("/airports/LFPG/departures")
    assert proxy.asked["dynamodb"] - before == 2 * ATTEMPTS, "one question for the version, one for the flights"


# The processor.


@pytest.mark.parametrize(
    ("service", "how"), [*(("dynamodb", how) for how in AWAY), ("s3", "silent")], ids=lambda one: one
)
def test_a_processor_whose_aws_is_away_answers_that_all_are_to_come_again(function, snapshots, proxy, service, how):
    handler = function(Function.PROCESSOR)
    proxy.turn(away(how, service))
    answer = handler({"Records": [record(one, str(place)) for place, one in enumerate(snapshots)]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}, {"itemIdentifier": "1"}]}
    proxy.turn(HEALTHY)
    assert handler({"Records": [record(snapshots[1], "1")]}) == {"batchItemFailures": []}


def test_a_silent_store_is_asked_for_a_batch_once_and_not_as_often_as_there_are_messages(function, snapshots, proxy):
    handler = function(Function.PROCESSOR)
    proxy.turn(away("silent", "dynamodb"))
    before = proxy.asked["dynamodb"]
    handler({"Records": [record(snapshots[1], str(place)) for place in range(10)]})
    assert proxy.asked["dynamodb"] - before == ATTEMPTS


def test_with_no_time_left_a_processor_asks_for_nothing_and_answers(function, snapshots, proxy):
    handler = function(Function.PROCESSOR)
    before = proxy.asked.total()
    answer = handler({"Records": [record(snapshots[1], "1")]}, context=Context(SHORT))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert proxy.asked.total() == before


# The fetcher and the analytics.


@pytest.mark.parametrize("function_name", [Function.FETCHER, Function.ANALYTICS])
@pytest.mark.parametrize("how", ["silent", "throttled"])
def test_they_fail_where_aws_is_away_and_so_are_called_again(function, proxy, how, function_name):
    handler = function(function_name, SOURCES="simulation:5")
    proxy.turn(AWAY[how])
    with pytest.raises(Transient):
        handler({})


def test_with_no_time_left_they_do_not_ask(function, proxy):
    fetcher, analytics = function(Function.FETCHER, SOURCES="simulation:5"), function(Function.ANALYTICS)
    assert fetcher({}, context=Context(SHORT)) == {"archived": [], "failed": [], "late": ["simulation"]}
    with pytest.raises(Transient, match="no time is left"):
        analytics({}, context=Context(SHORT))
    assert not proxy.asked
