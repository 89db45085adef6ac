"""Which part of the world is asked for, in as many requests as that takes, and what they cost.

`47,49,1,4` is a box: south, north, west, east in degrees (OpenSky's lamin, lamax, lomin, lomax), and
`47,49,1,4/-20,-15,177,-178` are two. West > east crosses the antimeridian, where OpenSky finds nothing: such a box is
cut in two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from flightdata.errors import ConfigurationError
from flightdata.models.area import Area

GLOBE = "globe"
GLOBE_PRICE = 4

_PRICES = ((25.0, 1), (100.0, 2), (400.0, 3))
"""Credits of one `/states/all`, by square degrees at most."""


@dataclass(frozen=True)
class Request:
    """One `/states/all`: its query and its price in credits."""

    query: Mapping[str, str]
    price: int


def boxes(text: str) -> tuple[Area, ...]:
    """The boxes that `text` names; none for the globe. Raises ConfigurationError."""
    if text in ("", GLOBE):
        return ()
    return tuple(_box(one) for one in text.split("/"))


def requests(areas: Sequence[Area]) -> tuple[Request, ...]:
    """What to ask for so that all of `areas` is answered: each box by itself, or the globe where that costs less."""
    pieces = [
        Request({"lamin": f"{area.lamin}", "lamax": f"{area.lamax}", "lomin": f"{west}", "lomax": f"{east}"}, price)
        for area in areas
        for west, east in area.longitude_spans
        for price in (price_of(area.lamax - area.lamin, east - west),)
    ]
    if not pieces or sum(piece.price for piece in pieces) > GLOBE_PRICE:
        return (Request({}, GLOBE_PRICE),)
    return tuple(pieces)


def in_words(areas: Sequence[Area], asked: Sequence[Request]) -> str:
    """What is asked for, for people."""
    if not areas:
        return "the globe"
    count = "1 box" if len(areas) == 1 else f"{len(areas)} boxes"
    if not asked[0].query:
        return f"the globe, cheaper than {count}"
    size = sum((area.lamax - area.lamin) * (east - west) for area in areas for west, east in area.longitude_spans)
    return f"{count} of {size:,.0f} square degrees"


def price_of(height: float, width: float) -> int:
    """Credits of a box of these degrees."""
    return next((price for most, price in _PRICES if height * width <= most), GLOBE_PRICE)


def _box(text: str) -> Area:
    try:
        lamin, lamax, lomin, lomax = map(float, text.split(","))
        return Area(lamin=lamin, lamax=lamax, lomin=lomin, lomax=lomax)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = f"{first['loc'][0]}: " if first["loc"] else ""
        raise ConfigurationError(f"opensky box {text!r}: {where}{first['msg']}") from error
    except ValueError as error:
        raise ConfigurationError(
            f"opensky box {text!r}: a box is south,north,west,east in degrees, as in opensky:47,49,1,4;"
            " several have / between them"
        ) from error
