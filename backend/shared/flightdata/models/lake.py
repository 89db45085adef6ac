"""The state table as the lake keeps it and as Parquet files hand it out: exact decimals and timestamps.

| column | in the lake | |
| --- | --- | --- |
| time_position, last_contact | timestamp, ms, UTC | |
| longitude, latitude | decimal(9, 5), ° | 1.1 m; ADS-B itself resolves 5 m in the air |
| baro_altitude, geo_altitude, velocity, true_track, vertical_rate | decimal(9, 2), m, m/s, ° | |
| quality | int64 | a mask; `quality` in the file's metadata says which bit has which name |
| all others | as in the state table | |

A number that does not fit (beyond ±9,999° or ±9,999,999) is null.
"""

from collections.abc import Mapping

import polars as pl

from flightdata.models.states import STATE_SCHEMA

_TIMES = ("time_position", "last_contact")
_PLACES = ("longitude", "latitude")
_TYPES: Mapping[str, pl.DataType] = {
    **dict.fromkeys(_TIMES, pl.Datetime("ms", "UTC")),
    **dict.fromkeys(_PLACES, pl.Decimal(9, 5)),
    **{
        name: pl.Decimal(9, 2)
        for name, dtype in STATE_SCHEMA.items()
        if dtype == pl.Float64 and name not in _TIMES + _PLACES
    },
    "quality": pl.Int64(),  # Athena has no unsigned integers
}
LAKE_SCHEMA: Mapping[str, pl.DataType] = {name: _TYPES.get(name, dtype) for name, dtype in STATE_SCHEMA.items()}
"""The columns of every file, in their order."""


def to_lake(states: pl.DataFrame) -> pl.DataFrame:
    """A state table as the lake keeps it."""
    return states.select(
        _milliseconds(name) if name in _TIMES else pl.col(name).cast(dtype, strict=False)
        for name, dtype in LAKE_SCHEMA.items()
    )


def from_lake(kept: pl.DataFrame) -> pl.DataFrame:
    """The state table again. Each number is the double that its decimals stand for."""
    return kept.select(
        pl.col(name).cast(pl.Int64) / 1000 if name in _TIMES else pl.col(name).cast(dtype)
        for name, dtype in STATE_SCHEMA.items()
    )


def _milliseconds(name: str) -> pl.Expr:
    whole = (pl.col(name) * 1000).round().cast(pl.Int64, strict=False)
    return whole.cast(pl.Datetime("ms", "UTC")).alias(name)
