import logging

import pytest
import structlog


@pytest.fixture(autouse=True)
def untouched_logs():
    """Commands set up the logs of their whole process."""
    handlers, level, configured = logging.root.handlers[:], logging.root.level, structlog.get_config()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**configured)
