"""Sockets that all stop at one moment: a network backend for httpcore2.

A time-out of a socket starts again with every byte that comes, so a server that sends one now and then holds its
client for ever. Here every wait (names, connecting, TLS, each read and write) gets what is left until the deadline.
"""

import math
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

import httpcore2


class Deadline(threading.local):
    """The moment by which the request of this thread must be over, by the monotonic clock."""

    end = math.inf

    def set(self, seconds: float) -> None:
        """From now on."""
        self.end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds, more than 0. Raises httpcore2.ReadTimeout when there are none."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the deadline has passed")
        return left


class DeadlineBackend(httpcore2.NetworkBackend):
    """TCP connections whose every wait ends at `deadline`."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, what is left counts
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """To the first address of `host` that takes it; each gets its share of the time."""
        addresses = _addresses(host, port, self._deadline.left())
        failure: Exception = httpcore2.ConnectError("no address")
        for place, address in enumerate(addresses):
            share = self._deadline.left() / (len(addresses) - place)
            try:
                stream = self._sockets.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(stream, self._deadline)
        raise failure


class _Stream(httpcore2.NetworkStream):
    """A connection whose time-outs are what is left until the deadline; the ones it is given do not matter."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _addresses(host: str, port: int, within: float) -> list[str]:
    """The addresses of `host`. The system's look-up has no time-out, so a thread waits for it in our place."""
    found: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            found.set_exception(httpcore2.ConnectError(f"the name cannot be resolved ({error})"))
        else:
            found.set_result(list(dict.fromkeys(str(info[4][0]) for info in infos)))

    threading.Thread(target=look_up, name="look up a name", daemon=True).start()
    try:
        return found.result(within)
    except TimeoutError as error:
        raise httpcore2.ConnectTimeout("the name was not resolved in time") from error
