"""What a client may ask of the live picture."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from flightdata.models.area import Area

_ICAO24 = re.compile(r"~?[0-9a-f]{6}")


def _icao24(value: str) -> str:
    lower = value.strip().lower()
    if not _ICAO24.fullmatch(lower):
        raise ValueError("six hex digits are wanted, with ~ in front of a non-ICAO address")
    return lower


Icao24 = Annotated[
    str,
    AfterValidator(_icao24),
    Field(
        description="ICAO 24-bit address, 6 hex digits; `~` in front of a non-ICAO one",
        json_schema_extra={"pattern": "^~?[0-9a-fA-F]{6}$"},
    ),
]
"""In lower case once it is validated."""


class FlightSearch(BaseModel):
    """A page of live states: those in `area` (None: anywhere, also without position), of any of `icao24`
    (empty: all), whose callsign begins with `callsign`, in the order of icao24, after the one named by `cursor`.
    `limit` None: a page of the usual size.
    """

    model_config = ConfigDict(frozen=True)

    area: Area | None = None
    icao24: tuple[Icao24, ...] = ()
    callsign: str | None = None
    limit: int | None = Field(default=None, ge=1)
    cursor: Icao24 | None = None
