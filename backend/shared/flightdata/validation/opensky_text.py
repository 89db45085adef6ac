"""OpenSky's rows read as what their text nearly is, comma-separated values: half the work of going through objects.

`read` gives up (None) wherever the text might mean something else as JSON than as CSV: escapes, nested lists, other
widths, a string where a number belongs. The decoder then reads the answer as JSON. Where it does not give up on valid
JSON, both ways see the same table; the tests hold them against each other. It is not a JSON validator: spellings of
numbers that JSON forbids (`+1`, `01`) pass.

Quotes mean nothing to the CSV parser here: a text keeps its own, by which it is told from a number, and a number in
quotes is none.
"""

from math import isfinite
from typing import Any

import orjson
import polars as pl

from flightdata.validation.columns import CODE, TEXT
from flightdata.validation.opensky import COLUMNS

_OPEN, _CLOSE = b"[[", b"]]"
_BLANKS = b", "
_UNIT = b"\x1f"
"""Stands for `, ` meanwhile: between values, where they are written with blanks; else inside a name."""

_SCHEMA: dict[str, pl.DataType] = {
    **{column[0] if column else "sensors": column[1].dtype if column else pl.String() for column in COLUMNS},
    "category": CODE.dtype,
}
_FLOATS = [name for name, dtype in _SCHEMA.items() if dtype == pl.Float64]
_TEXTS = [column[0] for column in COLUMNS if column and column[1] is TEXT]


def read(body: bytes) -> tuple[dict[str, Any], pl.DataFrame] | None:
    """The answer without its rows, and the rows with the columns of a row of 17 or 18; None: ask the JSON parser."""
    start, end = body.find(_OPEN), body.rfind(_CLOSE)
    if start < 0 or end < start or b"\\" in body or _UNIT in body:
        return None
    try:
        envelope = orjson.loads(body[:start] + b"[]" + body[end + len(_CLOSE) :])
    except orjson.JSONDecodeError:
        return None
    if not isinstance(envelope, dict) or envelope.get("states") != []:
        return None
    frame = _table(body[start + len(_OPEN) : end])
    return None if frame is None else (envelope, frame)


def _table(rows: bytes) -> pl.DataFrame | None:
    spaced = rows[: rows.find(b"]")].count(_BLANKS) >= len(COLUMNS) - 1
    separator = _UNIT if spaced else b","
    lines = rows.replace(_BLANKS, _UNIT).replace(b"]" + separator + b"[", b"\n")
    width = lines[: lines.find(b"\n")].count(separator) + 1 if b"\n" in lines else 0
    if not len(COLUMNS) <= width <= len(_SCHEMA) or b"[" in lines or b"]" in lines:
        return None
    try:
        frame = pl.read_csv(
            lines,
            has_header=False,
            separator=separator.decode(),
            quote_char=None,
            null_values="null",
            schema=dict(list(_SCHEMA.items())[:width]),
            infer_schema=False,
        )
    except pl.exceptions.PolarsError:
        return None
    if not _is_exact(frame, lines):
        return None
    texts = pl.col(_TEXTS).str.strip_chars('"')
    if not spaced and _UNIT in lines:
        texts = texts.str.replace_all(_UNIT.decode(), _BLANKS.decode(), literal=True)
    return frame.drop("sensors").with_columns(texts)


def _is_exact(frame: pl.DataFrame, lines: bytes) -> bool:
    """Whether each line and null of the text is accounted for, each text is in quotes and each number is one."""
    quoted = pl.col(_TEXTS).str.starts_with('"') & pl.col(_TEXTS).str.ends_with('"')
    return (
        frame.height == lines.count(b"\n") + 1
        and sum(column.null_count() for column in frame) == lines.count(b"null")
        and frame["sensors"].null_count() == frame.height
        and isfinite(sum(frame[name].sum() for name in _FLOATS))
        and bool(frame.select(pl.all_horizontal(quoted.all())).item())
    )
