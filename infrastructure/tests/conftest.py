"""The templates of each environment, made once."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from stacks.deployments import named
from stacks.environment import build

ENVIRONMENTS = ("dev", "staging", "prod")
FUNCTIONS = ("flight-data-fetcher", "flight-data-processor", "flight-api", "analytics-processor")
CONTEXT = json.loads((Path(__file__).parents[1] / "cdk.json").read_text())["context"]


class Templates:
    """`all` resources of an environment, by logical id. Made only if cdk-nag finds nothing that is not accepted with a
    reason.
    """

    def __init__(self, app, folder):
        cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        app.synth()
        self.paths = sorted(folder.glob("*.template.json"))
        self.all = [resource for path in self.paths for resource in json.loads(path.read_text())["Resources"].items()]

    def resources(self, kind):
        """Whole, with their policies, by logical id."""
        return {name: one for name, one in self.all if one["Type"] == kind}

    def of(self, kind):
        """Their properties, by logical id."""
        return {name: one.get("Properties", {}) for name, one in self.resources(kind).items()}

    def one(self, kind, **properties):
        """The properties of the one that has these."""
        (found,) = [one for one in self.of(kind).values() if properties.items() <= one.items()]
        return found


@pytest.fixture(scope="session")
def bundles(tmp_path_factory):
    """Empty zips: what is in them does not matter here."""
    folder = tmp_path_factory.mktemp("bundles")
    for name in FUNCTIONS:
        (folder / f"{name}.zip").write_bytes(b"PK\5\6" + bytes(18))
    return folder


@pytest.fixture(scope="session")
def all_templates(tmp_path_factory, bundles):
    made = {}
    for environment in ENVIRONMENTS:
        out = tmp_path_factory.mktemp(environment)
        app = cdk.App(outdir=str(out), context=CONTEXT)
        build(app, named(environment), bundles)
        made[environment] = Templates(app, out)
    return made


@pytest.fixture(params=ENVIRONMENTS)
def environment(request):
    return request.param


@pytest.fixture
def templates(all_templates, environment):
    return all_templates[environment]


@pytest.fixture
def prod(all_templates):
    return all_templates["prod"]
