"""Where answers are: a page, the first of several pages that is there, a file."""

from pathlib import Path
from types import MappingProxyType

from flightdata.clients.receiver.address import Address
from flightdata.errors import Transient
from flightdata.utils.http import LIMIT, Answer, Http

_FILE = "aircraft.json"
_USUAL_PLACES = ("data/aircraft.json", "aircraft.json", "skyaware/data/aircraft.json")
_OK, _NOT_FOUND = 200, 404


class Page:
    """One address, as it is."""

    def __init__(self, address: Address, http: Http) -> None:
        self.shown = address.shown
        self.hide = address.hide
        self._address = address
        self._http = http

    def read(self) -> Answer:
        return self._http.get(self._address.secret)


class Below:
    """The first of the usual places below an address that has something, from then on always that one."""

    def __init__(self, address: Address, http: Http) -> None:
        self.shown = address.shown
        self.hide = address.hide
        base = address.path.rstrip("/")
        self._pages = [Page(address.with_path(f"{base}/{place}"), http) for place in _USUAL_PLACES]
        self._page: Page | None = None

    def read(self) -> Answer:
        return self._page.read() if self._page else self._look()

    def _look(self) -> Answer:
        """What is no JSON object may be a web server's page for what is not there."""
        other: Answer | None = None
        for page in self._pages:
            answer = page.read()
            if answer.status == _OK and answer.body.lstrip()[:1] == b"{":
                self._page, self.shown = page, page.shown
                return answer
            if answer.status != _NOT_FOUND:
                other = other or answer
        if other:
            return other
        raise Transient(f"there is no {' or '.join(_USUAL_PLACES)} below {self.shown}", kind="refused")


class File:
    """A file on this machine; a folder stands for the `aircraft.json` in it."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self.shown = str(self._path)

    def hide(self, text: str) -> str:
        return text

    def read(self) -> Answer:
        path = self._path / _FILE if self._path.is_dir() else self._path
        try:
            with path.open("rb") as file:
                body = file.read(LIMIT + 1)
        except OSError as error:
            raise Transient(f"{path}: {error.strerror}") from error
        if len(body) > LIMIT:
            raise Transient(f"{path} is larger than {LIMIT:,} bytes", kind="unreadable")
        return Answer(_OK, MappingProxyType({}), body)
