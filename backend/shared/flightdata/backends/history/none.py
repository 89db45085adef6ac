"""No history: where there is no lake yet."""

from collections.abc import Iterator, Sequence

import polars as pl

from flightdata.errors import NotFound
from flightdata.models.selection import Selection
from flightdata.models.units import EpochSeconds

_NONE = "no history is kept here"


class NoHistory:
    """A History that keeps nothing, and says so to who asks."""

    def add(self, key: str, states: pl.DataFrame) -> None:
        pass

    def track(self, icao24: str, start: EpochSeconds, end: EpochSeconds) -> pl.DataFrame:  # noqa: ARG002, the port's
        raise NotFound(_NONE)

    def picture(self, time: EpochSeconds, since: EpochSeconds) -> pl.DataFrame:  # noqa: ARG002, the port's
        raise NotFound(_NONE)

    def states(self, selection: Selection) -> Iterator[pl.DataFrame]:  # noqa: ARG002, the port's
        raise NotFound(_NONE)

    def due(self, now: EpochSeconds) -> Sequence[EpochSeconds]:  # noqa: ARG002, the port's
        return ()

    def compact(self, hour: EpochSeconds) -> None:
        pass

    def expire(self, before: EpochSeconds) -> int:  # noqa: ARG002, the port's
        return 0
