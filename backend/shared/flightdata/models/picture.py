"""The live picture: the newest state of every aircraft that is still heard, as one versioned object."""

from dataclasses import dataclass, field

import polars as pl

from flightdata.models.flight import no_flights, no_tracked
from flightdata.models.snapshot import SnapshotAccount
from flightdata.models.states import no_states
from flightdata.models.units import EpochSeconds


@dataclass(frozen=True)
class Picture:
    """`version` grows by one with each publication; `time` is the greatest snapshot time that went in.

    `states` is a state table with one row per icao24 and source (`tracking.merge.freshest`: which of them answers).
    `accounts` are those of the snapshots that made this version out of the one before: they travel with it, so that a
    repeated message finds its work already done. So do the flights that `changed` then; `tracked` is the tracked table
    (`models.flight`), which remembers aircraft for longer than they are live.
    """

    version: int = 0
    time: EpochSeconds = 0.0
    states: pl.DataFrame = field(default_factory=no_states, repr=False)
    accounts: tuple[SnapshotAccount, ...] = ()
    tracked: pl.DataFrame = field(default_factory=no_tracked, repr=False)
    changed: pl.DataFrame = field(default_factory=no_flights, repr=False)

    @property
    def aircraft(self) -> int:
        """How many there are."""
        return self.states["icao24"].n_unique()
