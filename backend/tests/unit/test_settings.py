import re
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from flightdata.models.credits import AccountClass
from flightdata.settings import ApiAuth, Backend, Environment, LogFormat, Sampler, Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"
NAMES = {name.upper() for name in Settings.model_fields}

AS_THE_MISSION_NAMES_THEM = {
    "ENVIRONMENT",
    "LOG_LEVEL",
    "AWS_REGION",
    "OPENSKY_API_URL",
    "OPENSKY_CLIENT_ID",
    "OPENSKY_CLIENT_SECRET",
    "S3_RAW_BUCKET",
    "EVENTBRIDGE_BUS_NAME",
    "DYNAMODB_FLIGHTS_TABLE",
    "REDIS_CLUSTER_ENDPOINT",
    "CORS_ORIGINS",
    "MAX_PAGE_SIZE",
    "CACHE_TTL_SECONDS",
    "AWS_ENDPOINT_URL",
}

GIVEN = {
    "ENVIRONMENT": ("staging", Environment.STAGING),
    "LOG_LEVEL": ("debug", "debug"),
    "LOG_FORMAT": ("json", LogFormat.JSON),
    "DATA_DIR": ("/var/flights", Path("/var/flights")),
    "SOURCES": ("recording:a.json  simulation:5", ("recording:a.json", "simulation:5")),
    "HOST": ("0.0.0.0", "0.0.0.0"),
    "PORT": ("0", 0),
    "DASHBOARD_DIR": ("dist", Path("dist")),
    "AIRCRAFT_DATABASE": ("own.csv.gz", Path("own.csv.gz")),
    "LIVE_EXPIRY_SECONDS": ("60.5", 60.5),
    "FETCH_INTERVAL_SECONDS": ("5", 5.0),
    "RECEIVER_INTERVAL_SECONDS": ("5", 5.0),
    "V2_INTERVAL_SECONDS": ("5", 5.0),
    "QUEUE_VISIBILITY_SECONDS": ("30", 30.0),
    "QUEUE_MAX_ATTEMPTS": ("1", 1),
    "RAW_RETENTION_DAYS": ("30", 30),
    "HISTORY_RETENTION_DAYS": ("365", 365),
    "FLIGHTS_RETENTION_DAYS": ("30", 30),
    "API_AUTH": ("required", ApiAuth.REQUIRED),
    "CORS_ORIGINS": ("https://a.example, https://b.example", "https://a.example, https://b.example"),
    "MAX_PAGE_SIZE": ("20", 20),
    "MAX_ANSWER_BYTES": ("4000000", 4_000_000),
    "MAX_ANSWER_SECONDS": ("25", 25.0),
    "CACHE_TTL_SECONDS": ("0", 0),
    "OPENSKY_API_URL": ("http://localhost:1", "http://localhost:1"),
    "OPENSKY_TOKEN_URL": ("http://localhost:2", "http://localhost:2"),
    "OPENSKY_CLIENT_ID": ("me", SecretStr("me")),
    "OPENSKY_CLIENT_SECRET": ("hush", SecretStr("hush")),
    "OPENSKY_CREDENTIALS_FILE": ("credentials.json", Path("credentials.json")),
    "OPENSKY_ACCOUNT": ("feeder", AccountClass.FEEDER),
    "OPENSKY_AREAS": ("47,49,1,4", "47,49,1,4"),
    "OPENSKY_TICK_SECONDS": ("10", 10.0),
    "OPENSKY_TIMEOUT_SECONDS": ("5", 5.0),
    "OTEL_EXPORTER_OTLP_ENDPOINT": ("http://localhost:4318", "http://localhost:4318"),
    "OTEL_EXPORTER_OTLP_HEADERS": ("key=value", SecretStr("key=value")),
    "OTEL_SERVICE_NAME": ("roof", "roof"),
    "OTEL_TRACES_SAMPLER": ("always_off", Sampler.ALWAYS_OFF),
    "OTEL_TRACES_SAMPLER_ARG": ("0.5", 0.5),
    "AWS_XRAY_DAEMON_ADDRESS": ("127.0.0.1:2000", "127.0.0.1:2000"),
    "AWS_LAMBDA_FUNCTION_NAME": ("fetcher", "fetcher"),
    "AWS_REGION": ("eu-central-1", "eu-central-1"),
    "AWS_TIMEOUT_SECONDS": ("2.5", 2.5),
    "AWS_MAX_ATTEMPTS": ("2", 2),
    "AWS_ENDPOINT_URL": ("http://localhost:4566", "http://localhost:4566"),
    "S3_RAW_BUCKET": ("raw", "raw"),
    "S3_HISTORY_BUCKET": ("history", "history"),
    "EVENTBRIDGE_BUS_NAME": ("bus", "bus"),
    "DYNAMODB_FLIGHTS_TABLE": ("flights", "flights"),
    "REDIS_CLUSTER_ENDPOINT": ("redis:6379", "redis:6379"),
    "SQS_QUEUE_URL": ("https://sqs/queue", "https://sqs/queue"),
    "SQS_DEAD_LETTER_QUEUE_URL": ("https://sqs/dead", "https://sqs/dead"),
    "BACKENDS": (" archive=aws  live=embedded", {"archive": Backend.AWS, "live": Backend.EMBEDDED}),
}


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No setting in the environment, no `.env` in the current folder."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def example():
    """The settings of `.env.example`, by their names."""
    return dict(re.findall(r"^(?:# ?)?([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE.read_text("utf-8"), re.MULTILINE))


def test_without_anything_it_is_one_machine_with_the_mission_s_defaults():
    settings = Settings()
    assert settings.environment is Environment.LOCAL
    assert (settings.max_page_size, settings.cache_ttl_seconds, settings.port) == (1000, 30, 8001)
    assert (settings.data_dir, settings.sources, settings.host) == (Path("data"), (), "127.0.0.1")
    assert settings.queue_max_attempts == 5


def test_variables_have_the_names_that_the_mission_gives_them():
    assert AS_THE_MISSION_NAMES_THEM <= NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_setting_is_read_from_the_variable_of_its_name(monkeypatch, name):
    text, value = GIVEN[name]
    monkeypatch.setenv(name, text)
    assert getattr(Settings(), name.lower()) == value


@pytest.mark.parametrize("name", sorted(NAMES))
def test_an_empty_variable_is_none(monkeypatch, name):
    monkeypatch.setenv(name, "")
    assert Settings() == Settings.model_construct(
        **{key: field.default for key, field in Settings.model_fields.items()}
    )


def test_credentials_are_read_but_never_shown(monkeypatch):
    monkeypatch.setenv("OPENSKY_CLIENT_ID", "hush-me")
    monkeypatch.setenv("OPENSKY_CLIENT_SECRET", "hush")
    settings = Settings()
    assert settings.opensky_client_secret.get_secret_value() == "hush"
    assert "hush" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_env_in_the_current_folder_is_read_and_the_environment_wins(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("PORT=9000\nHOST=::1\nSOURCES=recording simulation\n# nothing\nUNKNOWN=5\n")
    monkeypatch.setenv("PORT", "9001")
    settings = Settings()
    assert (settings.port, settings.host, settings.sources) == (9001, "::1", ("recording", "simulation"))


def test_what_is_given_wins_over_both(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("PORT=9000\n")
    monkeypatch.setenv("PORT", "9001")
    assert Settings(port=9002).port == 9002


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ENVIRONMENT", "production"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_LEVEL", "INFO "),
        ("LOG_FORMAT", "xml"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("LIVE_EXPIRY_SECONDS", "0"),
        ("LIVE_EXPIRY_SECONDS", "-5"),
        ("LIVE_EXPIRY_SECONDS", "nan"),
        ("FETCH_INTERVAL_SECONDS", "0"),
        ("FETCH_INTERVAL_SECONDS", "nan"),
        ("OPENSKY_ACCOUNT", "rich"),
        ("OPENSKY_TICK_SECONDS", "0"),
        ("OPENSKY_TICK_SECONDS", "nan"),
        ("OPENSKY_TIMEOUT_SECONDS", "0"),
        ("QUEUE_VISIBILITY_SECONDS", "0"),
        ("QUEUE_MAX_ATTEMPTS", "0"),
        ("MAX_PAGE_SIZE", "0"),
        ("MAX_PAGE_SIZE", "many"),
        ("MAX_ANSWER_BYTES", "-1"),
        ("MAX_ANSWER_SECONDS", "soon"),
        ("CACHE_TTL_SECONDS", "-1"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_the_name_of_its_setting(monkeypatch, name, text):
    monkeypatch.setenv(name, text)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"] for error in caught.value.errors()] == [(name.lower(),)]


@pytest.mark.parametrize("text", ["archive", "archive=moon", "dynamodb=aws", "=aws", "archive=aws=live"])
def test_a_choice_of_backends_that_cannot_be_made_is_refused(monkeypatch, text):
    monkeypatch.setenv("BACKENDS", text)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert {error["loc"][0] for error in caught.value.errors()} == {"backends"}


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_environment_chooses_the_backends_and_each_may_be_chosen_by_itself(environment):
    assert Settings().backend("live") is Backend.EMBEDDED
    assert Settings(environment=environment).backend("live") is Backend.AWS
    mixed = Settings(environment=environment, backends="live=embedded queue=aws")
    assert [mixed.backend(port) for port in ("live", "queue", "archive")] == [
        Backend.EMBEDDED,
        Backend.AWS,
        Backend.AWS,
    ]


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        Settings().port = 5


# What `.env.example` says.


def test_every_setting_is_in_the_example_and_nothing_else():
    assert set(example()) == NAMES


def test_the_example_says_what_holds_when_nothing_is_set(tmp_path):
    (tmp_path / ".env").write_text(EXAMPLE.read_text("utf-8"))
    assert Settings() == Settings(_env_file=None)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_example_names_the_default(name):
    default = Settings.model_fields[name.lower()].default
    assert example()[name] == ("" if default in (None, (), {}) else re.sub(r"\.0$", "", str(default)))
