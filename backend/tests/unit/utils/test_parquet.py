"""Each column in the encoding that suits it."""

import io

import polars as pl
import pytest

from flightdata.utils.parquet import ROW_GROUP, _Outlet, _write, write_parquet

ROWS = 5000
TABLE = pl.DataFrame(
    {
        "repeating": [f"{n // 700:06x}" for n in range(ROWS)],
        "new each time": [f"{n * 2654435761 % 2**32:08x}" for n in range(ROWS)],
        "counting": range(ROWS),
        "few": [n * n % 7 * 100_000_007 for n in range(ROWS)],
        "none": pl.repeat(None, ROWS, dtype=pl.Int8, eager=True),
        "yes": [n % 3 == 0 for n in range(ROWS)],
    }
)


def written(*tables):
    file = io.BytesIO()
    write_parquet(tables, file, schema=TABLE.schema, metadata={})
    return file.getvalue()


def test_it_is_smaller_than_with_any_encoding_for_all():
    sizes = []
    for encoding in ("dictionary", "plain", "delta_binary_packed"):
        file = io.BytesIO()
        encodings = {n: encoding if t.is_integer() else "dictionary" for n, t in TABLE.schema.items()}
        _write(iter([TABLE]), _Outlet(file), encodings, "zstd(9)", {})
        sizes.append(len(file.getvalue()))
    assert len(written(TABLE)) < min(sizes)


@pytest.mark.parametrize("rows", [0, 1, ROWS, ROW_GROUP, ROW_GROUP + 1])
def test_the_rows_come_back_and_the_bytes_do_not_depend_on_how_they_were_cut(rows):
    table = pl.concat([TABLE] * (rows // ROWS + 1)).head(rows)
    whole = written(table)
    assert pl.read_parquet(whole).equals(table)
    assert written(*(table.slice(start, 777) for start in range(0, rows, 777))) == whole
