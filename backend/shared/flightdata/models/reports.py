"""What the analytics stage reports."""

from pydantic import BaseModel, ConfigDict

from flightdata.models.units import EpochSeconds


class PerformanceReport(BaseModel):
    """What the pipeline did between two moments: rows = stored + superseded + rejected; and its queue at the end."""

    model_config = ConfigDict(frozen=True)

    since: EpochSeconds
    until: EpochSeconds
    snapshots: int
    unreadable: int
    rows: int
    stored: int
    superseded: int
    rejected: dict[str, int]
    waiting: int
    in_flight: int
    dead: int
