"""The columns of the lake as Hive and Athena name their types, for the tables of Glue: JSON, name to type.

`python scripts/lake-columns.py > ../infrastructure/stacks/lake_columns.json`; a test holds that file to it.
"""

import json

import polars as pl

from flightdata.models.lake import LAKE_SCHEMA

_KINDS = {pl.String: "string", pl.Boolean: "boolean", pl.Int8: "tinyint", pl.Int64: "bigint", pl.Datetime: "timestamp"}


def hive(dtype: pl.DataType) -> str:
    """Raises KeyError for one that has no place in a Hive table."""
    if isinstance(dtype, pl.Decimal):
        return f"decimal({dtype.precision},{dtype.scale})"
    return _KINDS[dtype.base_type()]


def main() -> None:
    print(json.dumps({name: hive(dtype) for name, dtype in LAKE_SCHEMA.items()}, indent=2))


if __name__ == "__main__":
    main()
