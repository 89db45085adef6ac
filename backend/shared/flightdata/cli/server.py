"""A web server in the foreground that stops cleanly on SIGTERM and Ctrl-C."""

import logging
import signal
import socket
from contextlib import ExitStack

import uvicorn
from fastapi import FastAPI

from flightdata.cli.output import messages
from flightdata.errors import ConfigurationError
from flightdata.models.units import Seconds

_GRACE: Seconds = 4


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises ConfigurationError when the address is not to be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )[0]
        with ExitStack() as on_failure:
            # Told that it is TCP, asyncio sets TCP_NODELAY: without it each answer waits for the client, up to 40 ms.
            listener = on_failure.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            on_failure.pop_all()
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host}:{port} ({error.strerror}); choose another one with --host and --port"
        ) from error
    return listener


def serve(app: FastAPI, listener: socket.socket) -> None:
    """Until a signal comes; requests in hand get a few seconds to finish."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # uvicorn raises the signal again when it has stopped
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # where it listens is announced by us
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=int(_GRACE)
    )
    uvicorn.Server(config).run(sockets=[listener])


def announce(listener: socket.socket, *, has_map: bool) -> None:
    """Where to look, on stderr."""
    host, port = listener.getsockname()[:2]
    base = f"http://{'localhost' if host in ('127.0.0.1', '::1') else host}:{port}"
    if has_map:
        messages.print(f"  map     {base}/")
    messages.print(f"  API     {base}/docs")
    messages.print(f'  try     curl "{base}/flights?lamin=48&lamax=50&lomin=1&lomax=4"', soft_wrap=True)
    messages.print("  stop    Ctrl-C")
