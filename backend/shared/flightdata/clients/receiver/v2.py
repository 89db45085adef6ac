"""The v2 API, as adsb.lol, airplanes.live, adsb.fi and ADS-B Exchange speak it: circles, or whatever an address says.

An answer has `now` in ms, the list `ac`, and `msg`, which is "No error" unless there is one; see `validation.readsb`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flightdata.clients.receiver.address import Address, name_of
from flightdata.clients.receiver.pace import Pace
from flightdata.clients.receiver.places import Page
from flightdata.clients.receiver.source import Receiver
from flightdata.errors import ConfigurationError
from flightdata.ports import Clock
from flightdata.utils.http import Http

LARGEST_RADIUS = 250
"""In nautical miles, as these services have it."""

_USUAL = "/v2/point/{lat}/{lon}/{radius}"
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_CIRCLE = re.compile(rf"(?P<lat>{_NUMBER}),(?P<lon>{_NUMBER}),(?P<radius>\d+)")
_POINT_PATH = re.compile(rf"/point/(?P<lat>{_NUMBER})/(?P<lon>{_NUMBER})/(?P<radius>\d+)/?$")


@dataclass(frozen=True)
class Circle:
    """All within `radius` nautical miles of a point in degrees. The texts are as they were given."""

    lat: str
    lon: str
    radius: str

    def __post_init__(self) -> None:
        if abs(float(self.lat)) > 90 or abs(float(self.lon)) > 180:  # noqa: PLR2004, degrees
            raise ConfigurationError(f"v2: there is no place at latitude {self.lat}, longitude {self.lon}")
        if not 1 <= int(self.radius) <= LARGEST_RADIUS:
            raise ConfigurationError(f"v2: a radius is 1 to {LARGEST_RADIUS} nautical miles, not {self.radius}")

    def fill(self, template: str) -> str:
        """`template` with the numbers at `{lat}`, `{lon}` and `{radius}`."""
        return template.replace("{lat}", self.lat).replace("{lon}", self.lon).replace("{radius}", self.radius)

    @property
    def shown(self) -> str:
        north, east = float(self.lat), float(self.lon)
        return f"{abs(north):g}{'n' if north >= 0 else 's'}{abs(east):g}{'e' if east >= 0 else 'w'}{self.radius}nm"


def v2(address: str, *, clock: Clock, http: Http, pace: Pace) -> Receiver:
    """The source `v2:URL` or `v2:URL#LAT,LON,RADIUS+…`. Raises ConfigurationError for what cannot work.

    Circles are asked for in turn, one at each time that is due, so that the pace is that of the service.
    """
    url = Address.parse(address)
    circles = _circles(url)
    if not circles:
        if url.path == "/":
            raise ConfigurationError(
                f"v2: say which part of the sky, such as v2:https://{url.host}#48.7,2.4,100 (latitude, longitude, "
                "nautical miles), or the whole path, such as /v2/mil"
            )
        return Receiver(name_of("v2", url.host + url.path), [Page(url, http)], clock=clock, pace=pace)
    template = _template(url.path)
    pages = [Page(url.with_path(circle.fill(template)), http) for circle in circles]
    return Receiver(_name(url, template, circles), pages, clock=clock, pace=pace)


def _circles(url: Address) -> Sequence[Circle]:
    if not url.fragment:
        found = _POINT_PATH.search(url.path)
        return [Circle(**found.groupdict())] if found else []
    found_all = [_CIRCLE.fullmatch(text.strip()) for text in url.fragment.split("+")]
    if None in found_all:
        raise ConfigurationError(
            "v2: what stands behind the # are circles, LAT,LON,RADIUS with + between them, such as #48.7,2.4,100"
        )
    return [Circle(**found.groupdict()) for found in found_all if found]


def _template(path: str) -> str:
    """The path of a circle. One that was given without places for its numbers is where `/point/…` is."""
    if "{" in path:
        return path
    base = _POINT_PATH.sub("", path).rstrip("/")
    return f"{base}/point/{{lat}}/{{lon}}/{{radius}}" if base else _USUAL


def _name(url: Address, template: str, circles: Sequence[Circle]) -> str:
    base = template.removesuffix("/point/{lat}/{lon}/{radius}").removesuffix("/v2").replace("{", "").replace("}", "")
    return name_of("v2", f"{url.host}{base}/{'/'.join(circle.shown for circle in circles)}")
