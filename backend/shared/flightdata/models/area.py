"""A box on the globe, also across the antimeridian."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from flightdata.models.units import Degrees

Latitude = Annotated[Degrees, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[Degrees, Field(ge=-180, le=180, allow_inf_nan=False)]


class Area(BaseModel):
    """All points with lamin ≤ latitude ≤ lamax and longitude from lomin eastwards to lomax, edges included.

    `lomin > lomax` crosses the antimeridian: `Area(lomin=170, lomax=-170)` is 20 degrees wide.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lamin: Latitude = -90.0
    lamax: Latitude = 90.0
    lomin: Longitude = -180.0
    lomax: Longitude = 180.0

    @model_validator(mode="after")
    def _south_before_north(self) -> Self:
        if self.lamin > self.lamax:
            raise ValueError(f"lamin ({self.lamin}) is north of lamax ({self.lamax})")
        return self

    @property
    def longitude_spans(self) -> tuple[tuple[Degrees, Degrees], ...]:
        """The box as one or, across the antimeridian, two ranges (west, east) with west ≤ east."""
        if self.lomin <= self.lomax:
            return ((self.lomin, self.lomax),)
        return ((self.lomin, 180.0), (-180.0, self.lomax))

    def contains(self, latitude: Degrees, longitude: Degrees) -> bool:
        return self.lamin <= latitude <= self.lamax and any(
            west <= longitude <= east for west, east in self.longitude_spans
        )
