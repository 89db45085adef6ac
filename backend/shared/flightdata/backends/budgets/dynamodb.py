"""Budgets on DynamoDB: one JSON document an account, replaced on condition that nobody else did so meanwhile.

| pk | sk | attributes |
| --- | --- | --- |
| `budget` | the account | `document`, `revision` |
"""

from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError
from pydantic import TypeAdapter

from flightdata.backends.aws import code, transient
from flightdata.errors import Transient
from flightdata.models.credits import Budget

_PK = {"S": "budget"}
_TRIES = 20


class DynamoBudgets:
    """Budgets in the table `table`. `client` is boto3's for DynamoDB."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table
        self._as_json = TypeAdapter(Budget)

    def update(self, account: str, change: Callable[[Budget | None], Budget]) -> Budget:
        for _ in range(_TRIES):
            item = self._item(account)
            before = self._budget(item) if item else None
            budget = change(before)
            if budget == before or self._replace(account, budget, int(item["revision"]["N"]) if item else 0):
                return budget
        raise Transient(f"the budget of {account} changes all the time")

    def find(self, account: str) -> Budget | None:
        item = self._item(account)
        return self._budget(item) if item else None

    def known(self) -> Sequence[Budget]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": _PK},
            ConsistentRead=True,
        )
        with transient("the budgets are not known"):
            return [self._budget(item) for page in pages for item in page["Items"]]

    def close(self) -> None:
        self._client.close()

    def _item(self, account: str) -> dict[str, Any] | None:
        key = {"pk": _PK, "sk": {"S": account}}
        with transient(f"the budget of {account} is not known"):
            item: dict[str, Any] | None = self._client.get_item(
                TableName=self._table, Key=key, ConsistentRead=True
            ).get("Item")
        return item

    def _budget(self, item: dict[str, Any]) -> Budget:
        return self._as_json.validate_json(item["document"]["S"])

    def _replace(self, account: str, budget: Budget, revision: int) -> bool:
        """Whether it still was the one of this revision (0: none)."""
        condition = "revision = :revision" if revision else "attribute_not_exists(pk)"
        values = {"ExpressionAttributeValues": {":revision": {"N": str(revision)}}} if revision else {}
        with transient(f"the budget of {account} was not written"):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item={
                        "pk": _PK,
                        "sk": {"S": account},
                        "document": {"S": self._as_json.dump_json(budget).decode()},
                        "revision": {"N": str(revision + 1)},
                    },
                    ConditionExpression=condition,
                    **values,
                )
            except ClientError as error:
                if code(error) == "ConditionalCheckFailedException":
                    return False
                raise
        return True
