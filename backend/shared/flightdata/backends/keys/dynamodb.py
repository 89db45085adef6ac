"""The keys of the API on DynamoDB.

| pk | sk | attributes |
| --- | --- | --- |
| `key` | the key's SHA-256, hex | `name`, `created_at`, `expires_at` where it expires (s since 1970, also the TTL) |
"""

from collections.abc import Sequence
from typing import Any

from flightdata.backends.aws import transient
from flightdata.models.key import ApiKey

_PK = {"S": "key"}


class DynamoKeys:
    """Keys in the table `table`. `client` is boto3's for DynamoDB. Expired ones are gone some days later."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def put(self, key: ApiKey) -> None:
        item = {"pk": _PK, "sk": {"S": key.digest}, "name": {"S": key.name}, "created_at": _number(key.created_at)}
        if key.expires_at is not None:
            item["expires_at"] = _number(key.expires_at)
        with transient("the key was not kept"):
            self._client.put_item(TableName=self._table, Item=item)

    def find(self, digest: str) -> ApiKey | None:
        with transient("the key was not looked up"):
            answer = self._client.get_item(
                TableName=self._table, Key={"pk": _PK, "sk": {"S": digest}}, ConsistentRead=True
            )
        return _key(answer["Item"]) if "Item" in answer else None

    def known(self) -> Sequence[ApiKey]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": _PK},
            ConsistentRead=True,
        )
        with transient("the keys were not listed"):
            found = [_key(item) for page in pages for item in page["Items"]]
        return sorted(found, key=lambda key: (key.created_at, key.digest))

    def revoke(self, digest: str) -> None:
        with transient("the key was not revoked"):
            self._client.delete_item(TableName=self._table, Key={"pk": _PK, "sk": {"S": digest}})

    def close(self) -> None:
        self._client.close()


def _number(value: float) -> dict[str, str]:
    return {"N": repr(value)}


def _key(item: dict[str, Any]) -> ApiKey:
    expires = item.get("expires_at")
    return ApiKey(
        item["sk"]["S"], item["name"]["S"], float(item["created_at"]["N"]), float(expires["N"]) if expires else None
    )
