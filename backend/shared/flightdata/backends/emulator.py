"""What the CDK app makes, made on an emulator of AWS: MiniStack, or the table alone on DynamoDB Local."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from flightdata.backends.layout import TTL, create_table_arguments
from flightdata.errors import ConfigurationError, Transient
from flightdata.models.units import Seconds

Clients = Callable[[str], Any]
"""boto3's client for a service."""

_THERE_ALREADY = {"ResourceInUseException", "ResourceAlreadyExistsException", "BucketAlreadyOwnedByYou"}
_NO_TTL = {"UnknownOperationException", "ValidationException"}
"""An old DynamoDB Local has none; and it may be on already."""


def make_table(client: Any, name: str) -> None:
    """`client` is boto3's for DynamoDB. Raises Transient."""
    with _made(f"the table {name}"):
        client.create_table(**create_table_arguments(name))
    with _made(f"the TTL of {name}", _NO_TTL):
        client.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL})


def make_bucket(client: Any, name: str) -> None:
    """`client` is boto3's for S3. Raises Transient."""
    with _made(f"the bucket {name}"):
        client.create_bucket(Bucket=name)


def make_bus(client: Any, name: str) -> None:
    """`client` is boto3's for EventBridge. Raises Transient."""
    with _made(f"the bus {name}"):
        client.create_event_bus(Name=name)


def make_queues(clients: Clients, bus: str, name: str, *, visibility: Seconds, max_attempts: int) -> tuple[str, str]:
    """The URLs of a queue that the bus feeds, and of its dead letters. Raises Transient."""
    sqs, events = clients("sqs"), clients("events")
    with _made(f"the queue {name}"):
        dead = sqs.create_queue(QueueName=f"{name}-dead-letters")["QueueUrl"]
        policy = {"deadLetterTargetArn": _arn(sqs, dead), "maxReceiveCount": max_attempts}
        attributes = {"VisibilityTimeout": str(round(visibility)), "RedrivePolicy": json.dumps(policy)}
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        pattern = json.dumps({"detail-type": ["SnapshotArchived"]})
        events.put_rule(Name="snapshots", EventBusName=bus, EventPattern=pattern)
        events.put_targets(Rule="snapshots", EventBusName=bus, Targets=[{"Id": "queue", "Arn": _arn(sqs, url)}])
    return url, dead


def _arn(sqs: Any, url: str) -> str:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


@contextmanager
def _made(what: str, harmless: set[str] = _THERE_ALREADY) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] == "BucketAlreadyExists":
            advice = "its name is one for all accounts: set S3_RAW_BUCKET and S3_HISTORY_BUCKET to names of your own"
            raise ConfigurationError(f"{what} is another account's; {advice}") from error
        if error.response["Error"]["Code"] not in harmless:
            raise Transient(f"{what} was not made: {error}") from error
    except NoCredentialsError as error:
        advice = "an emulator takes any: set AWS_ACCESS_KEY_ID=test and AWS_SECRET_ACCESS_KEY=test"
        raise ConfigurationError(f"{what} was not made without credentials; {advice}") from error
    except BotoCoreError as error:
        raise Transient(f"{what} was not made: {error}") from error
