"""The only reader of environment variables and `.env`. Each field's name in capitals is the variable's name."""

import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict

from flightdata.errors import ConfigurationError
from flightdata.models.credits import AccountClass
from flightdata.models.units import Seconds


def _words(value: object) -> object:
    """`SOURCES` holds several, with blanks between them."""
    return tuple(value.split()) if isinstance(value, str) else value


def _choices(value: object) -> object:
    """`BACKENDS` holds several `port=backend`."""
    return dict(one.partition("=")[::2] for one in value.split()) if isinstance(value, str) else value


Port = Literal[
    "archive",
    "publisher",
    "queue",
    "live",
    "history",
    "ledger",
    "health",
    "flights",
    "budgets",
    "lease",
    "keys",
    "secrets",
    "metrics",
]


class Environment(StrEnum):
    LOCAL = "local"
    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


class Backend(StrEnum):
    EMBEDDED = "embedded"
    AWS = "aws"


class ApiAuth(StrEnum):
    OFF = "off"
    REQUIRED = "required"


class Sampler(StrEnum):
    """OpenTelemetry's names; `parentbased`: a span does as the span it is part of."""

    ALWAYS_ON = "always_on"
    ALWAYS_OFF = "always_off"
    RATIO = "traceidratio"
    PARENT_OR_ON = "parentbased_always_on"
    PARENT_OR_OFF = "parentbased_always_off"
    PARENT_OR_RATIO = "parentbased_traceidratio"


class LogFormat(StrEnum):
    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


ENV_FILE = ".env"
_NEEDED_ON_AWS: Mapping[Port, tuple[str, ...]] = {
    "archive": ("s3_raw_bucket",),
    "publisher": ("eventbridge_bus_name",),
    "queue": ("sqs_queue_url", "sqs_dead_letter_queue_url"),
    "live": ("s3_raw_bucket",),
    "history": ("s3_history_bucket",),
}
"""What a port cannot do without there; `live` only where it is published. The table's name has a default."""

_ALIKE = 0.86
"""The environment is full of other people's variables: HOSTNAME is none of ours misspelt, LOGLEVEL is."""


