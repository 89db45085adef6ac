from pathlib import Path
from threading import Event

import pytest
from fakes import MemoryHealth, MemoryPictures, SetClock
from samples import NOW, picture, state

from flightdata import functions, wiring
from flightdata.cli import doors
from flightdata.errors import ConfigurationError, Transient
from flightdata.functions import Function, start
from flightdata.models.search import FlightSearch
from flightdata.pipeline.query import Query

NEEDED = {
    Function.FETCHER: ("S3_RAW_BUCKET", "EVENTBRIDGE_BUS_NAME"),
    Function.PROCESSOR: ("S3_RAW_BUCKET", "SQS_QUEUE_URL", "SQS_DEAD_LETTER_QUEUE_URL", "S3_HISTORY_BUCKET"),
    Function.API: ("S3_HISTORY_BUCKET",),
    Function.ANALYTICS: (
        "SQS_QUEUE_URL",
        "SQS_DEAD_LETTER_QUEUE_URL",
        "S3_HISTORY_BUCKET",
        "S3_RAW_BUCKET",
        "EVENTBRIDGE_BUS_NAME",
    ),
}
EVERYTHING = {name for names in NEEDED.values() for name in names}
FOLDERS = Path(__file__).parents[2] / "functions"
SAFE = 30.0
"""Seconds after which a thread that should have ended is given up."""


@pytest.fixture
def environment(monkeypatch, tmp_path, untouched_logs, event_loop):
    """Of a function of Lambda, on AWS, with all that any of them needs; AWS does not answer."""
    monkeypatch.chdir(tmp_path)
    given = {name: f"https://{name.lower().replace('_', '-')}.example/x" for name in EVERYTHING}
    given |= {"ENVIRONMENT": "dev", "AWS_LAMBDA_FUNCTION_NAME": "ours", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    given |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "SOURCES": "simulation:5"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    wiring.house.cache_clear()
    yield monkeypatch
    wiring.house.cache_clear()


def imported(function):
    """The handler's module, as Lambda imports it."""
    return doors._handler(FOLDERS / function)


@pytest.mark.parametrize(("function", "setting"), [(one, name) for one, names in NEEDED.items() for name in names])
def test_a_function_that_lacks_a_setting_fails_when_it_is_imported_and_names_it(environment, function, setting):
    environment.delenv(setting)
    with pytest.raises(ConfigurationError) as caught:
        imported(function)
    assert f"{function} cannot start: {setting} is not set" in str(caught.value)
    assert "docs/operations.md" in str(caught.value)


@pytest.mark.parametrize("function", Function)
def test_one_that_lacks_several_names_all_of_its_own_and_no_others(environment, function):
    for name in EVERYTHING:
        environment.delenv(name)
    with pytest.raises(ConfigurationError) as caught:
        imported(function)
    assert {name for name in EVERYTHING if name in str(caught.value)} == set(NEEDED[function])


def test_settings_that_cannot_be_are_all_named_without_their_values(environment):
    environment.setenv("LOG_LEVEL", "hush-hush")
    environment.setenv("MAX_PAGE_SIZE", "0")
    with pytest.raises(ConfigurationError, match=r"LOG_LEVEL: .*MAX_PAGE_SIZE: ") as caught:
        imported(Function.API)
    assert "hush-hush" not in str(caught.value)


def test_a_source_that_is_none_is_named_when_the_fetcher_is_imported(environment, monkeypatch):
    monkeypatch.setattr(functions, "PATIENCE", SAFE)
    environment.setenv("SOURCES", "opensk")
    with pytest.raises(ConfigurationError, match="flight-data-fetcher cannot start: unknown source 'opensk'"):
        imported(Function.FETCHER)


@pytest.mark.parametrize(
    ("function", "stages"),
    [
        (Function.FETCHER, {"fetch"}),
        (Function.PROCESSOR, {"process"}),
        (Function.API, {"query", "flown", "past", "gateway"}),
        (Function.ANALYTICS, {"analyze", "recover", "keep"}),
    ],
)
def test_a_function_has_its_stages_before_the_first_event_also_while_aws_is_away(
    environment, monkeypatch, function, stages
):
    monkeypatch.setattr(functions, "PATIENCE", 0.1)
    imported(function)
    assert stages <= wiring.house().__dict__.keys()


def test_the_fetcher_has_its_sources_before_the_first_event(environment, monkeypatch):
    monkeypatch.setattr(functions, "PATIENCE", SAFE)
    imported(Function.FETCHER)
    assert [one.name for one in wiring.house().__dict__["scheduled"]] == ["simulation"]


def test_the_fetcher_starts_while_the_parameters_of_its_account_cannot_be_read(environment, monkeypatch):
    monkeypatch.setattr(functions, "PATIENCE", 0.1)
    environment.setenv("SOURCES", "opensky")
    imported(Function.FETCHER)
    assert "fetch" in wiring.house().__dict__


@pytest.mark.parametrize("function", Function)
def test_embedded_a_function_starts_without_settings_of_aws(environment, function):
    environment.setenv("ENVIRONMENT", "local")
    for name in EVERYTHING:
        environment.delenv(name)
    imported(function)
    assert wiring.house().__dict__.keys() & {"fetch", "process", "gateway", "analyze"}


@pytest.mark.parametrize("function", Function)
def test_outside_of_lambda_nothing_happens_at_the_import(environment, function):
    environment.delenv("AWS_LAMBDA_FUNCTION_NAME")
    environment.setenv("LOG_LEVEL", "wrong")
    imported(function)
    assert not wiring.house.cache_info().currsize


# What is asked of AWS at the start.


class Away(MemoryPictures):
    """A store that refuses until it is there."""

    there = False

    def shown(self):
        if not self.there:
            raise Transient("away")
        return super().shown()


class Hanging(MemoryPictures):
    """A store that lets one wait for an answer."""

    def __init__(self, *given):
        super().__init__(*given)
        self.asked, self.answer = Event(), Event()

    def shown(self):
        self.asked.set()
        assert self.answer.wait(SAFE)
        return super().shown()


def asking(environment, live):
    """The house of the API, its picture in `live`."""
    environment.setenv("ENVIRONMENT", "local")
    house = wiring.house()
    house.__dict__["query"] = Query(live, MemoryHealth(), SetClock(NOW), max_page_size=9, expiry=330, at_once=False)
    return house.query


def test_an_api_whose_store_is_away_starts_and_asks_again_with_the_first_event(environment):
    live = Away(picture(state("000001")))
    query = asking(environment, live)
    start(Function.API)
    assert query.refresh() is False
    with pytest.raises(Transient, match="live picture"):
        query.flights(FlightSearch())
    live.there = True
    assert query.refresh() is True
    assert query.readiness().aircraft == 1


def test_an_api_whose_store_hangs_starts_and_the_first_event_waits_for_the_same_answer(environment, monkeypatch):
    monkeypatch.setattr(functions, "PATIENCE", 0.01)
    live = Hanging(picture(state("000001")))
    query = asking(environment, live)
    start(Function.API)
    assert live.asked.wait(SAFE)
    live.answer.set()
    assert query.readiness().aircraft == 1
