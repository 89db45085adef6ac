"""What tests of every kind may ask for."""

import asyncio
import logging

import pytest
import structlog
from fixtures import aws
from fixtures.recordings import folder
from hypothesis import settings

# How long one example takes depends on who else works on the machine.
settings.register_profile("ci", deadline=None)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def recordings():
    """The folder of the recorded traffic; the test is skipped where it is not there."""
    return folder()


@pytest.fixture(scope="session")
def ministack(tmp_path_factory):
    """A local AWS; the test is skipped where it is not installed."""
    with aws.ministack(tmp_path_factory.mktemp("ministack")) as running:
        yield running


@pytest.fixture
def account(ministack):
    """An empty AWS account."""
    return aws.Account(ministack)


@pytest.fixture(scope="session")
def redis(tmp_path_factory):
    """The `host:port` of a real Redis; the test is skipped where it is not installed."""
    with aws.redis(tmp_path_factory.mktemp("redis")) as endpoint:
        yield endpoint


@pytest.fixture
def untouched_logs():
    """For what sets up the logs of its whole process."""
    handlers, level, configured = logging.root.handlers[:], logging.root.level, structlog.get_config()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**configured)


@pytest.fixture
def event_loop():
    """That of this thread, closed at the end. Mangum makes one where there is none, and leaves it to the collector."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()
