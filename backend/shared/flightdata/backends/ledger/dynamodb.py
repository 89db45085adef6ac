"""The ledger on DynamoDB: an item an account, and an index that has them in the order of their processing.

| pk | sk | attributes | index `by_time` |
| --- | --- | --- | --- |
| `account` | the snapshot's key | `document`: the account as JSON | pk, `processed_at` |
| `ledger` | `settled` | `until`: before then every snapshot has an account or was given up | |
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from botocore.exceptions import ClientError

from flightdata.backends.aws import code, transient
from flightdata.models.snapshot import SnapshotAccount
from flightdata.models.units import EpochSeconds
from flightdata.ports import Totals

INDEX = "by_time"

_PK = {"S": "account"}
_SETTLED = {"pk": {"S": "ledger"}, "sk": {"S": "settled"}}
_REFUSED = "ConditionalCheckFailedException"


class DynamoLedger:
    """A Ledger in the table `table`. `client` is boto3's for DynamoDB.

    `totals` reads the accounts it sums, from the index: an account of the last second may not be in it yet.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def record(self, accounts: Sequence[SnapshotAccount]) -> None:
        for account in accounts:
            with transient("the ledger was not written"):
                try:
                    self._client.put_item(
                        TableName=self._table,
                        Item={
                            "pk": _PK,
                            "sk": {"S": account.key},
                            "processed_at": {"N": repr(account.processed_at)},
                            "document": {"S": orjson.dumps(account).decode()},
                        },
                        ConditionExpression="attribute_not_exists(pk)",
                    )
                except ClientError as error:
                    if code(error) != _REFUSED:  # else it was entered before
                        raise

    def totals(self, since: EpochSeconds = 0.0) -> Totals:
        sums: Counter[str] = Counter()
        rejected: Counter[str] = Counter()
        for account in self._since(since):
            sums.update(
                snapshots=1,
                rows=account.rows,
                stored=account.stored,
                superseded=account.superseded,
                unreadable=account.unreadable is not None,
            )
            rejected.update(account.rejected)
        names = ("snapshots", "rows", "stored", "superseded", "unreadable")
        return Totals(rejected=dict(sorted(rejected.items())), **{name: sums[name] for name in names})

    def find(self, keys: Sequence[str]) -> Sequence[SnapshotAccount]:
        with transient("the ledger was not read"):
            answers = [
                self._client.get_item(TableName=self._table, Key={"pk": _PK, "sk": {"S": key}}, ConsistentRead=True)
                for key in keys
            ]
        return [_account(answer["Item"]) for answer in answers if "Item" in answer]

    def entered(self, first: str, last: str) -> set[str]:
        """A read unit for about every ten accounts, since they lie side by side."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={":pk": _PK, ":first": {"S": first}, ":last": {"S": last}},
            ProjectionExpression="sk",
            ConsistentRead=True,
        )
        with transient("the ledger was not read"):
            return {item["sk"]["S"] for page in pages for item in page["Items"]}

    def settled(self) -> EpochSeconds | None:
        with transient("the ledger was not read"):
            answer = self._client.get_item(TableName=self._table, Key=_SETTLED, ConsistentRead=True)
        return float(answer["Item"]["until"]["N"]) if "Item" in answer else None

    def settle(self, until: EpochSeconds) -> None:
        with transient("the ledger was not written"):
            self._client.put_item(TableName=self._table, Item={**_SETTLED, "until": {"N": repr(until)}})

    def close(self) -> None:
        self._client.close()

    def _since(self, since: EpochSeconds) -> Iterator[SnapshotAccount]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=INDEX,
            KeyConditionExpression="pk = :pk AND processed_at >= :since",
            ExpressionAttributeValues={":pk": _PK, ":since": {"N": repr(since)}},
        )
        with transient("the ledger was not read"):
            for page in pages:
                yield from map(_account, page["Items"])


def _account(item: dict[str, Any]) -> SnapshotAccount:
    return SnapshotAccount(**orjson.loads(item["document"]["S"]))
