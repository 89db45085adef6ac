"""The quality flags by their names."""

import polars as pl

from flightdata.validation.quality import names


def flags(masks: pl.Series) -> pl.Series:
    """A list of names for each mask. Few masks occur, so each is spelt once."""
    known = masks.unique()
    spelt = pl.Series([list(names(mask)) for mask in known], dtype=pl.List(pl.String))
    return spelt.gather(masks.replace_strict(known, range(len(known)), return_dtype=pl.UInt32)).alias("quality")
