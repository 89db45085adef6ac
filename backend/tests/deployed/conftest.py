"""The CDK app as it is, deployed to a local AWS: real bundles, Lambda functions that run, real wire protocols, TLS, and
every policy enforced.
"""

import os

import pytest
from fixtures import deployment
from fixtures.collector import collecting


@pytest.fixture(scope="session")
def deployed(tmp_path_factory):
    """`client(service)`, `ministack`, `collector` (where traces go), and the addresses of what was deployed."""
    if "DEPLOY" not in os.environ:
        pytest.skip("`make test-aws` deploys the app and tests it")
    folder = tmp_path_factory.mktemp("deployed")
    with (
        collecting() as collector,
        pytest.MonkeyPatch.context() as environment,
        deployment.deployed(
            folder, environment.setenv, context={"otlp": collector.url}, AUTH="true", USE_SSL="1"
        ) as found,
    ):
        found.collector = collector
        yield found
