"""What a client may ask of the live picture."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from flightdata.models.area import Area
from flightdata.models.contradiction import check_range
from flightdata.models.flight import CALLSIGN
from flightdata.models.moment import Moment
from flightdata.models.region import Circle
from flightdata.models.units import EpochSeconds, Metres, MetresPerSecond

_ICAO24 = re.compile(r"~?[0-9a-f]{6}")
_CURSOR = re.compile(r"\d{1,12}(\.\d{1,9})?-~?[0-9a-f]{6}")
_SQUAWK = re.compile(r"[0-7]{4}")
_AIRPORT = re.compile(r"[0-9A-Z]{4}")


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


def _airport(value: str) -> str:
    upper = value.strip().upper()
    if not _AIRPORT.fullmatch(upper):
        raise ValueError("an ICAO code of four letters or digits is wanted")
    return upper


AirportCode = Annotated[
    str,
    AfterValidator(_airport),
    Field(description="ICAO code of an airport", json_schema_extra={"pattern": "^[0-9A-Za-z]{4}$"}),
]
"""In upper case once it is validated."""


def _callsign(value: str) -> str:
    stripped = value.strip()
    if not CALLSIGN.fullmatch(stripped):
        raise ValueError("a whole callsign of 1 to 8 letters and digits is wanted")
    return stripped.upper()


Callsign = Annotated[
    str,
    AfterValidator(_callsign),
    Field(description="whole callsign, in capitals or not", json_schema_extra={"pattern": "^[0-9A-Za-z]{1,8}$"}),
]
"""In upper case once it is validated."""


def _squawk(value: str) -> str:
    if not _SQUAWK.fullmatch(value):
        raise ValueError("four octal digits are wanted")
    return value


Squawk = Annotated[
    str,
    AfterValidator(_squawk),
    Field(description="four octal digits", json_schema_extra={"pattern": "^[0-7]{4}$"}),
]


def _sort(value: str) -> str:
    if value.removeprefix("-") not in SORTABLE:
        raise ValueError(f"one of {', '.join(SORTABLE)} is wanted, with - in front for the greatest first")
    return value


SORTABLE = (
    "icao24",
    "callsign",
    "registration",
    "typecode",
    "operator",
    "last_contact",
    "baro_altitude",
    "geo_altitude",
    "velocity",
    "vertical_rate",
)
"""Columns whose order a page may have."""

Sort = Annotated[
    str,
    AfterValidator(_sort),
    Field(json_schema_extra={"enum": [sign + name for name in SORTABLE for sign in ("", "-")]}),
]


def _place(value: str) -> str:
    icao24, colon, text = value.partition(":")
    return _icao24(icao24) + colon + text


FlightCursor = Annotated[str, AfterValidator(_place), Field(max_length=300)]
"""An icao24, and in another order than that of icao24 a colon and a value: see `pipeline.order`."""


class FlightSearch(BaseModel):
    """A page of live states, in the order of `sort` (None: icao24), after the one named by `cursor`. All conditions
    must hold; None is none.

    `area`, `circle`: in both, edges included; a state without position is in neither. `icao24`: any of these (empty:
    all). `callsign`: begins so. `departure`, `arrival`: ICAO codes of where it seems to come from and to go.
    `operator`: its name or the airline's ICAO code. Texts are compared without regard to capitals, `source` exactly.
    Altitudes are barometric, in m (`states.altitude`), velocities in m/s. `limit` None: a page of the usual size.
    """

    model_config = ConfigDict(frozen=True)

    area: Area | None = None
    circle: Circle | None = None
    icao24: tuple[Icao24, ...] = ()
    callsign: str | None = None
    registration: str | None = None
    typecode: str | None = None
    operator: str | None = None
    origin_country: str | None = None
    squawk: Squawk | None = None
    category: int | None = None
    on_ground: bool | None = None
    altitude_min: Metres | None = None
    altitude_max: Metres | None = None
    velocity_min: MetresPerSecond | None = None
    velocity_max: MetresPerSecond | None = None
    departure: AirportCode | None = None
    arrival: AirportCode | None = None
    source: str | None = None
    sort: Sort | None = None
    limit: int | None = Field(default=None, ge=1)
    cursor: FlightCursor | None = None


class FlownSearch(BaseModel):
    """A page of past flights with begin ≤ moment ≤ end (None: no bound, now), after the one named by `cursor`.

    A cursor is the moment and the icao24 of the last flight of the page before: `1700000000.0-abc123`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    begin: Moment | None = Field(default=None, description="s since 1970 or ISO 8601; without it, all there is")
    end: Moment | None = Field(default=None, description="s since 1970 or ISO 8601; now if left out")
    limit: int | None = Field(default=None, description="flights a page; 50, and at most MAX_PAGE_SIZE", ge=1)
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before", max_length=40)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_range("begin", "end", self.__dict__, wrong="is after")
        return self

    @field_validator("cursor")
    @classmethod
    def _readable(cls, value: str | None) -> str | None:
        if value is not None and not _CURSOR.fullmatch(value):
            raise ValueError("this is no next_cursor of a page")
        return value

    @property
    def after(self) -> tuple[EpochSeconds, str] | None:
        """The moment and the icao24 that the cursor names."""
        if self.cursor is None:
            return None
        moment, _, icao24 = self.cursor.partition("-")
        return float(moment), icao24

    @staticmethod
    def cursor_of(moment: EpochSeconds, icao24: str) -> str:
        return f"{moment!r}-{icao24}"
