"""Ground of the AWS backends: clients, and AWS's errors as ours. Who makes no AWS backend does not import it."""

import logging
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
from flightdata.utils.time_left import TimeLeft

_LONGEST_BACK_OFF: Seconds = 20.0
"""As botocore has it."""

_AT_ONCE = 25
_READ_AT_ONCE = 100
_DELETED_AT_ONCE = 1_000
_TRIES = 7
_FIRST_PAUSE: Seconds = 0.05
_LONGEST_PAUSE: Seconds = 1.0


class Aws:
    """One account and region. `endpoint_url`: another place than AWS itself, for emulators.

    A silent AWS is waited for `timeout` seconds, and asked `attempts` times at most; it is not asked again where its
    answer might come after the end of `time_left`.
    """

    def __init__(
        self, region: str, endpoint_url: str | None, *, timeout: Seconds, attempts: int, time_left: TimeLeft
    ) -> None:
        self._session = boto3.session.Session(region_name=region)
        self._endpoint_url = endpoint_url
        self._config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts},  # with back-off, for throttling, resets, 5xx
            connect_timeout=timeout,
            read_timeout=timeout,
            user_agent_extra="flightdata",
        )
        self._time_left = time_left
        self._longest = timeout + min(2.0 ** max(0, attempts - 2), _LONGEST_BACK_OFF)
        logging.getLogger("botocore.credentials").setLevel(logging.WARNING)  # at INFO it tells each process where from

    def client(self, service: str) -> Any:
        made = self._session.client(service, endpoint_url=self._endpoint_url, config=self._config)
        made.meta.events.register("before-send", self._in_time)
        return made

    def _in_time(self, **_: Any) -> None:
        """Before each attempt. What is raised here botocore hands on and does not try again."""
        if self._time_left() < self._longest:
            raise OutOfTime


class OutOfTime(BotoCoreError):  # type: ignore[misc]  # botocore has no types
    """There is no time left to wait for an answer."""

    fmt = "no time is left to ask AWS"


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
