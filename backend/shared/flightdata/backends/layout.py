"""The DynamoDB table as the CDK app makes it; a test of the app holds both together. The backends say what is in it."""

from typing import Any

INDEXES = {
    "by_time": ("pk", "processed_at"),
    "by_departure": ("departure", "departed"),
    "by_arrival": ("arrival", "arrived"),
    "by_callsign": ("callsign", "sk"),
}
"""Partition and sort key, by name."""

KEYS_ONLY = {"by_departure", "by_arrival", "by_callsign"}
"""In these indexes there are the keys, in the others all attributes. DynamoDB changes that of no index it has."""

TTL = "expires_at"

_NUMBERS = {"processed_at"}


def create_table_arguments(name: str) -> dict[str, Any]:
    """For DynamoDB's CreateTable."""
    attributes = dict.fromkeys(["pk", "sk", *(name for index in INDEXES.values() for name in index)])
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": one, "AttributeType": "N" if one in _NUMBERS else "S"} for one in attributes
        ],
        "KeySchema": _key("pk", "sk"),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": index,
                "KeySchema": _key(*names),
                "Projection": {"ProjectionType": "KEYS_ONLY" if index in KEYS_ONLY else "ALL"},
            }
            for index, names in INDEXES.items()
        ],
    }


def _key(partition: str, order: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": order, "KeyType": "RANGE"}]
