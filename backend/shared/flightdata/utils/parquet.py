"""Parquet with a say in the encodings, which polars' own writer has not. Everything reads it: polars, DuckDB, Spark…"""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, takewhile
from typing import IO, Any, TypeVar, cast

import polars as pl

T = TypeVar("T")

ROW_GROUP = 65_536
"""Rows a row group: what one aircraft's track reads of an hour. Smaller ones make the footer slow to read."""


def write_parquet(
    tables: Iterable[pl.DataFrame],
    to: IO[bytes],
    *,
    schema: Mapping[str, pl.DataType],
    packed: Sequence[str],
    metadata: Mapping[str, str],
) -> None:
    """All rows of `tables`, which all have `schema`; one row group is held in memory at a time.

    The columns `packed` (integers, decimals, timestamps) are written as differences, DELTA_BINARY_PACKED. The bytes
    depend on the rows alone, not on how they are cut into tables.
    """
    from arro3.core import RecordBatchReader, Table  # noqa: PLC0415, 33 MB that few processes need
    from arro3.io import write_parquet as write  # noqa: PLC0415

    outlet = _Outlet(to)
    batches = chain.from_iterable(Table.from_arrow(group).to_batches() for group in _row_groups(tables, schema))
    write(
        RecordBatchReader.from_batches(
            Table.from_arrow(pl.DataFrame(schema=schema)).schema, outlet.until_it_fails(batches)
        ),
        cast("IO[bytes]", outlet),
        compression="zstd(9)",
        column_encoding=dict.fromkeys(packed, "delta_binary_packed"),
        column_dictionary_enabled=dict.fromkeys(packed, False),
        max_row_group_size=ROW_GROUP,
        writer_version="parquet_2_0",
        skip_arrow_metadata=True,
        key_value_metadata=dict(metadata),
    )
    if outlet.error is not None:
        raise outlet.error


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
