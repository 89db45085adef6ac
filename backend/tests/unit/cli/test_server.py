import asyncio
import socket

import pytest

from flightdata.cli.server import listen
from flightdata.errors import ConfigurationError


@pytest.fixture
def opened():
    """Opens a listener that is closed in the end."""
    listeners = []

    def opened(host, port):
        listeners.append(listen(host, port))
        return listeners[-1]

    yield opened
    for listener in listeners:
        listener.close()


def test_port_0_is_any_free_one(opened):
    one, other = opened("127.0.0.1", 0), opened("127.0.0.1", 0)
    assert 0 != one.getsockname()[1] != other.getsockname()[1] != 0


def test_a_name_is_listened_on_too(opened):
    assert opened("localhost", 0).getsockname()[0] in {"127.0.0.1", "::1"}


def test_a_port_in_use_is_refused_with_what_to_do(opened):
    taken = opened("127.0.0.1", 0)
    taken.listen()
    port = taken.getsockname()[1]
    with pytest.raises(ConfigurationError, match=rf"127\.0\.0\.1:{port} .*--port"):
        listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "nobody.invalid", "256.1.1.1"])
def test_an_address_that_is_not_ours_is_refused(host):
    with pytest.raises(ConfigurationError, match="--host"):
        listen(host, 0)


def test_answers_leave_at_once(opened):
    """Without TCP_NODELAY every answer on a connection kept alive waits some 40 ms for the client's acknowledgement.

    asyncio sets it on connections of listeners that say that they are of TCP, and on no others.
    """
    listener = opened("127.0.0.1", 0)

    async def accepted():
        option = asyncio.get_running_loop().create_future()

        def connected(_, writer):
            connection = writer.get_extra_info("socket")
            option.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(connected, sock=listener.dup()):
            with socket.create_connection(listener.getsockname()):
                return await option

    assert asyncio.run(accepted())
