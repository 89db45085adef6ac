"""Parquet with a say in the encodings, which polars' own writer has not. Everything reads it: polars, DuckDB, Spark…"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, takewhile
from typing import IO, Any, Literal, TypeVar, cast

import polars as pl

T = TypeVar("T")

ROW_GROUP = 65_536
"""Rows a row group: what one aircraft's track reads of an hour. Smaller ones make the footer slow to read."""

Encoding = Literal["dictionary", "plain", "delta_binary_packed"]
"""BYTE_STREAM_SPLIT of integers would be smaller by a twentieth, but Spark does not read it (docs/decisions/0011)."""

_TRIED = 16_384
"""Rows at the beginning that the encodings are tried on: with all of them it is not a hundredth less (measured)."""


def write_parquet(
    tables: Iterable[pl.DataFrame], to: IO[bytes], *, schema: Mapping[str, pl.DataType], metadata: Mapping[str, str]
) -> None:
    """All rows of `tables`, which all have `schema`; two row groups at most are held in memory.

    Each column has the encoding that is smallest for its first rows. The bytes depend on the rows alone, not on how
    they are cut into tables.
    """
    groups = _row_groups(tables, schema)
    first = next(groups, pl.DataFrame(schema=schema))
    outlet = _Outlet(to)
    _write(outlet.until_it_fails(chain([first], groups)), outlet, _smallest(first.head(_TRIED)), "zstd(9)", metadata)
    if outlet.error is not None:
        raise outlet.error


def _smallest(rows: pl.DataFrame) -> dict[str, Encoding]:
    """The encoding of each column that takes the fewest bytes for `rows`; of several the first."""
    return {name: min(_possible(dtype), key=_size_of(rows.select(name))) for name, dtype in rows.schema.items()}


def _possible(dtype: pl.DataType) -> tuple[Encoding, ...]:
    """Texts have a dictionary: without one they are hardly smaller, and an hour takes 1.6 times as long to read
    (measured).
    """
    number = dtype.is_integer() or dtype.is_decimal() or dtype.is_temporal()
    return ("dictionary", "plain", "delta_binary_packed") if number else ("dictionary",)


def _size_of(column: pl.DataFrame) -> Callable[[Encoding], int]:
    """Says how many bytes `column`, a table of one, takes in an encoding."""

    def size(encoding: Encoding) -> int:
        file = io.BytesIO()
        _write(iter([column]), _Outlet(file), dict.fromkeys(column.columns, encoding), "zstd(3)", {})
        return len(file.getbuffer())

    return size


def _write(
    groups: Iterator[pl.DataFrame],
    outlet: "_Outlet",
    encodings: Mapping[str, Encoding],
    compression: str,
    metadata: Mapping[str, str],
) -> None:
    """One row group each of `groups`, which are not none."""
    from arro3.core import RecordBatchReader, Table  # noqa: PLC0415, 33 MB that few processes need
    from arro3.io import write_parquet as write  # noqa: PLC0415

    first = next(groups)
    given: dict[str | Sequence[str], Any] = {name: one for name, one in encodings.items() if one != "dictionary"}
    batches = chain.from_iterable(Table.from_arrow(group).to_batches() for group in chain([first], groups))
    write(
        RecordBatchReader.from_batches(Table.from_arrow(first.clear()).schema, batches),
        cast("IO[bytes]", outlet),
        compression=compression,
        column_encoding=given,
        column_dictionary_enabled=dict.fromkeys(given, False),
        max_row_group_size=ROW_GROUP,
        writer_version="parquet_2_0",
        skip_arrow_metadata=True,
        key_value_metadata=dict(metadata),
    )


class _Outlet(io.RawIOBase):
    """A file for arro3, which panics where writing raises: this one never does. What went wrong is kept in `error`, no
    more rows are asked for, and the writer comes to its end.
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self.error: Exception | None = None

    def write(self, piece: Any) -> int:
        if self.error is None:
            try:
                self._file.write(piece)
            except Exception as error:  # noqa: BLE001, raised when the writer is through
                self.error = error
        return len(piece)

    def until_it_fails(self, batches: Iterator[T]) -> Iterator[T]:
        try:
            yield from takewhile(lambda _: self.error is None, batches)
        except Exception as error:  # noqa: BLE001, as above
            self.error = error


def _row_groups(tables: Iterable[pl.DataFrame], schema: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame]:
    """The same rows, ROW_GROUP at a time."""
    left = pl.DataFrame(schema=schema)
    for table in tables:
        left = pl.concat([left, table])
        whole = left.height - left.height % ROW_GROUP
        for start in range(0, whole, ROW_GROUP):
            yield left.slice(start, ROW_GROUP).rechunk()
        left = left.slice(whole)
    if left.height:
        yield left.rechunk()
