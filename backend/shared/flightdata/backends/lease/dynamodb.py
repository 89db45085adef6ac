"""A lease on DynamoDB: the greatest tick that was taken, by name.

| pk | sk | attributes |
| --- | --- | --- |
| `lease` | the name | `tick` |
"""

from typing import Any

from botocore.exceptions import ClientError

from flightdata.backends.aws import code, transient


class DynamoLease:
    """A Lease in the table `table`. `client` is boto3's for DynamoDB."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def take(self, name: str, tick: int) -> bool:
        with transient(f"tick {tick} of {name} was not taken"):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key={"pk": {"S": "lease"}, "sk": {"S": name}},
                    UpdateExpression="SET tick = :tick",
                    ConditionExpression="attribute_not_exists(pk) OR tick < :tick",
                    ExpressionAttributeValues={":tick": {"N": str(tick)}},
                )
            except ClientError as error:
                if code(error) == "ConditionalCheckFailedException":
                    return False
                raise
        return True

    def close(self) -> None:
        self._client.close()
