"""Addresses of receivers, and what of them may be shown: never a user's name and password, never a query."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from flightdata.errors import ConfigurationError
from flightdata.models.snapshot import source_name

_LONGEST_NAME = 60
_HOST = re.compile(r"[a-z0-9._:\[\]-]+")
_WELL_KNOWN = re.compile(r"(/data)?/aircraft\.json$|/$")


@dataclass(frozen=True)
class Address:
    """An http(s) address. `secret` is all of it, for the request; the rest may be told to anybody.

    `host` has the port, `path` begins with `/`. `fragment`: what stood behind a `#`, which no server is told.
    """

    secret: str = field(repr=False)
    host: str
    path: str
    fragment: str = ""
    has_query: bool = False

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Raises ConfigurationError, which does not repeat `text`."""
        try:
            parts = urlsplit(text.strip())
            right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            right = False
        host = parts.netloc.rpartition("@")[2].lower() if right else ""
        if not _HOST.fullmatch(host):
            raise ConfigurationError("the address of a receiver looks like http://host/path, with http:// or https://")
        path = quote(parts.path, safe="/%{}:@!$&'()*+,;=~") or "/"
        query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
        secret = parts._replace(path=path, query=query, fragment="").geturl()
        return cls(secret, host, path, parts.fragment, bool(query))

    def hide(self, text: str) -> str:
        """`text` without what is secret in this address: a server may repeat it in its complaint."""
        parts = urlsplit(self.secret)
        values = [unquote_plus(value) for pair in parts.query.split("&") for value in pair.split("=")[-1:]]
        for secret in filter(
            None, (unquote(parts.password or ""), unquote(parts.username or ""), parts.query, *values)
        ):
            text = text.replace(secret, "…")
        return text

    @property
    def shown(self) -> str:
        """For people."""
        return f"{self.host}{self.path}{'?…' if self.has_query else ''}"

    def with_path(self, path: str) -> "Address":
        """The same server and query, another path."""
        return replace(self, secret=urlsplit(self.secret)._replace(path=path).geturl(), path=path)


def name_of(kind: str, place: str) -> str:
    """The name of a source of this `kind` at `place` (host and path, or a file): readable, and always the same.

    Two places have two names: where characters had to go or the end was cut off, a digest makes up for it.
    """
    place = _WELL_KNOWN.sub("", place).strip("/") or place
    told = place.replace("/", "-").replace(":", "-")
    name = source_name(told)
    if name != told or len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}-{hashlib.sha256(place.encode()).hexdigest()[:6]}"
    return source_name(f"{kind}-{name}")
