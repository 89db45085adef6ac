"""Ground of the AWS backends: clients, and AWS's errors as ours. Who makes no AWS backend does not import it."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from flightdata.errors import Transient
from flightdata.models.units import Seconds

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5},  # with back-off, for throttling, resets and 5xx
    connect_timeout=2,
    read_timeout=10,
    user_agent_extra="flightdata",
)

_AT_ONCE = 25
_READ_AT_ONCE = 100
_DELETED_AT_ONCE = 1_000
_TRIES = 7
_FIRST_PAUSE: Seconds = 0.05
_LONGEST_PAUSE: Seconds = 1.0


class Aws:
    """One account and region. `endpoint_url`: another place than AWS itself, for emulators."""

    def __init__(self, region: str, endpoint_url: str | None = None) -> None:
        self._session = boto3.session.Session(region_name=region)
        self._endpoint_url = endpoint_url

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint_url, config=_CONFIG)


def code(error: ClientError) -> str:
    """What went wrong, in AWS's word: `ConditionalCheckFailedException`, `NoSuchKey`, …"""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def transient(doing: str) -> Iterator[None]:
    """What AWS refuses or does not answer inside, after botocore's own retries, is Transient.

    A missing grant or resource too: once somebody has put it right, the message that waits goes through.
    """
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise Transient(f"{doing}: {error}") from error


def delete_objects(client: Any, bucket: str, keys: Sequence[str]) -> None:
    """From S3, which answers 200 also when it has not deleted some, and says so inside. Raises Transient."""
    for start in range(0, len(keys), _DELETED_AT_ONCE):
        some = [{"Key": key} for key in keys[start : start + _DELETED_AT_ONCE]]
        with transient(f"{len(some)} objects were not deleted"):
            answer = client.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
        if errors := answer.get("Errors"):
            first = errors[0]
            reason = f"{first.get('Code')}: {first.get('Message')}"
            raise Transient(f"{len(errors)} objects were not deleted, among them {first.get('Key')}: {reason}")


def put_items(client: Any, table: str, items: Sequence[dict[str, Any]]) -> None:
    """Into DynamoDB, until it has taken all of them: under load it hands some back unwritten. No key twice."""
    for start in range(0, len(items), _AT_ONCE):
        left = [{"PutRequest": {"Item": item}} for item in items[start : start + _AT_ONCE]]
        for pause in _pauses():
            with transient(f"{len(left)} items were not written"):
                answer = client.batch_write_item(RequestItems={table: left})
            left = answer.get("UnprocessedItems", {}).get(table, [])
            if not left:
                break
            time.sleep(pause)
        else:
            raise Transient(f"DynamoDB did not take {len(left)} items")


def get_items(client: Any, table: str, keys: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Out of DynamoDB, in any order, those that are there. No key twice."""
    found: list[dict[str, Any]] = []
    for start in range(0, len(keys), _READ_AT_ONCE):
        left = list(keys[start : start + _READ_AT_ONCE])
        for pause in _pauses():
            with transient(f"{len(left)} items were not read"):
                answer = client.batch_get_item(RequestItems={table: {"Keys": left}})
            found += answer["Responses"].get(table, [])
            left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            if not left:
                break
            time.sleep(pause)
        else:
            raise Transient(f"DynamoDB did not give {len(left)} items")
    return found


def _pauses() -> Iterator[Seconds]:
    """With jitter, so that those who were refused together do not come back together."""
    for attempt in range(_TRIES):
        yield min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE) * random.uniform(0.5, 1.0)  # noqa: S311, no secret
