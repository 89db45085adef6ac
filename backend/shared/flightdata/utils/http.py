"""One HTTP request and its whole answer, within a deadline and in bounded memory.

What goes wrong is Transient and says what happened with which host; credentials (headers, queries, forms, what stands
before the @) appear in no message.
"""

import base64
import logging
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from urllib.parse import SplitResult, unquote, urlencode, urljoin, urlsplit

import httpcore2

from flightdata import __version__
from flightdata.errors import ConfigurationError, Transient
from flightdata.utils.deadline import Deadline, DeadlineBackend

TIMEOUT = 20.0
"""Seconds for a whole request, from the look-up of the name to the last byte."""

LIMIT = 64 * 2**20
"""Bytes of an answer, decompressed."""

_NOTHING: Mapping[str, str] = MappingProxyType({})
_REDIRECTIONS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTIONS = 5
_KEEP_IDLE = 30.0
_PIECE = 256 * 1024
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Answer:
    """What a server said. Names of headers are in lower case; of repeated ones the last counts."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class NoConnection(Transient):
    """There was no connection: the request has not left."""


class Truncated(Transient):
    """The connection ended before the answer did; `answer` has what came."""

    def __init__(self, message: str, answer: Answer) -> None:
        super().__init__(message)
        self.answer = answer


class Http:
    """Sends requests and keeps connections. Several threads may share one."""

    def __init__(self, *, timeout: float = TIMEOUT, limit: int = LIMIT) -> None:
        self._timeout = timeout
        self._limit = limit
        self._deadline = Deadline()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpcore2.default_ssl_context(),
            keepalive_expiry=_KEEP_IDLE,
            network_backend=DeadlineBackend(self._deadline),
        )
        logging.getLogger("httpcore2").setLevel(logging.WARNING)  # at DEBUG it writes headers, perhaps with secrets

    def get(self, url: str, *, query: Mapping[str, str] = _NOTHING, headers: Mapping[str, str] = _NOTHING) -> Answer:
        """The answer, of any status, after redirections. Raises Transient (NoConnection, Truncated), or
        ConfigurationError for `url`.

        `headers` go to the host of `url` only; a redirection from https to http is not followed.
        """
        self._deadline.set(self._timeout)
        parts = _split(url, query)
        answer = self._send("GET", parts, headers)
        for _ in range(_MOST_REDIRECTIONS):
            target = _redirection(parts, answer)
            if target is None:
                return answer
            if target[:2] != parts[:2]:
                headers = _NOTHING
            parts = target
            answer = self._send("GET", parts, headers)
        raise Transient(f"{_host(parts)} redirects in circles")

    def post(self, url: str, *, form: Mapping[str, str], headers: Mapping[str, str] = _NOTHING) -> Answer:
        """The answer to a form, of any status; redirections are not followed. Raises as `get` does."""
        self._deadline.set(self._timeout)
        as_form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", _split(url), {**headers, **as_form}, urlencode(form).encode())

    def post_bytes(self, url: str, body: bytes, *, headers: Mapping[str, str] = _NOTHING) -> Answer:
        """The answer to `body`, of any status; redirections are not followed. Raises as `get` does."""
        self._deadline.set(self._timeout)
        return self._send("POST", _split(url), headers, body)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _send(self, method: str, url: SplitResult, headers: Mapping[str, str], content: bytes | None = None) -> Answer:
        address, sent = url._replace(netloc=_host(url), fragment="").geturl(), _standard(url) | dict(headers)
        if not "".join((address, *sent, *sent.values())).isascii():
            raise ConfigurationError(f"{_host(url)}: a header or the address has letters that HTTP does not allow")
        try:
            with self._pool.stream(
                method,
                address,
                headers=list(sent.items()),
                content=content,
                extensions={"timeout": {"pool": self._deadline.left()}},
            ) as response:
                return self._whole(url, response)
        except httpcore2.LocalProtocolError:  # its message has the header
            raise ConfigurationError(f"{_host(url)}: a header has letters that HTTP does not allow") from None
        except httpcore2.ConnectTimeout as error:
            raise NoConnection(f"{_host(url)}: no connection within {self._timeout:g} s") from error
        except httpcore2.TimeoutException as error:
            raise Transient(f"{_host(url)}: no complete answer within {self._timeout:g} s") from error
        except httpcore2.ConnectError as error:
            raise NoConnection(f"{_host(url)}: no connection: {error}") from error
        except httpcore2.NetworkError as error:
            raise Transient(f"{_host(url)}: the connection broke: {error}") from error
        except httpcore2.RemoteProtocolError as error:  # made of an error of h11, its message has what came
            broke = isinstance(error.args[0], str)
            what = f"the connection broke: {error}" if broke else "what came is no HTTP"
            raise Transient(f"{_host(url)}: {what}") from None

    def _whole(self, url: SplitResult, response: httpcore2.Response) -> Answer:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        pieces: list[bytes] = []
        size = 0
        try:
            for piece in _decoded(response.iter_stream(), headers.get("content-encoding", "identity"), url):
                pieces.append(piece)
                size += len(piece)
                if size > self._limit:
                    raise Transient(f"{_host(url)}: the answer is larger than {self._limit:,} bytes")
        except (httpcore2.RemoteProtocolError, EOFError):
            message = f"{_host(url)}: the answer is truncated after {size:,} bytes"
            raise Truncated(message, Answer(response.status, headers, b"".join(pieces))) from None
        except zlib.error as error:
            raise Transient(f"{_host(url)}: the answer is no valid gzip") from error
        return Answer(response.status, headers, b"".join(pieces))


def http_date(value: str | None) -> float | None:
    """The moment that the text of a header names, in s since 1970; None where it names none."""
    try:
        moment = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _split(url: str, query: Mapping[str, str] = _NOTHING) -> SplitResult:
    """The parts of `url`, with `query` added. Raises ConfigurationError unless it is http(s) with a host."""
    try:
        parts = urlsplit(url.strip())
        known = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise ConfigurationError("an address must look like https://host/path")
    more = urlencode(query)
    return parts._replace(path=parts.path or "/", query="&".join(filter(None, (parts.query, more))))


def _host(url: SplitResult) -> str:
    return url.netloc.rpartition("@")[2]


def _standard(url: SplitResult) -> dict[str, str]:
    """The headers of every request; a name and password in the address become one."""
    headers = {"Accept-Encoding": "gzip", "User-Agent": f"flightdata/{__version__}"}
    if url.username is not None:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return headers


def _redirection(url: SplitResult, answer: Answer) -> SplitResult | None:
    """Where `answer` sends us; None where that is nowhere, or from https to http."""
    if answer.status not in _REDIRECTIONS or "location" not in answer.headers:
        return None
    try:
        target = _split(urljoin(url.geturl(), answer.headers["location"]))
    except (ConfigurationError, ValueError):
        return None
    return None if (url.scheme, target.scheme) == ("https", "http") else target


def _decoded(chunks: Iterable[bytes], encoding: str, url: SplitResult) -> Iterator[bytes]:
    """The bytes in `chunks`, decompressed piece by piece. Raises EOFError where they end too early."""
    if encoding.lower() in {"gzip", "x-gzip"}:
        return _gunzipped(chunks)
    if encoding.lower() != "identity":
        raise Transient(f"{_host(url)}: the answer is encoded as {encoding[:20]!r}, which was not asked for")
    return iter(chunks)


def _gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """However well they are compressed, no more than `_PIECE` bytes at a time."""
    member = zlib.decompressobj(_GZIP)
    started = False
    for chunk in chunks:
        waiting = chunk
        while waiting:
            started = True
            yield member.decompress(waiting, _PIECE)
            if member.eof:
                waiting, member, started = member.unused_data, zlib.decompressobj(_GZIP), False
            else:
                waiting = member.unconsumed_tail
    if started:
        raise EOFError
