"""A receiver: the `aircraft.json` of readsb, dump1090-fa or tar1090, from its web server or as a file.

The file has `now` and the list `aircraft`; see `validation.readsb`. Its writer renames a new one into its place about
every second, so whoever opens it reads all of one version.
Source: https://github.com/wiedehopf/readsb/blob/dev/README-json.md
"""

from pathlib import Path

from flightdata.clients.receiver.address import Address, name_of
from flightdata.clients.receiver.pace import Pace
from flightdata.clients.receiver.places import Below, File, Page
from flightdata.clients.receiver.source import Place, Receiver
from flightdata.errors import ConfigurationError
from flightdata.ports import Clock
from flightdata.utils.http import Http


def readsb(address: str, *, clock: Clock, http: Http, pace: Pace) -> Receiver:
    """The source `readsb:URL` or `readsb:PATH`. Raises ConfigurationError for an address that cannot work."""
    if "://" in address:
        url = Address.parse(address)
        exact = url.has_query or url.path.endswith(".json")
        place: Place = Page(url, http) if exact else Below(url, http)
        return Receiver(name_of("readsb", url.host + url.path), [place], clock=clock, pace=pace)
    if not address or "@" in address:
        raise ConfigurationError("readsb: a URL (http://host/path) or the path of a file is wanted")
    file = File(Path(address).expanduser())
    return Receiver(name_of("readsb", file.shown), [file], clock=clock, pace=pace)
