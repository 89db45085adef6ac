import json
import math
import subprocess
import sys
from contextlib import closing

import pytest
from fakes import SetClock
from samples import NOW, archived, body, row, snapshot

from flightdata.backends.archive.s3 import S3Archive
from flightdata.clients.opensky import OpenSky
from flightdata.clients.recording import Recording
from flightdata.clients.simulation import Simulation
from flightdata.errors import ConfigurationError, NotFound
from flightdata.models.credits import AccountClass
from flightdata.pipeline.work import work
from flightdata.settings import Environment, Settings
from flightdata.wiring import PARIS, House, Pace


@pytest.fixture
def house(tmp_path):
    house = House(Settings(_env_file=None, data_dir=tmp_path / "data"), SetClock(NOW))
    yield house
    house.close()


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "My Own.json"
    path.write_bytes(body(row(), time=NOW))
    return path


def test_nothing_is_made_before_it_is_asked_for(tmp_path, house):
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("port", "setting"),
    [
        ("archive", "S3_RAW_BUCKET"),
        ("publisher", "EVENTBRIDGE_BUS_NAME"),
        ("queue", "SQS_QUEUE_URL"),
        ("fetch", "S3_RAW_BUCKET"),
        ("process", "S3_RAW_BUCKET"),
        ("history", "S3_HISTORY_BUCKET"),
        ("past", "S3_HISTORY_BUCKET"),
        ("analyze", "SQS_QUEUE_URL"),
    ],
)
def test_on_aws_a_setting_that_is_missing_is_named_when_it_is_needed(port, setting):
    house = House(Settings(_env_file=None, environment=Environment.PROD))
    with pytest.raises(ConfigurationError, match=setting):
        getattr(house, port)


def test_a_live_picture_on_aws_without_a_bucket_is_told_before_anything_is_processed(tmp_path):
    house = House(Settings(_env_file=None, data_dir=tmp_path, backends="live=aws"))
    with pytest.raises(ConfigurationError, match="S3_RAW_BUCKET"):
        _ = house.process


def test_what_a_machine_can_do_depends_on_the_settings_it_has():
    collector = {"s3_raw_bucket": "raw", "eventbridge_bus_name": "bus"}
    missing = House(Settings(_env_file=None, environment=Environment.PROD, **collector)).missing()
    assert missing.keys() == {"process", "serve"}
    assert "SQS_QUEUE_URL" in missing["process"]
    assert "S3_HISTORY_BUCKET" in missing["serve"]
    with pytest.raises(ConfigurationError, match="S3_RAW_BUCKET"):
        House(Settings(_env_file=None, environment=Environment.PROD)).missing()
    assert House(Settings(_env_file=None)).missing() == {}


_AS_THE_API_FUNCTION = """
import sys
sys.modules["zstandard"] = sys.modules["arro3"] = None
from flightdata.settings import Settings
from flightdata.wiring import House
house = House(Settings(_env_file=None, environment="prod", s3_history_bucket="history"))
house.live, house.past, house.flown, house.access
import flightdata.web.app
"""


