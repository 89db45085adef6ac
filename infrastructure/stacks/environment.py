"""All stacks of one environment."""

from pathlib import Path

from aws_cdk import App, Tags

from stacks.analytics import Analytics
from stacks.api import Api
from stacks.catalogue import Catalogue
from stacks.deployments import Deployment
from stacks.observability import Observability
from stacks.pipeline import Pipeline
from stacks.storage import Storage


def build(app: App, deployment: Deployment, bundles: Path) -> None:
    """Into `app`, named `flightdata-<concern>-<environment>`, all tagged, as the context of `app` wants it."""
    deployment = deployment.chosen(app.node.get_all_context())
    storage = Storage(app, deployment.named("storage"), deployment)
    Catalogue(app, deployment.named("catalogue"), deployment, storage)
    pipeline = Pipeline(app, deployment.named("pipeline"), deployment, bundles, storage)
    api = Api(app, deployment.named("api"), deployment, bundles, storage)
    analytics = Analytics(app, deployment.named("analytics"), deployment, bundles, storage, pipeline)
    Observability(app, deployment.named("observability"), deployment, pipeline, api, analytics)
    Tags.of(app).add("project", "flightdata")
    Tags.of(app).add("environment", deployment.name)
