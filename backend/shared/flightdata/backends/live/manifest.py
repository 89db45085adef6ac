"""The manifest of the live picture on DynamoDB: which publication counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from flightdata.models.units import EpochSeconds

Attributes = Mapping[str, Mapping[str, Any]]
"""As DynamoDB has them: `{"version": {"N": "7"}, …}`."""

_NAMES = ("version", "content", "chunks")
_LONG_AGO = {"N": "0"}


@dataclass(frozen=True)
class Manifest:
    """`version`, in `chunks` items under the name `content`, as the difference to what is under `based_on` since
    `based_at`; that is `content` itself where it is whole.
    """

    version: int
    content: str
    chunks: int
    based_on: str
    based_at: EpochSeconds

    @classmethod
    def of(cls, item: Attributes) -> Self:
        """Raises ValueError if it is damaged."""
        try:
            version, content, chunks = int(item["version"]["N"]), item["content"]["S"], int(item["chunks"]["N"])
            base, at = item.get("based_on", item["content"])["S"], float(item.get("based_at", _LONG_AGO)["N"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        found = cls(version, content, chunks, base, at)
        if version < 1 or chunks < 1 or not (content and base):
            raise ValueError(f"this cannot be: {found}")
        return found

    @property
    def attributes(self) -> Attributes:
        return {
            "version": {"N": str(self.version)},
            "content": {"S": self.content},
            "chunks": {"N": str(self.chunks)},
            "based_on": {"S": self.based_on},
            "based_at": {"N": repr(self.based_at)},
        }


def unchanged(item: Attributes) -> tuple[str, Attributes]:
    """The condition that the manifest is still what it was, damaged or not or not there, and the values in it."""
    there = [name for name in _NAMES if name in item]
    told = [f"{name} = :seen_{name}" if name in there else f"attribute_not_exists({name})" for name in _NAMES]
    return " AND ".join(told), {f":seen_{name}": item[name] for name in there}
