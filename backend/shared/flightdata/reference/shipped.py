"""The tables that ship in `tables/`, each read when first asked for and then kept.

`scripts/build-reference.py` builds them; the README beside them has their sources and licences.
"""

from functools import cache
from pathlib import Path

import polars as pl

_TABLES = Path(__file__).parent / "tables"


@cache
def aircraft() -> pl.DataFrame:
    """By address (the icao24 as a number): registration, typecode, operator. Ordered by address."""
    return _read("aircraft")


@cache
def airlines() -> pl.DataFrame:
    """By icao (the three-letter code): name. Ordered by icao."""
    return _read("airlines")


@cache
def blocks() -> pl.DataFrame:
    """By start (an address): country (ISO 3166-1 alpha-2), its name, military. Ordered by start.

    A row holds from its start up to the start of the next one; no country: addresses that no state was given.
    """
    return _read("blocks")


def _read(name: str) -> pl.DataFrame:
    return pl.read_parquet(_TABLES / f"{name}.parquet")
