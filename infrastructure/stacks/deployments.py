"""What differs between dev, staging and prod."""

from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs


@dataclass(frozen=True)
class Deployment:
    """`raw_days`, `history_days`: how long archive and history are kept, None for ever. `flights_days`: the same
    of flights, where 0 is for ever. `sources`: what the fetcher asks, as the setting SOURCES has it. `keeps_data`:
    whether a deleted stack leaves its data behind.
    """

    name: str
    raw_days: int | None
    history_days: int | None
    flights_days: int
    sources: str
    log_retention: logs.RetentionDays
    keeps_data: bool = False

    @property
    def removal(self) -> RemovalPolicy:
        return RemovalPolicy.RETAIN if self.keeps_data else RemovalPolicy.DESTROY

    def named(self, what: str) -> str:
        """`flightdata-<what>-<environment>`"""
        return f"flightdata-{what}-{self.name}"


_DEPLOYMENTS = (
    Deployment("dev", 7, 30, 7, "simulation:1000", logs.RetentionDays.ONE_WEEK),
    Deployment("staging", 30, 90, 30, "simulation:12000", logs.RetentionDays.ONE_MONTH),
    Deployment("prod", None, None, 30, "opensky", logs.RetentionDays.THREE_MONTHS, keeps_data=True),
)


def named(name: str | None) -> Deployment:
    """Raises ValueError for a name that is none."""
    for one in _DEPLOYMENTS:
        if one.name == name:
            return one
    raise ValueError(f"--context environment={name}: there are {', '.join(one.name for one in _DEPLOYMENTS)}")
