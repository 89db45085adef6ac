import pytest


@pytest.fixture(autouse=True)
def _commands_set_up_logs(untouched_logs):
    pass
