"""Recordings on disk as frames: one recorded answer each, with its time.

| file | frames |
| --- | --- |
| `*.json` | one: the whole file (OpenSky, readsb, v2, a trace) |
| `*.jsonl`, `*.ndjson` | one a line; of flat points, one for up to 5,000 consecutive ones |
| either with `.gz` or `.zst` | the same |
| a folder | those of the files below it, oldest first |
"""

import io
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from flightdata.errors import NotFound
from flightdata.models.units import EpochSeconds
from flightdata.utils.logs import logger

log = logger(__name__)

_DOCUMENT = {".json"}
_LINES = {".jsonl", ".ndjson"}
_PACKED = {".gz", ".zst"}

_TIME = re.compile(rb'"(?:time|now|timestamp)"\s*:\s*(\d+(?:\.\d+)?)')
_POINT = re.compile(rb'^\s*\{(?!.*"(?:aircraft|ac|states|trace)"\s*:).*"hex"\s*:')
_POINTS_A_FRAME = 5_000
_LONGEST_POINT = 4_096
_HEAD = 1 << 16
_MILLISECONDS = 1e11
_LATEST: EpochSeconds = 253_402_300_000  # the year 9999, where datetime ends


@dataclass(frozen=True)
class Frame:
    """One recorded answer; `time` is its own, or that of its neighbours when it has none. `end`: how many bytes of
    the file were read for it.
    """

    time: EpochSeconds
    body: bytes = field(repr=False)
    end: int = 0


def recordings(paths: Sequence[Path]) -> list[Path]:
    """The files that `paths` (files and folders) stand for, oldest first. Raises NotFound for a path without any."""
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_file():
            found = [path]
        else:
            found = sorted(one for one in path.rglob("*") if one.is_file() and _is_recording(one))
        if not found:
            raise NotFound(
                f"{path}: no recording there (*.json, *.jsonl, *.ndjson, also .gz and .zst)"
                if path.exists()
                else f"{path}: no such file or folder"
            )
        files |= dict.fromkeys(found)
    return sorted(files, key=lambda file: (_first_time(file), file.name))


def frames(file: Path) -> Iterator[Frame]:
    """The frames of one file, in the order recorded. What cannot be decompressed ends the file with what there is."""
    time = file.stat().st_mtime
    with file.open("rb") as raw, _unpacked(raw, file.suffix) as stream:
        for body in _grouped(_lines(stream)) if _kind(file) in _LINES else [stream.read()]:
            time = _time_of(body, time)
            yield Frame(time, body, raw.tell())


def _is_recording(path: Path) -> bool:
    return _kind(path) in _DOCUMENT | _LINES


def _kind(path: Path) -> str:
    name = path.with_suffix("") if path.suffix in _PACKED else path
    return name.suffix


def _first_time(file: Path) -> EpochSeconds:
    with file.open("rb") as raw, _unpacked(raw, file.suffix) as stream:
        head = stream.read(_HEAD)
    match = _TIME.search(head)
    if match is None or match[0].startswith(b'"timestamp"'):  # a trace, whose time is that of its end
        return next((frame.time for frame in frames(file)), 0.0)
    return _time_of(head, None)


def _unpacked(raw: BinaryIO, suffix: str) -> io.BufferedReader | BinaryIO:
    """What is packed in `raw`, up to where it is damaged."""
    if suffix == ".gz":
        return io.BufferedReader(_Chunks(_gunzipped(raw)))
    if suffix == ".zst":
        return io.BufferedReader(_Chunks(_unzstd(raw)))
    return raw


class _Chunks(io.RawIOBase):
    """An iterator of bytes as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or next((chunk for chunk in self._chunks if chunk), b"")
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


def _gunzipped(raw: BinaryIO) -> Iterator[bytes]:
    member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        while packed := raw.read(_HEAD):
            while packed:
                yield member.decompress(packed)
                packed = member.unused_data
                if member.eof:
                    member = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    except zlib.error as error:
        log.warning("the file is damaged; what can be read of it is taken", reason=str(error))


def _unzstd(raw: BinaryIO) -> Iterator[bytes]:
    import zstandard  # noqa: PLC0415, 10 MB that the API function does without

    reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True, closefd=False)
    try:
        while chunk := reader.read(_HEAD):
            yield chunk
    except zstandard.ZstdError as error:
        log.warning("the file is damaged; what can be read of it is taken", reason=str(error))


def _lines(stream: io.BufferedReader | BinaryIO) -> Iterator[bytes]:
    return (stripped for line in stream if (stripped := line.strip()))


def _grouped(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Lines as they are, but flat points (about one a second and aircraft) many at a time."""
    for line in lines:
        if len(line) < _LONGEST_POINT and _POINT.match(line):
            yield b"\n".join([line, *islice(lines, _POINTS_A_FRAME - 1)])
        else:
            yield line


def _time_of(body: bytes, otherwise: EpochSeconds | None) -> EpochSeconds:
    """The time that the body says; of points and traces the last one."""
    match = _TIME.search(body)
    time = float(match[1]) if match else None
    if match and b"\n" in body and _POINT.match(body):
        time = max(float(one[1]) for one in _TIME.finditer(body))
    elif match and match[0].startswith(b'"timestamp"'):
        time = _end_of_trace(body, float(match[1]))
    if time is not None and time > _MILLISECONDS:
        time /= 1000
    if time is None or time > _LATEST:
        return otherwise or 0.0
    return time


def _end_of_trace(body: bytes, start: EpochSeconds) -> EpochSeconds:
    try:
        return start + float(orjson.loads(body)["trace"][-1][0])
    except (orjson.JSONDecodeError, LookupError, TypeError, ValueError):
        return start
