"""The live picture: the newest state of every aircraft that is still heard, as one versioned object."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from flightdata.models.flight import LIKELY, Side, no_flights, no_tracked
from flightdata.models.snapshot import SnapshotAccount
from flightdata.models.states import STATE_SCHEMA, no_states
from flightdata.models.units import EpochSeconds

SHOWN_SCHEMA: Mapping[str, pl.DataType] = {**STATE_SCHEMA, **{side.value: pl.String() for side in Side}}
"""A state table with the ICAO codes of the airports it seems to have come from and to go to, null below `LIKELY`."""


@dataclass(frozen=True)
class Shown:
    """What of a picture its readers see, which is half of it: `states` is a state table with each one's airports.

    `correlation_id`: of the first snapshot in it, empty where there is none. `edition`: which publication it is, as
    `ports.ShownPictures` says.
    """

    version: int = 0
    time: EpochSeconds = 0.0
    states: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SHOWN_SCHEMA), repr=False)
    correlation_id: str = ""
    edition: str = ""

    @property
    def aircraft(self) -> int:
        """How many there are."""
        return self.states["icao24"].n_unique()


def with_airports(states: pl.DataFrame, flights: pl.DataFrame) -> pl.DataFrame:
    """`states` as they are shown, with the likely airports of `flights`, which has a row an icao24 at most."""
    likely = (pl.when(pl.col(f"{side}_confidence") >= LIKELY).then(pl.col(side)).alias(side.value) for side in Side)
    return states.join(flights.select("icao24", *likely), on="icao24", how="left", maintain_order="left")


@dataclass(frozen=True)
class Picture:
    """`version` grows by one with each publication; `time` is the greatest snapshot time that went in.

    `states` is a state table with one row per icao24 and source (`tracking.merge.freshest`: which of them answers).
    `accounts` are those of the snapshots that made this version out of the one before: they travel with it, so that a
    repeated message finds its work already done. So do the flights that `changed` then; `tracked` is the tracked table
    (`models.flight`), which remembers aircraft for longer than they are live.
    `fence` grows with each version, also after a loss, when versions are counted anew: it is the time of publication,
    ms since 1970, or one more than that of the version before (a hybrid logical clock). Stores refuse by it what is
    late.
    """

    version: int = 0
    time: EpochSeconds = 0.0
    states: pl.DataFrame = field(default_factory=no_states, repr=False)
    accounts: tuple[SnapshotAccount, ...] = ()
    tracked: pl.DataFrame = field(default_factory=no_tracked, repr=False)
    changed: pl.DataFrame = field(default_factory=no_flights, repr=False)
    fence: int = 0

    @property
    def aircraft(self) -> int:
        """How many there are."""
        return self.states["icao24"].n_unique()

    @cached_property
    def shown(self) -> Shown:
        """The part for its readers."""
        states = with_airports(self.states, self.tracked)
        return Shown(self.version, self.time, states, self.accounts[0].correlation_id if self.accounts else "")
