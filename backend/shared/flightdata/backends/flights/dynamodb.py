"""Flights on DynamoDB: an item a flight, an index for each of its ends and one for its callsign.

| pk | sk | attributes | indexes |
| --- | --- | --- | --- |
| `flight#<icao24>` | `<first_seen>#<icao24>` | `flight`: its values as JSON | `by_departure`, `_arrival`, `_callsign` |
| | | `fence`; `expires_at` (TTL, s since 1970), if flights are not kept for ever | |

The values are in the order of the schema; columns that it gets go to its end, and an older flight has none of them.
Their names would be half of an item; flights that were written with them, in `document`, are read.

`fence`: that of the version which wrote it (`models.picture`). A flight is put on condition that none of a later
version is there: a processor that was held up between publishing and writing changes nothing. BatchWriteItem knows no
conditions, so that is a request a flight, for the same units. Only where there are very many, as in the first answer
for the globe, they go in transactions, which cost twice the units and a hundredth of the requests.

The indexes are of `departure` and `departed`, `arrival` and `arrived`. `departed` and `arrived` are made as `sk` is: in
the order of their text they are in the order of moment and icao24. What has no airport at an end is not in its index.
`by_callsign` is of `callsign` and `sk`. A flight has that attribute (in capitals) only once it is over, so its entry is
written once. Written with each change of a flight it would cost nearly three times as much (decision 19).

The indexes hold keys only, which a flight keeps when it ends: a list is read in two steps, keys and flights.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

import orjson
import polars as pl
from botocore.exceptions import ClientError

from flightdata.backends.aws import code, get_items, transient
from flightdata.models.flight import CALLSIGN, FLIGHT_ENDS, FLIGHT_SCHEMA, FlightsAsked, Side
from flightdata.models.units import EpochSeconds, Seconds

_SORTED_BY = {Side.DEPARTURE: "departed", Side.ARRIVAL: "arrived"}
_BEHIND_ALL = "\U0010ffff"
_HANDS = 10
"""As many connections boto3 keeps."""

MANY = 4_000
"""Flights that are put together: more than there are between two answers of OpenSky."""
_TOGETHER = 100

_Item = dict[str, Any]


class DynamoFlights:
    """Flights in the table `table`. `client` is boto3's for DynamoDB. `kept`: for how long after a flight; 0: for ever.

    An index may be a moment behind: a flight put just now is found by its aircraft at once, by the others soon.
    """

    def __init__(self, client: Any, table: str, kept: Seconds = 0.0, *, many: int = MANY) -> None:
        self._client = client
        self._table = table
        self._kept = kept
        self._many = many

    def put(self, flights: pl.DataFrame, fence: int) -> None:
        puts = [self._put_of(row, fence) for row in flights.iter_rows(named=True)]
        if len(puts) < self._many:
            _beside(self._put, puts)
        else:
            _beside(self._put_together, [puts[start : start + _TOGETHER] for start in range(0, len(puts), _TOGETHER)])

    def _put_of(self, row: dict[str, Any], fence: int) -> dict[str, Any]:
        """Arguments of PutItem."""
        item = _item(row, fence, self._kept)
        return {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "attribute_not_exists(fence) OR fence <= :fence",
            "ExpressionAttributeValues": {":fence": item["fence"]},
        }

    def _put(self, one: dict[str, Any]) -> None:
        with transient("a flight was not written"):
            try:
                self._client.put_item(**one)
            except ClientError as error:
                if code(error) != "ConditionalCheckFailedException":  # else a later version was here
                    raise

    def _put_together(self, puts: list[dict[str, Any]]) -> None:
        """All of them or, where one is refused or in other hands, one after the other."""
        with transient(f"{len(puts)} flights were not written"):
            try:
                self._client.transact_write_items(TransactItems=[{"Put": one} for one in puts])
            except ClientError as error:
                if code(error) != "TransactionCanceledException":
                    raise
                for one in puts:
                    self._put(one)

    def of_aircraft(self, icao24: str, asked: FlightsAsked) -> pl.DataFrame:
        return self._find({"pk": f"flight#{icao24}"}, "sk", asked, ConsistentRead=True)

    def of_airport(self, airport: str, side: Side, asked: FlightsAsked) -> pl.DataFrame:
        return self._find({side.value: airport}, _SORTED_BY[side], asked, IndexName=f"by_{side.value}")

    def of_callsign(self, callsign: str, asked: FlightsAsked) -> pl.DataFrame:
        return self._find({"callsign": callsign}, "sk", asked, IndexName="by_callsign")

    def in_progress(self, time: EpochSeconds) -> pl.DataFrame:  # noqa: ARG002, it would take a query an aircraft
        return pl.DataFrame(schema=FLIGHT_ENDS)

    def close(self) -> None:
        self._client.close()

    def _find(self, of: dict[str, str], moment: str, asked: FlightsAsked, **options: Any) -> pl.DataFrame:
        ((key, value),) = of.items()
        last = _place(*asked.after) if asked.after else _place(asked.end, _BEHIND_ALL)
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=f"{key} = :value AND {moment} BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":value": {"S": value},
                ":first": {"S": _place(asked.begin, "")},
                ":last": {"S": last},
            },
            ScanIndexForward=False,
            PaginationConfig={"MaxItems": asked.limit + 1},  # the one that `after` names comes again
            **options,
        )
        with transient("flights were not read"):
            items = [item for page in pages for item in page["Items"]]
            found = [item for item in items if item[moment]["S"] != last][: asked.limit]
            if "IndexName" in options:
                found = self._whole(found)
        return pl.DataFrame([_row(item) for item in found], schema=FLIGHT_SCHEMA)

    def _whole(self, entries: list[_Item]) -> list[_Item]:
        """The items of these entries of an index, in their order. One may have expired since."""
        keys = [(entry["pk"]["S"], entry["sk"]["S"]) for entry in entries]
        items = get_items(self._client, self._table, [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys])
        whole = {(item["pk"]["S"], item["sk"]["S"]): item for item in items}
        return [whole[key] for key in keys if key in whole]


def _beside(do: Callable[[Any], None], all_of: Sequence[Any]) -> None:
    """Several at the same time; none is begun after the first error, which is raised."""
    with ThreadPoolExecutor(_HANDS, thread_name_prefix="flights") as hands:
        begun = [hands.submit(do, one) for one in all_of]
        wait(begun, return_when=FIRST_EXCEPTION)
        hands.shutdown(cancel_futures=True)
    for one in begun:
        if not one.cancelled():
            one.result()


def _item(row: dict[str, Any], fence: int, kept: Seconds) -> _Item:
    icao24 = row["icao24"]
    item = {
        "pk": f"flight#{icao24}",
        "sk": _place(row["first_seen"], icao24),
        "flight": orjson.dumps([row[name] for name in FLIGHT_SCHEMA]).decode(),
    }
    for side, sorted_by in _SORTED_BY.items():
        if row[side.value] is not None:
            item |= {side.value: row[side.value], sorted_by: _place(row[side.moment], icao24)}
    callsign = row["callsign"] or ""
    if row["phase"] != "airborne" and CALLSIGN.fullmatch(callsign):  # DynamoDB takes no empty key, and none of 3 KB
        item["callsign"] = callsign.upper()
    attributes = {name: {"S": value} for name, value in item.items()} | {"fence": {"N": str(fence)}}
    return attributes | {"expires_at": {"N": str(int(row["last_seen"] + kept))}} if kept else attributes


def _row(item: _Item) -> dict[str, Any]:
    if "document" in item:
        document: dict[str, Any] = orjson.loads(item["document"]["S"])
        return document
    return dict(zip(FLIGHT_SCHEMA, orjson.loads(item["flight"]["S"]), strict=False))


def _place(moment: EpochSeconds, icao24: str) -> str:
    """To the microsecond, which is as exact as such a time is."""
    return f"{moment:018.6f}#{icao24}"
