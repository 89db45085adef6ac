"""What a client may ask of the live picture."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from flightdata.models.area import Area

Icao24 = Annotated[
    str,
    Field(
        pattern=r"^~?[0-9a-fA-F]{6}$",
        description="ICAO 24-bit address, 6 hex digits; `~` in front of a non-ICAO one",
    ),
]


class FlightSearch(BaseModel):
    """A page of live states: those in `area` (None: anywhere, also without position), of any of `icao24`
    (empty: all), whose callsign begins with `callsign`, in the order of icao24, after the one named by `cursor`.
    """

    model_config = ConfigDict(frozen=True)

    area: Area | None = None
    icao24: tuple[Icao24, ...] = ()
    callsign: str | None = None
    limit: int = Field(default=50, ge=1)
    cursor: Icao24 | None = None
