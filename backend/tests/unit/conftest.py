import logging

import pytest
import structlog


@pytest.fixture
def untouched_logs():
    """For what sets up the logs of its whole process."""
    handlers, level, configured = logging.root.handlers[:], logging.root.level, structlog.get_config()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**configured)
