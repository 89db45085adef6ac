"""Which states of the past are asked for."""

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from flightdata.models.area import Area, Latitude, Longitude
from flightdata.models.moment import Moment
from flightdata.models.polygon import parse_polygon
from flightdata.models.region import Circle, Region
from flightdata.models.search import Icao24
from flightdata.models.units import EpochSeconds, Metres, Seconds

_USUAL_RANGE: Seconds = 3600
_EDGES = ("lamin", "lamax", "lomin", "lomax")
_CIRCLE = ("lat", "lon", "radius")


@dataclass(frozen=True)
class Selection:
    """States with start ≤ last_contact < end, in `region` (None: anywhere, also without position), with
    altitude_min ≤ barometric altitude ≤ altitude_max (on the ground, where it is mostly unknown, it counts as 0),
    of `icao24` (empty: all).
    """

    start: EpochSeconds
    end: EpochSeconds
    region: Region | None = None
    altitude_min: Metres | None = None
    altitude_max: Metres | None = None
    icao24: tuple[str, ...] = ()


def _one_polygon(text: str) -> str:
    parse_polygon(text)
    return text


class HistorySearch(BaseModel):
    """A selection as clients write it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begin: Moment | None = Field(None, description="first moment: s since 1970 or ISO 8601; an hour before `end`")
    end: Moment | None = Field(None, description="moment after the last: s since 1970 or ISO 8601; now")
    lamin: Latitude | None = Field(None, description="southern edge of a box, °")
    lamax: Latitude | None = Field(None, description="northern edge, °")
    lomin: Longitude | None = Field(None, description="western edge, °")
    lomax: Longitude | None = Field(
        None, description="eastern edge, °; less than `lomin`: the box crosses the antimeridian"
    )
    lat: Latitude | None = Field(None, description="centre of a circle, °")
    lon: Longitude | None = Field(None, description="centre of a circle, °")
    radius: Annotated[float, Field(gt=0, le=20_100)] | None = Field(None, description="of the circle, km")
    polygon: Annotated[str, BeforeValidator(_one_polygon), Field(max_length=40_000)] | None = Field(
        None, description="`lon,lat;lon,lat;…` or a GeoJSON Polygon of one ring; edges go the shorter way round"
    )
    altitude_min: float | None = Field(None, description="lowest barometric altitude, m", allow_inf_nan=False)
    altitude_max: float | None = Field(None, description="highest barometric altitude, m", allow_inf_nan=False)
    icao24: list[Icao24] = Field([], description="only these aircraft (repeatable)", max_length=1000)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        circle = [name for name in _CIRCLE if getattr(self, name) is not None]
        if circle and len(circle) < len(_CIRCLE):
            raise ValueError("lat, lon and radius belong together")
        kinds = [bool(circle), self.polygon is not None, any(getattr(self, edge) is not None for edge in _EDGES)]
        if sum(kinds) > 1:
            raise ValueError("ask for a box, a circle or a polygon, not for several")
        if self.lamin is not None and self.lamax is not None and self.lamin > self.lamax:
            raise ValueError(f"lamin ({self.lamin}) is north of lamax ({self.lamax})")
        if self.altitude_min is not None and self.altitude_max is not None and self.altitude_min > self.altitude_max:
            raise ValueError("altitude_min is above altitude_max")
        return self

    def selection(self, now: EpochSeconds) -> Selection:
        """What is meant at `now`. Raises ValueError if the time range is none."""
        start, end = time_range(self.begin, self.end, now, usual=_USUAL_RANGE)
        return Selection(start, end, self._region(), self.altitude_min, self.altitude_max, tuple(self.icao24))

    def _region(self) -> Region | None:
        if self.polygon is not None:
            return parse_polygon(self.polygon)
        if self.lat is not None and self.lon is not None and self.radius is not None:
            return Circle(self.lat, self.lon, self.radius * 1000)
        box = {edge: value for edge in _EDGES if (value := getattr(self, edge)) is not None}
        return Area(**box) if box else None


def time_range(
    begin: EpochSeconds | None, end: EpochSeconds | None, now: EpochSeconds, *, usual: Seconds
) -> tuple[EpochSeconds, EpochSeconds]:
    """From `begin`, or `usual` seconds before the end, to `end`, or now. Raises ValueError if nothing is between."""
    last = now if end is None else end
    first = begin if begin is not None else max(0.0, last - usual)
    if first >= last:
        raise ValueError(f"begin ({first:.0f}) is not before end ({last:.0f})")
    return first, last
