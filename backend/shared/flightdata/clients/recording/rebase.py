"""Recorded answers moved in time: every time in them is shifted, every age stays."""

from typing import Any

import orjson

from flightdata.models.units import Seconds

_TIME_POSITION, _LAST_CONTACT = 3, 4
_MILLISECONDS = 1e11


def shifted(body: bytes, by: Seconds) -> bytes:
    """`body` (OpenSky, readsb, v2, trace, flat points) `by` seconds later; as it is when it cannot be read."""
    try:
        if b"\n" in body and not _is_document(body):
            return b"\n".join(orjson.dumps(_shift(orjson.loads(line), by)) for line in body.splitlines())
        return orjson.dumps(_shift(orjson.loads(body), by))
    except (orjson.JSONDecodeError, TypeError, AttributeError):
        return body


def _is_document(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True


def _shift(document: dict[str, Any], by: Seconds) -> dict[str, Any]:
    for key in ("time", "now", "timestamp"):
        if key in document:
            document[key] = _later(document[key], by)
    states = document.get("states")
    for row in states if isinstance(states, list) else ():
        if isinstance(row, list) and len(row) > _LAST_CONTACT:
            for column in (_TIME_POSITION, _LAST_CONTACT):
                row[column] = _later(row[column], by)
    return document


def _later(time: Any, by: Seconds) -> Any:
    """Whole seconds stay whole, milliseconds stay milliseconds, what is no number stays what it is."""
    if type(time) not in (int, float):
        return time
    if time > _MILLISECONDS:
        by *= 1000
    return time + round(by) if isinstance(time, int) else round(time + by, 3)
