"""The gate that every answer of every source passes: it looks what the bytes are and has them decoded."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import orjson

from flightdata.models.snapshot import RawSnapshot
from flightdata.models.states import check_states
from flightdata.models.units import Seconds
from flightdata.validation import opensky, opensky_text, readsb, readsb_trace
from flightdata.validation.decoded import Decoded, Unreadable

CLOCK_TOLERANCE: Seconds = 300.0
"""How far a snapshot's own time may lie ahead of the moment it was received."""

_LONG = 200_000
"""Bytes from which on reading an answer as text is faster than as JSON (measured: 1,500 aircraft)."""
_LONGEST_EVIDENCE = 80


def decode(snapshot: RawSnapshot) -> Decoded:
    """The states in `snapshot`. Raises Unreadable when it is none, with the reason."""
    with _no_garbage_collection():
        decoded = _decode(snapshot)
    if decoded.time - snapshot.received_at > CLOCK_TOLERANCE:
        raise Unreadable("its time is ahead of the clock")
    check_states(decoded.states)
    return decoded


def _decode(snapshot: RawSnapshot) -> Decoded:
    if len(snapshot.body) >= _LONG and (table := opensky_text.read(snapshot.body)):
        return opensky.decode_table(*table, snapshot.source, opensky_text.PADDING)
    document, source = _parse(snapshot.body), snapshot.source
    latest = snapshot.received_at + CLOCK_TOLERANCE
    if isinstance(document, list):
        return readsb.decode_points(document, source, latest)
    if "states" in document:
        return opensky.decode(document, source)
    if "aircraft" in document or "ac" in document:
        return readsb.decode(document, source)
    if "trace" in document:
        return readsb_trace.decode(document, source, latest)
    if "hex" in document:
        return readsb.decode_points([document], source, latest)
    raise Unreadable("an error object" if "error" in document else "JSON, but no snapshot")


def _parse(body: bytes) -> dict[str, Any] | list[Any]:
    """A JSON object, or the list of the objects when there is one a line."""
    if not body.strip():
        raise Unreadable("empty")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return _parse_lines(body, error)
    if not isinstance(document, dict):
        raise Unreadable("JSON, but no snapshot")
    return document


def _parse_lines(body: bytes, error: orjson.JSONDecodeError) -> list[Any]:
    lines = body.splitlines()
    if len(lines) < 2 or not (lines[0].startswith(b"{") and lines[0].rstrip().endswith(b"}")):  # noqa: PLR2004, plural
        raise Unreadable(_what_else(body)) from error
    try:
        return [orjson.loads(line) for line in lines if line.strip()]
    except orjson.JSONDecodeError as line_error:
        raise Unreadable(_what_else(body)) from line_error


def _what_else(body: bytes) -> str:
    start = body[:_LONGEST_EVIDENCE].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<")):
        return "HTML"
    if start.startswith((b"{", b"[")):
        return "truncated or malformed JSON"
    return "no JSON"


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Parsing makes 200,000 objects that are no garbage; looking for some among them takes 30 % longer (measured).

    Several threads may be inside: the last one to leave puts it back as the first one found it.
    """
    with _collector.changing:
        if _collector.inside == 0:
            _collector.was_on = gc.isenabled()
            gc.disable()
        _collector.inside += 1
    try:
        yield
    finally:
        with _collector.changing:
            _collector.inside -= 1
            if _collector.inside == 0 and _collector.was_on:
                gc.enable()


@dataclass
class _Collector:
    changing: Lock = field(default_factory=Lock)
    inside: int = 0
    was_on: bool = True


_collector = _Collector()
