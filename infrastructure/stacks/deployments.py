"""What differs between dev, staging and prod, and what `--context` says otherwise."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs

FETCHER, PROCESSOR, API, ANALYTICS = (
    "flight-data-fetcher",
    "flight-data-processor",
    "flight-api",
    "analytics-processor",
)
_ALL = (FETCHER, PROCESSOR, API, ANALYTICS)

SETTINGS: Mapping[str, tuple[str, ...]] = {
    "SOURCES": (FETCHER,),
    "FETCH_INTERVAL_SECONDS": (FETCHER,),
    "RECEIVER_INTERVAL_SECONDS": (FETCHER,),
    "V2_INTERVAL_SECONDS": (FETCHER,),
    "OPENSKY_ACCOUNT": (FETCHER,),
    "OPENSKY_AREAS": (FETCHER,),
    "OPENSKY_API_URL": (FETCHER,),
    "OPENSKY_TOKEN_URL": (FETCHER,),
    "OPENSKY_TIMEOUT_SECONDS": (FETCHER,),
    "LIVE_EXPIRY_SECONDS": (PROCESSOR, API),
    "FLIGHTS_RETENTION_DAYS": (PROCESSOR,),
    "MAX_PAGE_SIZE": (API,),
    "LOG_LEVEL": _ALL,
    "OTEL_TRACES_SAMPLER": _ALL,
    "OTEL_TRACES_SAMPLER_ARG": _ALL,
}
"""Settings that `--context NAME=value` gives to these functions. The others are the deployment's own, or secret."""

_WORDS = {
    "auth": "off|required",
    "ticks": "on|off",
    "runtime": r"python3\.\d+",
    "otlp": r"https?://\S+",
    "email": r"[^@\s,]+@[^@\s,]+(,[^@\s,]+@[^@\s,]+)*",
    "api-concurrency": r"[1-9]\d*",
    "CORS_ORIGINS": r"\*|https?://[^\s,]+(,https?://[^\s,]+)*",
    "LOG_LEVEL": "DEBUG|INFO|WARNING|ERROR|CRITICAL",
    "MAX_PAGE_SIZE": r"[1-9]\d*",
    "LIVE_EXPIRY_SECONDS": r"[1-9]\d*",
    "FLIGHTS_RETENTION_DAYS": r"\d+",
    "OPENSKY_ACCOUNT": "anonymous|standard|feeder|licensed",
}
"""What a choice looks like, where a mistake would be found only after it is deployed."""

_CHOICES = {"environment", "bundles", *SETTINGS, *_WORDS}


@dataclass(frozen=True)
class Deployment:
    """`raw_days`, `history_days`: how long archive and history are kept, None for ever. `keeps_data`: whether a deleted
    stack leaves its data behind. `settings`: of functions, by name, as `SETTINGS` has them. The rest is what
    docs/operations.md has on `--context`.
    """

    name: str
    raw_days: int | None
    history_days: int | None
    settings: Mapping[str, str]
    log_retention: logs.RetentionDays
    keeps_data: bool = False
    ticks: bool = True
    auth: str = "off"
    runtime: str = "python3.11"
    otlp: str | None = None
    origins: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    api_concurrency: int | None = None

    @property
    def removal(self) -> RemovalPolicy:
        """Of data. What a first deployment that fails has made goes with it."""
        return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if self.keeps_data else RemovalPolicy.DESTROY

    @property
    def may_be_anonymous(self) -> bool:
        """Whether it may be an account of OpenSky that fetches the globe every 15 minutes only."""
        asks = any(one.partition(":")[0] == "opensky" for one in self.settings["SOURCES"].split())
        return asks and self.settings.get("OPENSKY_ACCOUNT", "anonymous") == "anonymous"

    def named(self, what: str) -> str:
        """`flightdata-<what>-<environment>`"""
        return f"flightdata-{what}-{self.name}"

    def settings_of(self, function: str) -> dict[str, str]:
        return {name: value for name, value in self.settings.items() if function in SETTINGS[name]}

    def chosen(self, context: Mapping[str, object]) -> "Deployment":
        """As `--context` wants it. Raises ValueError for what is no choice, or none of its values."""
        choices = {name: str(value) for name, value in context.items() if name in _CHOICES}
        for name in context.keys() - _CHOICES:
            if name.isupper() or get_close_matches(name, _CHOICES, cutoff=0.7):
                raise ValueError(f"--context {name} is none of {', '.join(sorted(_CHOICES))}")
        for name, value in choices.items():
            if not re.fullmatch(form := _WORDS.get(name, ".+"), value):
                raise ValueError(f"--context {name}={value}: it has to be {form}")
        concurrency = choices.get("api-concurrency")
        return replace(
            self,
            settings={**self.settings, **{name: value for name, value in choices.items() if name in SETTINGS}},
            ticks=choices.get("ticks") != "off",
            auth=choices.get("auth", self.auth),
            runtime=choices.get("runtime", self.runtime),
            otlp=choices.get("otlp"),
            origins=_several(choices.get("CORS_ORIGINS")),
            emails=_several(choices.get("email")),
            api_concurrency=int(concurrency) if concurrency else None,
        )


def _several(value: str | None) -> tuple[str, ...]:
    return tuple(value.split(",")) if value else ()


def _settings(sources: str, flights_days: int) -> dict[str, str]:
    return {"SOURCES": sources, "FLIGHTS_RETENTION_DAYS": str(flights_days), "LOG_LEVEL": "INFO"}


_DEPLOYMENTS = (
    Deployment("dev", 7, 30, _settings("simulation:1000", 7), logs.RetentionDays.ONE_WEEK),
    Deployment("staging", 30, 90, _settings("simulation:12000", 30), logs.RetentionDays.ONE_MONTH),
    Deployment("prod", None, None, _settings("opensky", 30), logs.RetentionDays.THREE_MONTHS, keeps_data=True),
)


def named(name: str | None) -> Deployment:
    """Raises ValueError for a name that is none."""
    for one in _DEPLOYMENTS:
        if one.name == name:
            return one
    raise ValueError(f"--context environment={name}: there are {', '.join(one.name for one in _DEPLOYMENTS)}")
