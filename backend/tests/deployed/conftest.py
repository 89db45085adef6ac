"""The CDK app as it is, deployed to a local AWS: real bundles, Lambda functions that run, real wire protocols, TLS, and
every policy enforced.
"""

import os
from contextlib import closing

import pytest
from fixtures import deployment
from fixtures.collector import collecting

from flightdata.settings import Settings
from flightdata.wiring import House

ORIGIN = "https://page.example"
"""Of web pages that may ask."""


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
            folder,
            environment.setenv,
            # The recordings are older than dev keeps flights: MiniStack would delete theirs within a minute.
            context={
                "otlp": collector.url,
                "auth": "required",
                "CORS_ORIGINS": ORIGIN,
                "FLIGHTS_RETENTION_DAYS": "0",
            },
            AUTH="true",
            USE_SSL="1",
        ) as found,
    ):
        found.collector = collector
        _without_keys(found.client("lambda"))
        yield found


def _without_keys(client):
    """The API is deployed with the grant to look keys up; only the tests of grants show one."""
    name = f"flightdata-flight-api-{deployment.ENVIRONMENT}"
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables | {"API_AUTH": "off"}})


@pytest.fixture(scope="session")
def collector(deployed):
    """A house outside AWS whose backends are the deployed ones."""
    given = {name.lower(): value for name, value in deployment.collector_settings(deployed).items()}
    with closing(House(Settings(_env_file=None, **given))) as house:
        yield house