def test_the_api_on_aws_needs_nothing_that_its_bundle_lacks():
    done = subprocess.run([sys.executable, "-c", _AS_THE_API_FUNCTION], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_one_port_alone_may_be_on_aws(tmp_path, account, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path,
        backends="archive=aws",
        s3_raw_bucket=account.bucket,
        aws_endpoint_url=account.ministack.url,
    )
    with closing(House(settings, SetClock(NOW))) as house, house.alone():
        event = house.fetch.tick(house.source("simulation:5"))
        assert work(house.queue, house.process).accounts[0].stored == 5
    assert list(S3Archive(account.client("s3"), account.bucket).keys()) == [event.key]
    assert not (tmp_path / "raw").exists()
    assert (tmp_path / "live" / "picture.parquet").exists()


def test_the_stages_fit_together(house):
    with house.alone():
        event = house.fetch.tick(house.source("simulation:5"))
        assert work(house.queue, house.process).accounts[0].stored == 5
    assert list(house.archive.keys()) == [event.key]
    assert house.query.readiness().aircraft == 5
    assert house.analyze.performance().stored == 5


def test_the_settings_reach_the_stages(tmp_path):
    clock = SetClock(NOW)
    house = House(
        Settings(
            _env_file=None,
            data_dir=tmp_path,
            queue_visibility_seconds=5,
            queue_max_attempts=1,
            live_expiry_seconds=7,
            fetch_interval_seconds=100,
        ),
        clock,
    )
    first = snapshot(row("aaaaaa"), row("bbbbbb", seen=NOW - 8))
    house.archive.put(first)
    house.queue.publish(archived(first))
    assert work(house.queue, house.process).accounts[0].superseded == 1
    house.queue.publish(archived(first))
    house.queue.receive(1)
    clock.now += 5
    assert not house.queue.receive(1)
    assert house.queue.depth().dead == 1
    source = house.source("simulation:5")
    source.fetch()
    assert source.next_due() == 1_700_000_100
    house.close()


_AWS = {
    "environment": Environment.PROD,
    "aws_lambda_function_name": "api",
    "s3_history_bucket": "history",
    "redis_cluster_endpoint": "127.0.0.1:1",
}


@pytest.mark.parametrize(
    ("given", "shared"),
    [
        ({}, False),
        ({"redis_cluster_endpoint": "127.0.0.1:1"}, False),
        (_AWS, True),
        (_AWS | {"redis_cluster_endpoint": None}, False),
        (_AWS | {"cache_ttl_seconds": 0}, False),
        *[(_AWS | {"backends": f"{port}=embedded"}, False) for port in ("live", "history", "flights")],
    ],
)
def test_answers_are_shared_where_all_functions_have_the_same_data(tmp_path, given, shared):
    with closing(House(Settings(_env_file=None, data_dir=tmp_path, **given), SetClock(NOW))) as house:
        assert bool(house.answers._shared) is shared


def test_answers_of_other_data_have_other_keys():
    tables = ({}, {"dynamodb_flights_table": "other"}, {"environment": Environment.DEV}, {"s3_history_bucket": "other"})
    houses = [House(Settings(_env_file=None, **_AWS | table)) for table in tables]
    assert len({house.answers._place for house in houses}) == len(tables)


# Sources by their names.


def test_a_recording_without_a_path_is_the_one_that_ships(house):
    source = house.source("recording")
    assert isinstance(source, Recording)
    assert source.name == "recording-paris-20211007"
    assert PARIS.is_file()


def test_a_recording_may_have_a_path_also_with_a_colon_in_it(house, tmp_path, recording):
    assert house.source(f"recording:{recording}").name == "recording-my-own"
    odd = tmp_path / "a:b.json"
    odd.write_bytes(recording.read_bytes())
    assert house.source(f"recording:{odd}").name == "recording-a-b"


def test_a_simulation_has_a_thousand_aircraft_or_as_many_as_asked_for(house):
    for spec, aircraft in (("simulation", 1000), ("simulation:", 1000), ("simulation:7", 7)):
        source = house.source(spec)
        assert isinstance(source, Simulation)
        assert len(json.loads(source.fetch().body)["states"]) == aircraft


def test_the_pace_reaches_the_recording(house, recording):
    source = house.source(f"recording:{recording}", Pace(speed=math.inf, loop=False))
    source.fetch()
    assert source.next_due() == math.inf


def opensky(tmp_path, **given):
    return House(Settings(_env_file=None, data_dir=tmp_path / "data", **given), SetClock(NOW))


@pytest.mark.parametrize(
    ("spec", "areas", "asked"),
    [
        ("opensky", "", "the globe"),
        ("opensky:47,49,1,4", "", "1 box of 6 square degrees"),
        ("opensky", "47,49,1,4/0,1,0,1", "2 boxes of 7 square degrees"),
        ("opensky:47,49,1,4", "0,1,0,1", "1 box of 6 square degrees"),
        ("opensky:globe", "0,1,0,1", "the globe"),
    ],
)
def test_opensky_has_the_boxes_of_its_name_or_of_the_settings(tmp_path, spec, areas, asked):
    house = opensky(tmp_path, opensky_areas=areas)
    source = house.source(spec)
    assert isinstance(source, OpenSky)
    assert source.next_due() <= NOW
    assert [budget.plan.areas for budget in house.budgets.known()] == [asked]
    house.close()


@pytest.mark.parametrize(
    ("given", "known_class"),
    [
        ({}, AccountClass.ANONYMOUS),
        ({"opensky_client_id": "me", "opensky_client_secret": "hush"}, AccountClass.STANDARD),
        ({"opensky_account": "licensed"}, AccountClass.LICENSED),
    ],
)
def test_an_account_of_opensky_is_taken_for_what_it_is_by_its_credentials_or_for_what_is_set(
    tmp_path, given, known_class
):
    house = opensky(tmp_path, **given)
    house.source("opensky").next_due()
    assert [budget.account_class for budget in house.budgets.known()] == [known_class]
    house.close()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"opensky_client_id": "me"}, "OPENSKY_CLIENT_SECRET is missing"),
        ({"opensky_areas": "47,49"}, "south,north,west,east"),
        ({"opensky_credentials_file": "nowhere.json"}, "nowhere.json"),
        (
            {"opensky_client_id": "me", "opensky_client_secret": "x", "opensky_api_url": "http://a.example/api"},
            "https only",
        ),
    ],
)
def test_settings_of_opensky_that_cannot_work_are_refused(tmp_path, given, words):
    house = opensky(tmp_path, **given)
    with pytest.raises(ConfigurationError, match=words):
        house.source("opensky")
    house.close()


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "OpenSky",
        "opensky:x",
        "Recording",
        "simulation:0",
        "simulation:-1",
        "simulation:x",
        "simulation:1.5",
        "simulation:²",
    ],
)
def test_a_source_that_is_none_is_refused_by_its_name(house, spec):
    with pytest.raises(ConfigurationError) as caught:
        house.source(spec)
    assert spec.removeprefix("opensky:") in str(caught.value)


