"""What tests of every kind may ask for."""

import pytest
from fixtures.recordings import folder
from hypothesis import settings

# How long one example takes depends on who else works on the machine.
settings.register_profile("ci", deadline=None)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def recordings():
    """The folder of the recorded traffic; the test is skipped where it is not there."""
    return folder()
