"""Is what the settings name on AWS there, and may we use it? Asks, and changes nothing."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from flightdata.backends.aws import code
from flightdata.ports import Reach

_NOT_PERMITTED = {"AccessDenied", "AccessDeniedException", "403", "UnauthorizedOperation"}
_NOT_THERE = {
    "ResourceNotFoundException",
    "NoSuchBucket",
    "404",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
}

Clients = Callable[[str], Any]
"""boto3's client for a service."""


def inspect(client: Clients, named: dict[str, str], parameters: str) -> Iterator[Reach]:
    """`named`: by the setting, as far as they are set. `parameters`: where the secrets are, in the Parameter Store."""
    asks: dict[str, tuple[str, Callable[[str], Any]]] = {
        "DYNAMODB_FLIGHTS_TABLE": ("table", lambda name: client("dynamodb").describe_table(TableName=name)),
        "S3_RAW_BUCKET": ("bucket", lambda name: client("s3").head_bucket(Bucket=name)),
        "S3_HISTORY_BUCKET": ("bucket", lambda name: client("s3").head_bucket(Bucket=name)),
        "EVENTBRIDGE_BUS_NAME": ("bus", lambda name: client("events").describe_event_bus(Name=name)),
        "SQS_QUEUE_URL": ("queue", lambda url: client("sqs").get_queue_attributes(QueueUrl=url)),
        "SQS_DEAD_LETTER_QUEUE_URL": ("queue", lambda url: client("sqs").get_queue_attributes(QueueUrl=url)),
    }
    for setting, name in named.items():
        kind, ask = asks[setting]
        yield _reached(f"{kind} {name.rpartition('/')[2]}", setting, partial(ask, name))
    path = f"{parameters}/opensky/client_id"
    yield _reached(f"parameter {path}", "ENVIRONMENT", partial(_look, client("ssm"), path))


def _look(client: Any, path: str) -> None:
    """Without one access to OpenSky is anonymous, and a source may need none."""
    try:
        client.get_parameter(Name=path)
    except ClientError as error:
        if code(error) != "ParameterNotFound":
            raise


def _reached(what: str, setting: str, ask: Callable[[], Any]) -> Reach:
    try:
        ask()
    except ClientError as error:
        if (why := code(error)) in _NOT_PERMITTED:
            advice = "nothing, where what is to run here does not need it; else grant it: docs/operations.md"
            return Reach(what, f"we may not ask about it ({error.operation_name})", advice, optional=True)
        if why in _NOT_THERE:
            return Reach(what, "is not there", f"see {setting} and AWS_REGION, or deploy it: docs/operations.md")
        return Reach(what, f"{why}: {error}", "are the credentials those of this account, and not expired?")
    except BotoCoreError as error:
        return Reach(what, str(error), "is the network there; are there credentials, is AWS_ENDPOINT_URL right?")
    return Reach(what)
