"""What is shown of a picture as its difference to an earlier one, its base: for some minutes a third of the bytes.

Parquet with a row for each of the picture's, those that the base has first:

| column | |
| --- | --- |
| `row` | its row in the base, less that of the row before; null where the base has none |
| a text | as it is; `=`: as in the base |
| a float that can be scaled | as an integer (`scaling`), less the base's, if it has one |
| `time_position`, `geo_altitude` | the same, less what `last_contact`, `baro_altitude` have by that |
| `longitude.0`, `.1`, … | the same (null, 0, -1, 1, -2, … are 0, 1, 2, 3, 4, …) byte by byte, the lowest first |
| all others | as they are |
"""

from collections.abc import Mapping
from io import BytesIO

import polars as pl
from polars import col

from flightdata.backends.live.scaling import EXACT, floats, integers, scales_of
from flightdata.backends.live.small import LEVEL, SCALES, checked, described
from flightdata.models.picture import SHOWN_SCHEMA, Shown

KEY = ("icao24", "source")
"""What no two rows have in common. Both pictures are in its order."""

_SAME = "="
_ONE_PAGE = 2**30
_TEXTS = [name for name, dtype in SHOWN_SCHEMA.items() if dtype == pl.String]
_FOLLOWS = {"time_position": "last_contact", "geo_altitude": "baro_altitude"}
_SPLIT = ("longitude", "latitude", "velocity", "true_track")


def pack_difference(shown: Shown, base: Shown) -> bytes | None:
    """What `base` does not say of `shown`. None where it cannot be written so."""
    states = shown.states
    if any(one.states.select(KEY).is_duplicated().any() for one in (shown, base)):
        return None
    if any((states[name] == _SAME).any() for name in _TEXTS):
        return None
    places = base.states.select(*KEY, row=pl.int_range(pl.len()))
    rows = states.join(places, on=KEY, how="left", maintain_order="left").sort("row", nulls_last=True)
    states, before = rows.select(*SHOWN_SCHEMA), _at(base, rows["row"])
    scales = scales_of(states)
    texts = [
        states[name].set(states[name].eq_missing(before[name]) & rows["row"].is_not_null(), _SAME) for name in _TEXTS
    ]
    table = states.with_columns(rows["row"].diff().fill_null(rows["row"]), *texts, *_less(states, before, scales))
    buffer = BytesIO()
    _split(table, scales).write_parquet(
        buffer,
        compression="zstd",
        compression_level=LEVEL,
        statistics=False,
        data_page_size=_ONE_PAGE,
        metadata=described(shown, scales),
    )
    return buffer.getvalue()


def unpack_difference(packed: bytes, base: Shown) -> Shown:
    """What was packed, with the same base. Raises ValueError if it is nothing of the kind."""
    try:
        about = pl.read_parquet_metadata(BytesIO(packed))
        scales = SCALES.validate_json(about["scales"])
        table = _joined(pl.read_parquet(BytesIO(packed)), scales)
        before = _at(base, table["row"].cum_sum())
        texts = [_filled(table[name], before[name]) for name in _TEXTS]
        states = checked(table.with_columns(*texts, *_more(table, before, scales)).select(*SHOWN_SCHEMA))
        return Shown(int(about["version"]), float(about["time"]), states.sort(KEY), about["correlation_id"])
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, KeyError, TypeError) as error:
        raise ValueError(f"no difference of states: {error}") from error


def _at(base: Shown, rows: pl.Series) -> pl.DataFrame:
    return base.states.select(pl.all().gather(rows))


def _filled(column: pl.Series, before: pl.Series) -> pl.Series:
    return before.zip_with((column == _SAME).fill_null(value=False), column)


def _less(states: pl.DataFrame, before: pl.DataFrame, scales: Mapping[str, int]) -> list[pl.Series]:
    less = {
        name: integers(states[name], factor).cast(pl.Int64) - _known(before[name], factor)
        for name, factor in scales.items()
    }
    return [
        less[name] - less[leader].fill_null(0) if (leader := _leader(name, scales)) else less[name] for name in less
    ]


def _more(table: pl.DataFrame, before: pl.DataFrame, scales: Mapping[str, int]) -> list[pl.Series]:
    return [
        floats(
            table[name]
            + (table[leader].fill_null(0) if (leader := _leader(name, scales)) else 0)
            + _known(before[name], factor),
            factor,
        )
        for name, factor in scales.items()
    ]


def _leader(name: str, scales: Mapping[str, int]) -> str | None:
    """The column whose difference is taken off that of `name`: of the same scale only."""
    leader = _FOLLOWS.get(name, "")
    return leader if scales.get(leader) == scales[name] else None


def _known(before: pl.Series, factor: int) -> pl.Series:
    """As integers; 0 for what is none, or none that a float holds."""
    scaled = integers(before, factor)
    return scaled.set(~(scaled.abs() <= EXACT), 0.0).fill_null(0.0).cast(pl.Int64)


def _split(table: pl.DataFrame, scales: Mapping[str, int]) -> pl.DataFrame:
    for name in [one for one in _SPLIT if one in scales]:
        sign = pl.when(col(name) < 0).then(-2 * col(name)).otherwise(2 * col(name) + 1)
        unsigned = table.select(sign.fill_null(0)).to_series()
        length = (int(unsigned.max() or 0).bit_length() + 7) // 8  # type: ignore[arg-type]
        bytes_ = [(unsigned // 256**place % 256).cast(pl.UInt8).alias(f"{name}.{place}") for place in range(length)]
        table = table.with_columns(bytes_).drop(name)
    return table


def _joined(table: pl.DataFrame, scales: Mapping[str, int]) -> pl.DataFrame:
    for name in [one for one in _SPLIT if one in scales]:
        places = [one for one in table.columns if one.startswith(f"{name}.")]
        unsigned = sum((col(one).cast(pl.Int64) * 256**place for place, one in enumerate(places)), pl.lit(0))
        signed = pl.when(unsigned % 2 == 1).then(unsigned // 2).otherwise(-(unsigned // 2))
        table = table.with_columns(pl.when(unsigned > 0).then(signed).alias(name)).drop(places)
    return table
