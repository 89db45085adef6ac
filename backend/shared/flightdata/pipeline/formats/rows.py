"""State tables, one after the other, as a stream of CSV, JSON or GeoJSON: memory for one table at a time."""

from collections.abc import Generator, Iterable, Sequence

import polars as pl

from flightdata.models.states import STATE_SCHEMA, on_earth
from flightdata.pipeline.formats.flags import flags


def csv(tables: Iterable[pl.DataFrame], columns: Sequence[str] = tuple(STATE_SCHEMA)) -> Generator[bytes]:
    """A line of the names of these `columns`, then a line a state; empty is null, flags are joined with `;`."""
    yield (",".join(columns) + "\n").encode()
    for table in tables:
        rows = table.with_columns(flags(table["quality"]).list.join(";"))
        yield rows.write_csv(include_header=False).encode()


def jsonl(tables: Iterable[pl.DataFrame]) -> Generator[bytes]:
    """One JSON object a line."""
    return (_state(table).write_ndjson().encode() for table in tables)


def json(tables: Iterable[pl.DataFrame]) -> Generator[bytes]:
    """`{"states": […], "count": …}`; an answer without `count` was cut off."""
    return _document(b'{"states":[', (_state(table) for table in tables))


def geojson(tables: Iterable[pl.DataFrame]) -> Generator[bytes]:
    """A FeatureCollection (RFC 7946) of points, the altitude above the ellipsoid as third coordinate where known."""
    return _document(b'{"type":"FeatureCollection","features":[', (features(table) for table in tables))


def features(table: pl.DataFrame) -> pl.DataFrame:
    """A GeoJSON Feature a row, as columns; its geometry is null without a position on the globe."""
    place = pl.concat_list("longitude", "latitude", "geo_altitude").list.drop_nulls()
    point = pl.struct(type=pl.lit("Point"), coordinates=place)
    others = [name for name in table.columns if name not in {"longitude", "latitude"}]
    return _state(table).select(
        type=pl.lit("Feature"),
        geometry=pl.when(on_earth()).then(point),
        properties=pl.struct(others),
    )


def _state(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(flags(table["quality"]))


def elements(rows: pl.DataFrame) -> bytes:
    """A JSON object a row, with commas between them; a line end inside a text is escaped."""
    return rows.write_ndjson().encode().rstrip().replace(b"\n", b",")


def _document(opening: bytes, parts: Iterable[pl.DataFrame]) -> Generator[bytes]:
    """`parts` as the elements of one array, which `opening` opens."""
    yield opening
    count = 0
    for part in parts:
        if part.height:
            yield (b"," if count else b"") + elements(part)
            count += part.height
    yield b'],"count":%d}' % count
