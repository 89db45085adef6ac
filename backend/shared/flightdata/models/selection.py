"""Which states of the past are asked for."""

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from flightdata.models.contradiction import contradiction
from flightdata.models.moment import Moment
from flightdata.models.place import PlaceSearch
from flightdata.models.polygon import parse_polygon
from flightdata.models.region import Region
from flightdata.models.units import EpochSeconds, Metres, Seconds

_USUAL_RANGE: Seconds = 3600


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


class HistorySearch(PlaceSearch):
    """A selection as clients write it."""

    begin: Moment | None = Field(None, description="first moment: s since 1970 or ISO 8601; an hour before `end`")
    end: Moment | None = Field(None, description="moment after the last: s since 1970 or ISO 8601; now")
    polygon: Annotated[str, BeforeValidator(_one_polygon), Field(max_length=40_000)] | None = Field(
        None, description="`lon,lat;lon,lat;…` or a GeoJSON Polygon of one ring; edges go the shorter way round"
    )

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if self.polygon is not None and (self.circle or self.box):
            raise contradiction("polygon", "ask for a box, a circle or a polygon, not for several")
        return self

    def selection(self, now: EpochSeconds) -> Selection:
        """What is meant at `now`. Raises ValueError if the time range is none."""
        start, end = time_range(self.begin, self.end, now, usual=_USUAL_RANGE)
        return Selection(start, end, self._region(), self.altitude_min, self.altitude_max, tuple(self.icao24))

    def _region(self) -> Region | None:
        if self.polygon is not None:
            return parse_polygon(self.polygon)
        return self.circle or self.box


def time_range(
    begin: EpochSeconds | None, end: EpochSeconds | None, now: EpochSeconds, *, usual: Seconds
) -> tuple[EpochSeconds, EpochSeconds]:
    """From `begin`, or `usual` seconds before the end, to `end`, or now. Raises ValueError if nothing is between."""
    last = now if end is None else end
    first = begin if begin is not None else max(0.0, last - usual)
    if first >= last:
        raise ValueError(f"begin ({first:.0f}) is not before end ({last:.0f})")
    return first, last
