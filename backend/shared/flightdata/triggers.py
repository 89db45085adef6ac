"""What AWS Lambda hands to a function, as stage calls: event shapes in, stage results out. No logic beyond that."""

from dataclasses import asdict
from typing import Any

import orjson
from pydantic import ValidationError

from flightdata.errors import FlightDataError
from flightdata.models.events import SnapshotArchived
from flightdata.pipeline.analyze import Analyze
from flightdata.pipeline.fetch import Fetch
from flightdata.pipeline.keep import Keep
from flightdata.pipeline.process import Process
from flightdata.ports import Source
from flightdata.utils.logs import logger

log = logger(__name__)

LambdaEvent = dict[str, Any]


def on_schedule(fetch: Fetch, source: Source) -> dict[str, Any]:
    """A scheduled tick: what was archived, if anything was and is due."""
    return {"archived": [event.key for event in fetch.all_due(source) if event]}


def on_snapshots(process: Process, event: LambdaEvent) -> dict[str, Any]:
    """An SQS batch of EventBridge envelopes: the partial batch response names the messages that failed."""
    failed: list[str] = []
    parsed: list[tuple[str, SnapshotArchived]] = []
    for record in event["Records"]:
        try:
            envelope = orjson.loads(record["body"])
            parsed.append((record["messageId"], SnapshotArchived.model_validate(envelope.get("detail", envelope))))
        except (orjson.JSONDecodeError, ValidationError, AttributeError) as error:
            log.warning("message is no event", message=record["messageId"], reason=str(error))
            failed.append(record["messageId"])
    try:
        result = process.batch([one for _, one in parsed])
        failed += [parsed[place][0] for place in result.failed]
    except FlightDataError as error:
        log.warning("batch not processed, all of it will be tried again", reason=str(error))
        failed += [message for message, _ in parsed]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def on_analytics(analyze: Analyze, keep: Keep) -> dict[str, Any]:
    """Scheduled analytics: the performance of the last hour; and the housekeeping."""
    return {"performance": analyze.performance().model_dump(), "kept": asdict(keep.round())}
