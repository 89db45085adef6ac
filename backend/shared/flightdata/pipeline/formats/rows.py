"""State tables, one after the other, as a stream of CSV, JSON or GeoJSON: memory for one table at a time."""

from collections.abc import Generator, Iterable

import polars as pl

from flightdata.models.states import STATE_SCHEMA
from flightdata.pipeline.formats.flags import flags


def csv(tables: Iterable[pl.DataFrame]) -> Generator[bytes]:
    """A line of names, then a line a state; empty is null, flags are joined with `;`."""
    yield (",".join(STATE_SCHEMA) + "\n").encode()
    for table in tables:
        rows = table.with_columns(flags(table["quality"]).list.join(";"))
        yield rows.write_csv(include_header=False).encode()


def jsonl(tables: Iterable[pl.DataFrame]) -> Generator[bytes]:
    """One JSON object a line."""
    return (_lines(_state(table)) for table in tables)


def json(tables: Iterable[pl.DataFrame]) -> Generator[bytes]:
    """`{"states": […], "count": …}`; an answer without `count` was cut off."""
    return _document(b'{"states":[', (_state(table) for table in tables))


def geojson(tables: Iterable[pl.DataFrame]) -> Generator[bytes]:
    """A FeatureCollection (RFC 7946) of points, the altitude above the ellipsoid as third coordinate where known."""
    return _document(b'{"type":"FeatureCollection","features":[', (_feature(table) for table in tables))


def _state(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(flags(table["quality"]))


def _feature(table: pl.DataFrame) -> pl.DataFrame:
    place = pl.concat_list("longitude", "latitude", "geo_altitude").list.drop_nulls()
    point = pl.struct(type=pl.lit("Point"), coordinates=place)
    others = [name for name in table.columns if name not in {"longitude", "latitude"}]
    return _state(table).select(
        type=pl.lit("Feature"),
        geometry=pl.when(pl.col("longitude").is_not_null()).then(point),
        properties=pl.struct(others),
    )


def _document(opening: bytes, parts: Iterable[pl.DataFrame]) -> Generator[bytes]:
    """`parts` as the elements of one array, which `opening` opens."""
    yield opening
    count = 0
    for part in parts:
        if part.height:
            yield (b"," if count else b"") + _lines(part).rstrip().replace(b"\n", b",")
            count += part.height
    yield b'],"count":%d}' % count


def _lines(rows: pl.DataFrame) -> bytes:
    """One JSON object a line; a line end inside a text is escaped."""
    return rows.write_ndjson().encode()
