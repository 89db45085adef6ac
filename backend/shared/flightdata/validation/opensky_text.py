"""OpenSky's rows read as what their text nearly is, comma-separated values: half the work of going through objects.

`],[` between two rows is read as the end of a line and the beginning of the next: with `]` for the end of a line, each
line is `,["3c6444",…`, of which the first value is empty and the second keeps its bracket. No pass over the text
is needed to make it CSV.

`read` gives up (None) wherever the text might mean something else as JSON than as CSV: escapes, nested lists, other
widths, a comma in a name, a string where a number belongs. The decoder then reads the answer as JSON. Where it does
not give up on valid JSON, both ways see the same table; the tests hold them against each other. It is not a JSON
validator: spellings of numbers that JSON forbids (`+1`, `01`) pass.

Quotes mean nothing to the CSV parser here: a text keeps its own, by which it is told from a number, and a number in
quotes is none.
"""

from math import isfinite
from typing import Any

import orjson
import polars as pl

from flightdata.validation.columns import CODE, TEXT
from flightdata.validation.decoded import WHITE_SPACE
from flightdata.validation.opensky import COLUMNS

_OPEN, _CLOSE = b"[[", b"]]"
_UNIT = b"\x1f"
"""Stands for `, ` where values are written with blanks between them; a comma in a name is then no separator."""

_ESCAPED, _LETTER = rb"\u00f4", "ô".encode()
"""The only escape in recorded answers: Côte d'Ivoire."""

_BEFORE = "before"
_SCHEMA: dict[str, pl.DataType] = {
    _BEFORE: pl.String(),
    **{column[0] if column else "sensors": column[1].dtype if column else pl.String() for column in COLUMNS},
    "category": CODE.dtype,
}
_LAST = len(COLUMNS)
"""The place in `_SCHEMA` of the last column that each row has."""
_FLOATS = [name for name, dtype in _SCHEMA.items() if dtype == pl.Float64]
_TEXTS = [column[0] for column in COLUMNS if column and column[1] is TEXT]
_QUOTED = pl.all_horizontal(
    pl.col("icao24").str.starts_with('["').all(ignore_nulls=False),
    pl.col(_TEXTS[1:]).str.starts_with('"').all(),
    pl.col(_TEXTS).str.ends_with('"').all(),
    pl.col(_TEXTS[1:]).str.len_bytes().min() > 1,
    pl.col("icao24").str.len_bytes().min() > 2,  # noqa: PLR2004, the bracket and two quotes
)

PADDING = '["' + WHITE_SPACE
"""What stands around the texts of the table."""


def read(body: bytes) -> tuple[dict[str, Any], pl.DataFrame] | None:
    """The answer without its rows, and the rows with the columns of a row of 17 or 18; None: ask the JSON parser.

    Texts have PADDING around them: to take it off here would be a pass of its own.
    """
    text = body.replace(_ESCAPED, _LETTER) if b"\\" in body else body
    start, end = text.find(_OPEN), text.rfind(_CLOSE)
    if start < 0 or end < start or b"\\" in text or _UNIT in text or b"\n" in text:
        return None
    try:
        envelope = orjson.loads(text[:start] + b"[]" + text[end + len(_CLOSE) :])
    except orjson.JSONDecodeError:
        return None
    if not isinstance(envelope, dict) or envelope.get("states") != []:
        return None
    frame = _table(text, start + 1, end)
    return None if frame is None else (envelope, frame)


def _table(text: bytes, start: int, end: int) -> pl.DataFrame | None:
    """The rows in `text` between the bracket that opens the first one and the one that closes the last one."""
    spaced = text.count(b", ", start, text.find(b"]", start)) >= len(COLUMNS) - 1
    separator = _UNIT if spaced else b","
    lines = separator + (text[start:end].replace(b", ", _UNIT) if spaced else memoryview(text)[start:end])
    width = lines[: lines.find(b"]")].count(separator) + 1
    if not _LAST < width <= len(_SCHEMA):
        return None
    try:
        frame = pl.read_csv(
            lines,
            has_header=False,
            separator=separator.decode(),
            eol_char="]",
            quote_char=None,
            null_values="null",
            schema=dict(list(_SCHEMA.items())[:width]),
            infer_schema=False,
        )
    except pl.exceptions.PolarsError:
        return None
    return frame if _is_exact(frame, lines.count(separator + b"null")) else None


def _is_exact(frame: pl.DataFrame, nulls: int) -> bool:
    """Whether each line is a row, each null stands in the text, each text is in quotes and each number is one."""
    return (
        frame[_BEFORE].null_count() == frame["sensors"].null_count() == frame.height
        and sum(column.null_count() for column in frame.iter_columns()) == nulls + frame.height
        and isfinite(sum(frame[name].sum() for name in _FLOATS))
        and bool(frame.select(_QUOTED).item())
    )
