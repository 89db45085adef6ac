"""The sources' health on DynamoDB.

| pk | sk | attributes |
| --- | --- | --- |
| `health` | the source's name | those of `ports.SourceHealth`, as far as they are known |
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flightdata.backends.aws import transient
from flightdata.models.units import EpochSeconds
from flightdata.ports import SourceHealth

_LONGEST = 2_000
"""Characters of an error that are kept."""

_SUCCEEDED = "SET last_success = :at, failures_in_a_row = :none"
_FAILED = "SET #error = :error, kind = :kind, failing_since = if_not_exists(failing_since, :at)"


class DynamoHealth:
    """A Health in the table `table`. `client` is boto3's for DynamoDB."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def succeeded(
        self,
        source: str,
        at: EpochSeconds,
        *,
        data_time: EpochSeconds | None = None,
        next_attempt: EpochSeconds | None = None,
    ) -> None:
        known = {"data_time": data_time, "next_attempt": next_attempt}
        setting = "".join(f", {name} = :{name}" for name, value in known.items() if value is not None)
        removing = "#error, kind, failing_since" + (", next_attempt" if next_attempt is None else "")
        values = _numbers({"at": at, "none": 0} | known)
        self._update(source, f"{_SUCCEEDED}{setting} REMOVE {removing}", values)

    def failed(
        self,
        source: str,
        error: str,
        at: EpochSeconds,
        *,
        kind: str = "unreachable",
        next_attempt: EpochSeconds | None = None,
    ) -> None:
        later = " REMOVE next_attempt" if next_attempt is None else ""
        setting = "" if next_attempt is None else ", next_attempt = :next_attempt"
        values = _numbers({"at": at, "one": 1, "next_attempt": next_attempt})
        values |= {":error": {"S": error[:_LONGEST]}, ":kind": {"S": kind}}
        self._update(source, f"{_FAILED}{setting}{later} ADD failures_in_a_row :one", values)

    def retain(self, names: Sequence[str]) -> None:
        with transient("the health of other sources was not forgotten"):
            for one in self.sources():
                if one.name not in names:
                    self._client.delete_item(TableName=self._table, Key=_key(one.name))

    def sources(self) -> Sequence[SourceHealth]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "health"}},
            ConsistentRead=True,
        )
        with transient("the sources' health is not known"):
            return [_health(item) for page in pages for item in page["Items"]]

    def close(self) -> None:
        self._client.close()

    def _update(self, source: str, expression: str, values: dict[str, dict[str, str]]) -> None:
        with transient(f"the health of {source} was not written"):
            self._client.update_item(
                TableName=self._table,
                Key=_key(source),
                UpdateExpression=expression,
                ExpressionAttributeNames={"#error": "error"},  # a reserved word
                ExpressionAttributeValues=values,
            )


def _key(source: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": "health"}, "sk": {"S": source}}


def _numbers(given: Mapping[str, float | None]) -> dict[str, dict[str, str]]:
    return {f":{name}": {"N": repr(value)} for name, value in given.items() if value is not None}


def _health(item: dict[str, Any]) -> SourceHealth:
    def number(name: str) -> float | None:
        return float(item[name]["N"]) if name in item else None

    def text(name: str) -> str | None:
        return item[name]["S"] if name in item else None

    return SourceHealth(
        name=item["sk"]["S"],
        last_success=number("last_success"),
        data_time=number("data_time"),
        error=text("error"),
        kind=text("kind"),
        failing_since=number("failing_since"),
        failures_in_a_row=int(item["failures_in_a_row"]["N"]),
        next_attempt=number("next_attempt"),
    )
