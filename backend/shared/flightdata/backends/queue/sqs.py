"""The queue on SQS, for workers outside Lambda and for the operator. In Lambda the event source does all this.

A rule puts the events into it, in EventBridge's envelope. SQS itself moves what was received too often to the dead
letters; what is given up by us goes there with the reason as an attribute, before it leaves the queue. What EventBridge
could not put into the queue is there too, with attributes of its own.
"""

import re
import time
from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any
from uuid import UUID

from botocore.exceptions import ClientError

from flightdata.backends.aws import code, transient
from flightdata.errors import Poison
from flightdata.models.events import event_of, unwrapped
from flightdata.models.units import Seconds
from flightdata.ports import Clock, DeadLetter, Delivery, QueueDepth

UNHEARD = "never acknowledged in time"

_AT_ONCE = 10
_LONGEST_POLL: Seconds = 20.0
_ALL_SERVERS: Seconds = 1.0
"""Who does not wait is answered by some of SQS's servers only."""
_LONGEST_DELAY: Seconds = 43_200.0
_LOOKING: Seconds = 60.0
"""How long dead letters are hidden from others while they are looked through."""
_COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible")
_UNSENDABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""SQS takes the characters of XML 1.0, and refuses a message with any other."""
_VOID = {"ReceiptHandleIsInvalid", "InvalidParameterValue", "AWS.SimpleQueueService.MessageNotInflight"}

_Message = dict[str, Any]


class SqsQueue:
    """Queue and DeadLetters. `client` is boto3's for SQS; `max_attempts` is the redrive policy's `maxReceiveCount`."""

    def __init__(self, client: Any, url: str, dead_letters_url: str, clock: Clock, *, max_attempts: int) -> None:
        self._client = client
        self._url = url
        self._dead = dead_letters_url
        self._clock = clock
        self._max_attempts = max_attempts

    def receive(self, most: int, wait: Seconds = 0.0) -> Sequence[Delivery]:
        deliveries: list[Delivery] = []
        deadline = time.monotonic() + wait
        while len(deliveries) < most:
            left = 0.0 if deliveries else max(0.0, deadline - time.monotonic())
            messages = self._take(self._url, min(most - len(deliveries), _AT_ONCE), wait=left)
            deliveries += [delivery for one in messages if (delivery := self._delivery(one))]
            if not messages and (deliveries or time.monotonic() >= deadline):
                break
        return deliveries

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        for first in range(0, len(deliveries), _AT_ONCE):
            entries = [
                {"Id": str(place), "ReceiptHandle": one.receipt}
                for place, one in enumerate(deliveries[first : first + _AT_ONCE])
            ]
            with transient("messages were not acknowledged"):  # which fail one by one come again, and do no harm
                self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def give_back(self, delivery: Delivery, reason: str, *, delay: Seconds = 0.0, poison: bool = False) -> None:
        if not self._hold(delivery.receipt, _LOOKING if poison or delivery.attempt >= self._max_attempts else delay):
            return
        if poison or delivery.attempt >= self._max_attempts:
            self._bury(delivery.receipt, delivery.event.model_dump_json(), delivery.attempt, reason)

    def bury(self, message: str, attempts: int, reason: str) -> None:
        attributes = {
            "reason": {"DataType": "String", "StringValue": _UNSENDABLE.sub("�", reason[:1024]) or "unknown"},
            "attempts": {"DataType": "Number", "StringValue": str(attempts)},
            "died_at": {"DataType": "Number", "StringValue": repr(self._clock())},
        }
        with transient("a message was not given up"):
            self._client.send_message(QueueUrl=self._dead, MessageBody=message or " ", MessageAttributes=attributes)

    def depth(self) -> QueueDepth:
        waiting, delayed, in_flight = self._counts(self._url)
        return QueueDepth(waiting, in_flight + delayed, sum(self._counts(self._dead)))

    def dead_letters(self) -> Sequence[DeadLetter]:
        with_receipts = list(self._look_through())
        self._show_again(message for message, _ in with_receipts)
        return [letter for _, letter in with_receipts]

    def redrive(self, ids: Sequence[int] | None = None) -> int:
        """One by one, since SQS's own task (StartMessageMoveTask) moves all or nothing and tells no number."""
        moved, kept = 0, []
        for message, letter in list(self._look_through()):
            if ids is not None and letter.id not in ids:
                kept.append(message)
                continue
            with transient("a dead letter was not put back"):
                self._client.send_message(QueueUrl=self._url, MessageBody=message["Body"])
                self._client.delete_message(QueueUrl=self._dead, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
        self._show_again(kept)
        return moved

    def close(self) -> None:
        self._client.close()

    def _take(self, url: str, most: int, *, wait: Seconds = 0.0, hidden: Seconds | None = None) -> list[_Message]:
        visibility = {} if hidden is None else {"VisibilityTimeout": ceil(hidden)}
        with transient("no messages were received"):
            answer = self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=most,
                WaitTimeSeconds=min(ceil(wait), int(_LONGEST_POLL)),
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
                MessageAttributeNames=["All"],
                **visibility,
            )
        messages: list[_Message] = answer.get("Messages", [])
        return messages

    def _delivery(self, message: _Message) -> Delivery | None:
        """None where the message is no event and went to the dead letters instead."""
        attempt = int(message["Attributes"]["ApproximateReceiveCount"])
        try:
            event = event_of(message["Body"])
        except Poison as error:
            self._bury(message["ReceiptHandle"], message["Body"], attempt, str(error))
            return None
        return Delivery(message["ReceiptHandle"], event, attempt)

    def _hold(self, receipt: str, seconds: Seconds) -> bool:
        """Hide the message for so long; whether the receipt was still good."""
        with transient("a message was not given back"):
            try:
                self._client.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=ceil(min(seconds, _LONGEST_DELAY))
                )
            except ClientError as error:
                if code(error) not in _VOID:
                    raise
                return False
        return True

    def _bury(self, receipt: str, message: str, attempts: int, reason: str) -> None:
        self.bury(message, attempts, reason)
        with transient("a message was not given up"):
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)

    def _counts(self, url: str) -> list[int]:
        with transient("the depth of the queue is not known"):
            found = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))["Attributes"]
        return [int(found[name]) for name in _COUNTS]

    def _look_through(self) -> Iterator[tuple[_Message, DeadLetter]]:
        """All dead letters, hidden from others for a moment."""
        while messages := self._take(self._dead, _AT_ONCE, wait=_ALL_SERVERS, hidden=_LOOKING):
            for message in messages:
                yield message, self._letter(message)

    def _letter(self, message: _Message) -> DeadLetter:
        about = {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()}
        sent = int(message["Attributes"]["SentTimestamp"]) / 1000
        undelivered = _undelivered(about)
        return DeadLetter(
            id=UUID(message["MessageId"]).int,
            body=unwrapped(message["Body"]),
            attempts=0 if undelivered else int(about.get("attempts", self._max_attempts)),
            reason=about.get("reason", undelivered or UNHEARD),
            died_at=float(about.get("died_at", sent)),
        )

    def _show_again(self, messages: Iterator[_Message] | Sequence[_Message]) -> None:
        for message in messages:
            with transient("a dead letter stays hidden for a minute"):
                self._client.change_message_visibility(
                    QueueUrl=self._dead, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
                )


def _undelivered(attributes: dict[str, str]) -> str | None:
    """Why EventBridge could not put the event into the queue, where it was that (AWS, "Using dead-letter queues to
    process undelivered events").
    """
    if "ERROR_CODE" not in attributes:
        return None
    return f"never reached the queue: {attributes['ERROR_CODE']}: {attributes.get('ERROR_MESSAGE', '')}".rstrip(": ")
