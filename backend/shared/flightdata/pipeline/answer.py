"""An answer with what is kept of it, and the bytes in which functions hand it to each other.

| bytes | |
| --- | --- |
| 4 | `FDA1`: this layout |
| 4 | CRC-32 of the key it is kept under and all that follows |
| 8 | when it ends, s since 1970 (float) |
| 1 | 1: it is settled, 2: the body is gzip |
| 2, 4 | lengths of the tag and the headers |
| … | tag; headers as a JSON object; body |

Numbers are big-endian.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import orjson

from flightdata.models.units import EpochSeconds

_MAGIC = b"FDA1"
_HEAD = struct.Struct(">4sI")
_ABOUT = struct.Struct(">dBHI")
_SETTLED, _GZIP = 1, 2
_LEVEL = 1
"""A page of 1,000 aircraft (532 KB): 63 KB in 3 ms; level 6: 48 KB in 10 ms."""
_WORTH = 1024
"""Smaller bodies fit into a packet as they are."""
_BITS = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Written:
    """What a stage has to say. `headers`: what HTTP tells beside the body; `packs`: it is text, which gzip shortens."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    packs: bool = True


class Answer:
    """`tag` names what it says; empty: it has no name. Until the moment `ends` copies of it are kept, and if it is
    `settled` they may be used without asking.

    It has a body or one packed with gzip; the other is made of it once, when somebody wants it.
    """

    def __init__(  # noqa: PLR0913, its parts
        self,
        tag: str,
        ends: EpochSeconds,
        *,
        settled: bool = False,
        body: bytes | None = None,
        packed: bytes | None = None,
        packs: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.tag = tag
        self.ends = ends
        self.settled = settled
        self.headers = headers or {}
        self._packs = packs
        if body is not None:
            self.body = body
        if packed is not None or body is None:
            self.packed = packed

    @cached_property
    def body(self) -> bytes:
        return zlib.decompress(self.packed or b"", _BITS)

    @cached_property
    def packed(self) -> bytes | None:
        """The body as gzip, None where that is not worth it."""
        if not self._packs or len(self.body) < _WORTH:
            return None
        packed = zlib.compress(self.body, _LEVEL, _BITS)
        return packed if len(packed) < len(self.body) else None

    @property
    def slow(self) -> bool:
        """Whether it takes more than a millisecond to pack."""
        return "packed" not in self.__dict__ and self._packs and len(self.body) > 100 * _WORTH

    @property
    def size(self) -> int:
        """Bytes of memory, once both are there, at most."""
        known = self.__dict__
        packed = known.get("packed", self.body if self._packs else None) or b""
        body = len(self.body) if "body" in known else int.from_bytes(packed[-4:], "little")  # as gzip ends
        return body + len(packed)

    def to_bytes(self, key: str) -> bytes:
        tag, headers = self.tag.encode(), orjson.dumps(dict(self.headers)) if self.headers else b""
        flags = _SETTLED * self.settled | _GZIP * (self.packed is not None)
        about = _ABOUT.pack(self.ends, flags, len(tag), len(headers))
        rest = b"".join((about, tag, headers, self.body if self.packed is None else self.packed))
        return _HEAD.pack(_MAGIC, _checksum(key, rest)) + rest

    @classmethod
    def from_bytes(cls, key: str, kept: bytes) -> "Answer":
        """What `to_bytes` made for this key. Raises ValueError for anything else."""
        if len(kept) < _HEAD.size + _ABOUT.size:
            raise ValueError("too short for an answer")
        magic, checksum = _HEAD.unpack_from(kept)
        rest = kept[_HEAD.size :]
        if magic != _MAGIC or checksum != _checksum(key, rest):
            raise ValueError("no answer to this question")
        ends, flags, tag, headers = _ABOUT.unpack_from(rest)
        start = _ABOUT.size + tag
        body = rest[start + headers :]
        return cls(
            rest[_ABOUT.size : start].decode(),
            ends,
            settled=bool(flags & _SETTLED),
            body=None if flags & _GZIP else body,
            packed=body if flags & _GZIP else None,
            packs=False,
            headers=orjson.loads(rest[start : start + headers]) if headers else None,
        )


def _checksum(key: str, rest: bytes) -> int:
    return zlib.crc32(rest, zlib.crc32(key.encode()))