def test_a_recording_that_is_not_there_is_not_found(house):
    with pytest.raises(NotFound, match="nowhere"):
        house.source("recording:nowhere")


# Alone in the folder.


def test_only_one_works_in_a_folder(house):
    other = House(house.settings)
    taken = r"process \d+ works in .* already; stop it, or choose"
    with house.alone():
        with pytest.raises(ConfigurationError, match=taken) as caught, other.alone():
            pytest.fail("two work in one folder")
        assert str(house.settings.data_dir) in str(caught.value)
    with other.alone():
        pass
    other.close()


def test_the_folder_is_free_again_after_an_error(house):
    with pytest.raises(RuntimeError), house.alone():
        raise RuntimeError
    with house.alone():
        pass


def test_what_a_killed_process_had_received_is_handed_out_again_at_once(house):
    house.queue.publish(archived(snapshot()))
    house.queue.receive(1)
    assert not house.queue.receive(1)
    with house.alone():
        assert len(house.queue.receive(1)) == 1


@pytest.mark.parametrize("folder", ["raw/source=a/date=2023-11-14/hour=22", "live"])
def test_what_a_killed_process_left_unfinished_is_removed(house, folder):
    path = house.settings.data_dir / folder / "something.0123456789abcdef.unfinished"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half of i")
    with house.alone():
        assert not path.exists()


# The map.


def test_the_map_is_served_from_the_folder_that_is_set_when_it_was_built(tmp_path):
    folder = tmp_path / "dist"
    house = House(Settings(_env_file=None, data_dir=tmp_path, dashboard_dir=folder))
    assert house.map_folder is None
    folder.mkdir()
    (folder / "index.html").write_text("map")
    assert house.map_folder == folder


def test_a_scheduled_tick_asks_all_sources_that_are_set(tmp_path):
    settings = Settings(_env_file=None, data_dir=tmp_path, sources=("simulation:5", "recording", "opensky"))
    house = House(settings)
    assert [one.name for one in house.scheduled] == ["simulation", "recording-paris-20211007", "opensky"]
    assert house.scheduled is house.scheduled
    house.close()
    again = House(settings.model_copy(update={"sources": ("opensky", "opensky:47,49,1,4")}))
    with pytest.raises(ConfigurationError, match="the same name"):
        again.scheduled  # noqa: B018
    again.close()
