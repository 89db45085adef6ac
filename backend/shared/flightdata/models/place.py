"""What a question about the past and one about the live picture have in common: where, how high, which aircraft."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from flightdata.models.area import Area, Latitude, Longitude
from flightdata.models.contradiction import check_range, contradiction
from flightdata.models.region import Circle
from flightdata.models.search import Icao24

_EDGES = ("lamin", "lamax", "lomin", "lomax")
_CIRCLE = ("lat", "lon", "radius")


class PlaceSearch(BaseModel):
    """As clients write it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lamin: Latitude | None = Field(None, description="southern edge of a box, °")
    lamax: Latitude | None = Field(None, description="northern edge, °")
    lomin: Longitude | None = Field(None, description="western edge, °")
    lomax: Longitude | None = Field(
        None, description="eastern edge, °; less than `lomin`: the box crosses the antimeridian"
    )
    lat: Latitude | None = Field(None, description="centre of a circle, °")
    lon: Longitude | None = Field(None, description="centre of a circle, °")
    radius: Annotated[float, Field(gt=0, le=20_100)] | None = Field(None, description="of the circle, km")
    altitude_min: float | None = Field(
        None, description="lowest barometric altitude, m; one on the ground without any is at 0", allow_inf_nan=False
    )
    altitude_max: float | None = Field(None, description="highest barometric altitude, m", allow_inf_nan=False)
    icao24: list[Icao24] = Field([], description="only these aircraft (repeatable)", max_length=1000)

    @model_validator(mode="after")
    def _is_a_place(self) -> Self:
        check_range("lamin", "lamax", self.__dict__, wrong="is north of")
        absent = [name for name in _CIRCLE if getattr(self, name) is None]
        if absent and len(absent) < len(_CIRCLE):
            raise contradiction(absent[0], "lat, lon and radius belong together")
        if self.circle and self.box:
            raise contradiction("radius", "ask for a box or for a circle (lat, lon, radius), not for both")
        check_range("altitude_min", "altitude_max", self.__dict__)
        return self

    @property
    def box(self) -> Area | None:
        given = {edge: value for edge in _EDGES if (value := getattr(self, edge)) is not None}
        return Area(**given) if given else None

    @property
    def circle(self) -> Circle | None:
        if self.lat is None or self.lon is None or self.radius is None:
            return None
        return Circle(self.lat, self.lon, self.radius * 1000)
