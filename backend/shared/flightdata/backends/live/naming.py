"""The name of a publication: something random, then the SHA-256 of what is shown and of what is carried.

Whoever has the name can tell whether what lies under it, wherever that is, are the bytes that were put there, before he
unpacks any of them: of damaged Parquet files some are read as other data, and some end the process.
Names that were given before 2026-11-25 are random only; what they name cannot be checked.
"""

from enum import IntEnum
from hashlib import sha256
from uuid import uuid4

_BETWEEN = "."


class Part(IntEnum):
    """Of a publication, as its name has them."""

    SHOWN = 1
    CARRIED = 2


def name(shown: bytes, carried: bytes) -> str:
    """A new one each time."""
    return _BETWEEN.join((uuid4().hex, sha256(shown).hexdigest(), sha256(carried).hexdigest()))


def is_checked(content: str) -> bool:
    """Whether the name says what the parts are."""
    return content.count(_BETWEEN) == len(Part)


def check(content: str, part: Part, packed: bytes) -> None:
    """Raises ValueError if `packed` is not that part of the publication `content`."""
    if is_checked(content) and sha256(packed).hexdigest() != content.split(_BETWEEN)[part]:
        raise ValueError(f"the checksum of {len(packed)} bytes is wrong")
