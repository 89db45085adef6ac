"""The CDK app as it is, deployed to a local AWS: real bundles, Lambda functions that run, real wire protocols, TLS, and
every policy enforced.
"""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from fixtures import aws
from fixtures.collector import collecting

REPOSITORY = Path(__file__).parents[3]
INFRASTRUCTURE = REPOSITORY / "infrastructure"
BUNDLES = REPOSITORY / "backend" / "build" / "functions-here"
"""Made for this machine, not for Lambda's."""

ACCOUNT = "000000000000"
ENVIRONMENT = "dev"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": aws.REGION,
    "CDK_OWN_CREDENTIALS": "yes",  # MiniStack does not let bootstrap's roles publish while it enforces policies
    "CDK_DISABLE_CLI_TELEMETRY": "true",
}


@pytest.fixture(scope="session")
def deployed(tmp_path_factory):
    """`client(service)`, `ministack`, `collector` (where traces go), and the addresses of what was deployed."""
    if "DEPLOY" not in os.environ:
        pytest.skip("`make test-aws` deploys the app and tests it")
    folder = tmp_path_factory.mktemp("deployed")
    tools = aws.tool("python").parent  # the functions' Python: it has boto3, as Lambda's has
    settings = {"AUTH": "true", "USE_SSL": "1", "PATH": f"{tools}:{os.environ['PATH']}"}
    with (
        collecting() as collector,
        aws.ministack(folder, **settings) as running,
        pytest.MonkeyPatch.context() as environment,
    ):
        for name, value in (CREDENTIALS | trust(running)).items():
            environment.setenv(name, str(value))
        deploy = ("deploy", "--all", "--require-approval=never", "--output", str(folder / "out"))
        cdk(folder, "bootstrap", f"aws://{ACCOUNT}/{aws.REGION}")
        chosen = context(environment=ENVIRONMENT, bundles=BUNDLES, ticks="off", otlp=collector.url)
        cdk(INFRASTRUCTURE, *deploy, *chosen)
        session = boto3.session.Session(region_name=aws.REGION)
        yield found(session.client, running, collector)


def trust(running):
    """Where AWS is, and whom to trust there, for boto3 and for Node."""
    return {
        "AWS_ENDPOINT_URL": running.url,
        "AWS_CA_BUNDLE": running.certificate,
        "NODE_EXTRA_CA_CERTS": running.certificate,
    }


def context(**values):
    return [f"--context={name}={value}" for name, value in values.items()]


def cdk(folder, *arguments):
    command = [INFRASTRUCTURE / "node_modules" / ".bin" / "cdk", *arguments, "--no-notices"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def found(client, ministack, collector):
    """What the deployment tells: the physical names, and where the API listens."""
    (api,) = client("apigatewayv2").get_apis()["Items"]
    sqs = client("sqs")
    return SimpleNamespace(
        client=client,
        ministack=ministack,
        collector=collector,
        api_host=api["ApiEndpoint"].partition("://")[2],
        bucket=next(one["Name"] for one in client("s3").list_buckets()["Buckets"] if "flightdata-raw" in one["Name"]),
        bus=f"flightdata-events-{ENVIRONMENT}",
        table=f"flightdata-flights-{ENVIRONMENT}",
        queue=sqs.get_queue_url(QueueName=f"flightdata-snapshots-{ENVIRONMENT}")["QueueUrl"],
        dead=sqs.get_queue_url(QueueName=f"flightdata-dead-letters-{ENVIRONMENT}")["QueueUrl"],
    )