class Settings(BaseSettings):
    """All settings. Every one is described in `.env.example`."""

    model_config = SettingsConfigDict(env_file=ENV_FILE, extra="ignore", frozen=True, env_ignore_empty=True)

    environment: Environment = Environment.LOCAL
    log_level: Annotated[str, Field(pattern=r"(?i)^(debug|info|warning|error|critical)$")] = "INFO"
    log_format: LogFormat = LogFormat.AUTO

    data_dir: Path = Path("data")
    sources: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = ()
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8001
    dashboard_dir: Path | None = None

    aircraft_database: Path | None = None
    live_expiry_seconds: Annotated[Seconds, Field(gt=0)] = 330.0
    fetch_interval_seconds: Annotated[Seconds, Field(gt=0)] = 10.0
    receiver_interval_seconds: Annotated[Seconds, Field(gt=0)] = 1.0
    v2_interval_seconds: Annotated[Seconds, Field(gt=0)] = 10.0
    queue_visibility_seconds: Annotated[Seconds, Field(gt=0)] = 60.0
    queue_max_attempts: Annotated[int, Field(ge=1)] = 5

    raw_retention_days: Annotated[int, Field(ge=0)] = 0
    history_retention_days: Annotated[int, Field(ge=0)] = 0
    flights_retention_days: Annotated[int, Field(ge=0)] = 0

    api_auth: ApiAuth = ApiAuth.OFF
    cors_origins: str = ""
    max_page_size: Annotated[int, Field(ge=1)] = 1000
    max_answer_bytes: Annotated[int, Field(ge=0)] = 0
    max_answer_seconds: Annotated[Seconds, Field(ge=0)] = 0.0
    cache_ttl_seconds: Annotated[int, Field(ge=0)] = 30

    opensky_api_url: str = "https://opensky-network.org/api"
    opensky_token_url: str = (
        "https://auth.opensky-network.org/auth/realms/opensky-network/protocol/openid-connect/token"  # noqa: S105
    )
    opensky_client_id: SecretStr | None = None
    opensky_client_secret: SecretStr | None = None
    opensky_credentials_file: Path | None = None
    opensky_account: AccountClass | None = None
    opensky_areas: str = ""
    opensky_tick_seconds: Annotated[Seconds, Field(gt=0, le=86_400)] = 30.0
    opensky_timeout_seconds: Annotated[Seconds, Field(gt=0, le=300)] = 20.0

    otel_exporter_otlp_endpoint: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    otel_exporter_otlp_headers: SecretStr | None = None
    otel_service_name: str = "flightdata"
    otel_traces_sampler: Sampler = Sampler.PARENT_OR_ON
    otel_traces_sampler_arg: Annotated[float, Field(ge=0, le=1)] = 1.0
    aws_xray_daemon_address: str | None = None
    aws_lambda_function_name: str | None = None

    aws_region: str = "us-east-1"
    aws_endpoint_url: str | None = None
    aws_timeout_seconds: Annotated[Seconds, Field(gt=0, le=60)] = 5.0
    aws_max_attempts: Annotated[int, Field(ge=1, le=10)] = 4
    s3_raw_bucket: str | None = None
    s3_history_bucket: str | None = None
    eventbridge_bus_name: str | None = None
    dynamodb_flights_table: str | None = None
    redis_cluster_endpoint: str | None = None
    sqs_queue_url: str | None = None
    sqs_dead_letter_queue_url: str | None = None

    backends: Annotated[dict[Port, Backend], NoDecode, BeforeValidator(_choices)] = {}

    def backend(self, port: Port) -> Backend:
        """What was chosen for this port by itself, or what the environment has for all."""
        usual = Backend.EMBEDDED if self.environment is Environment.LOCAL else Backend.AWS
        return self.backends.get(port, usual)

    def lacking(self, ports: Iterable[Port]) -> list[str]:
        """The variables that are not set, of those that these ports need where they are on AWS."""
        on_aws = (port for port in ports if self.backend(port) is Backend.AWS)
        needed = dict.fromkeys(name for port in on_aws for name in _NEEDED_ON_AWS.get(port, ()))
        return [name.upper() for name in needed if not getattr(self, name)]


def load() -> Settings:
    """Those of the environment. Raises ConfigurationError, which names each one that cannot be."""
    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        wrong = "; ".join(f"{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in faults)
        raise ConfigurationError(wrong) from None  # its own text tells the values, secrets too


def in_function() -> bool:
    """Whether Lambda runs us."""
    return bool(os.environ.get("AWS_LAMBDA_FUNCTION_NAME"))


def invocation_trace() -> str:
    """What Lambda says of the trace of the invocation that runs now (X-Ray's header); empty outside of Lambda."""
    return os.environ.get("_X_AMZN_TRACE_ID", "")


class Stray(NamedTuple):
    """A variable that looks as if it were for us, but is none of ours. `meant`: the one of ours it resembles."""

    name: str
    where: str
    meant: str | None


def strays() -> list[Stray]:
    """Those in `.env` that are no setting, and those in the environment that resemble one."""
    ours = {name.upper() for name in Settings.model_fields}
    file = DotEnvSettingsSource(Settings, env_file=ENV_FILE, env_ignore_empty=False)
    in_file = {name.upper() for name in file.env_vars} - ours
    around = {name.upper() for name in os.environ} - ours - in_file
    found = [Stray(name, ENV_FILE, _resembled(name, ours, 0.6)) for name in sorted(in_file)]
    return found + [Stray(*one) for one in _misspelt(sorted(around), ours)]


def _misspelt(names: list[str], ours: set[str]) -> Iterator[tuple[str, str, str]]:
    for name in names:
        if meant := _resembled(name, ours, _ALIKE):
            yield name, "environment", meant


def _resembled(name: str, ours: set[str], least: float) -> str | None:
    return next(iter(get_close_matches(name.removeprefix("FLIGHTDATA_"), ours, n=1, cutoff=least)), None)
