"""Moments as people write them."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from flightdata.models.units import EpochSeconds

_LAST: EpochSeconds = 253_402_300_799
"""9999-12-31T23:59:59Z"""


def parse_moment(text: str) -> EpochSeconds:
    """Seconds since 1970, or ISO 8601 (UTC unless it says otherwise). Raises ValueError."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("seconds since 1970 are wanted, or a time such as 2026-05-08T12:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _parsed(value: object) -> object:
    return parse_moment(value) if isinstance(value, str) else value


_WRITTEN = {"anyOf": [{"type": "number", "minimum": 0, "maximum": _LAST}, {"type": "string", "format": "date-time"}]}

Moment = Annotated[
    EpochSeconds, BeforeValidator(_parsed), Field(ge=0, le=_LAST, allow_inf_nan=False), WithJsonSchema(_WRITTEN)
]
