"""OpenSky's rows read as what their text nearly is, comma-separated values: half the work of going through objects.

`rows` gives up (None) wherever the text might mean something else as JSON than as CSV: escapes, nested lists, other
widths, a string where a number belongs. The decoder then reads the answer as JSON. Where it does not give up on valid
JSON, both ways see the same table; the tests hold them against each other. It is not a JSON validator: spellings of
numbers that JSON forbids (`+1`, `01`) pass.
"""

import re
from math import isfinite
from typing import Any

import orjson
import polars as pl

from flightdata.validation.columns import CODE, TEXT
from flightdata.validation.opensky import COLUMNS

_CLOSE = b"]]"
_STRING = re.compile(rb'"[^"]*"')
_UNIT = b"\x1f"
_SCHEMA: dict[str, pl.DataType] = {
    **{column[0] if column else "sensors": column[1].dtype if column else pl.String() for column in COLUMNS},
    "category": CODE.dtype,
}
_FLOATS = [name for name, dtype in _SCHEMA.items() if dtype == pl.Float64]
_TEXTS = [column[0] for column in COLUMNS if column and column[1] is TEXT]


def read(body: bytes) -> tuple[dict[str, Any], pl.DataFrame] | None:
    """The answer without its rows, and the rows with the columns of a row of 17 or 18; None: ask the JSON parser."""
    start, end = body.find(b"[["), body.rfind(_CLOSE)
    if start < 0 or end < start or b"\\" in body:
        return None
    try:
        envelope = orjson.loads(body[:start] + b"[]" + body[end + len(_CLOSE) :])
    except orjson.JSONDecodeError:
        return None
    if not isinstance(envelope, dict) or envelope.get("states") != []:
        return None
    frame = _table(body[start + 2 : end])
    return None if frame is None else (envelope, frame)


def _table(rows: bytes) -> pl.DataFrame | None:
    separator = b","
    if rows[: rows.find(b"]")].count(b", ") >= len(COLUMNS) - 1:  # written with blanks, as Python does
        if _UNIT in rows:
            return None
        rows, separator = rows.replace(b", ", _UNIT), _UNIT
    lines = rows.replace(b"]" + separator + b"[", b"\n")
    width = _STRING.sub(b"", lines[: lines.find(b"\n")]).count(separator) + 1 if b"\n" in lines else 0
    if not len(COLUMNS) <= width <= len(_SCHEMA) or b"[" in lines or b"]" in lines:
        return None
    try:
        frame = pl.read_csv(
            lines,
            has_header=False,
            separator=separator.decode(),
            null_values="null",
            schema=dict(list(_SCHEMA.items())[:width]),
            infer_schema=False,
        )
    except pl.exceptions.PolarsError:
        return None
    return frame.drop("sensors") if _is_exact(frame, lines, separator) else None


def _is_exact(frame: pl.DataFrame, lines: bytes, separator: bytes) -> bool:
    """Whether each line, null, quote and separator of the text is accounted for by a value of the right type."""
    nulls = {column.name: column.null_count() for column in frame}
    texts = sum(frame.height - nulls[name] for name in _TEXTS)
    return (
        frame.height == lines.count(b"\n") + 1
        and sum(nulls.values()) == lines.count(b"null")
        and texts * 2 == lines.count(b'"')
        and isfinite(sum(frame[name].sum() for name in _FLOATS))
        and (separator == b"," or lines.count(separator) == frame.height * (frame.width - 1))
    )
