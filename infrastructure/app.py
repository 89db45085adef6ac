"""The CDK app: `npm run cdk synth|diff|deploy -- --all --context environment=dev|staging|prod`.

Account and region are those of the credentials that deploy. With CDK_OWN_CREDENTIALS set they do everything themselves,
without the roles that `cdk bootstrap` makes.
"""

import os
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from stacks.deployments import named
from stacks.environment import build

BUNDLES = Path(__file__).parents[1] / "backend" / "build" / "functions"


def main() -> None:
    own = cdk.CliCredentialsStackSynthesizer() if "CDK_OWN_CREDENTIALS" in os.environ else None
    app = cdk.App(default_stack_synthesizer=own)
    bundles = Path(app.node.try_get_context("bundles") or BUNDLES)
    build(app, named(app.node.try_get_context("environment")), bundles)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
