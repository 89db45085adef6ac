"""Values that do not go together."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError


def contradiction(parameter: str, reason: str) -> PydanticCustomError:
    """For a validator of a whole model: an error that names one of the parameters."""
    return PydanticCustomError("contradiction", "{reason}", {"reason": reason, "parameter": parameter})


def check_range(least: str, most: str, given: Mapping[str, Any], *, wrong: str = "is above") -> None:
    """Raises a contradiction if the value named `least` is greater than the one named `most`; None is no bound."""
    low, high = given[least], given[most]
    if low is not None and high is not None and low > high:
        raise contradiction(least, f"{least} ({low}) {wrong} {most} ({high})")
