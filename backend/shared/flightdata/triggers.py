"""What AWS Lambda hands to a function, as stage calls: event shapes in, stage results out. No logic beyond that."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import orjson
from pydantic import ValidationError

from flightdata.errors import FlightDataError, Transient
from flightdata.models.events import SnapshotArchived
from flightdata.models.snapshot import SnapshotAccount
from flightdata.pipeline.analyze import Analyze
from flightdata.pipeline.fetch import Fetch
from flightdata.pipeline.keep import Keep
from flightdata.pipeline.process import Process, Processed
from flightdata.ports import Metrics, Source
from flightdata.utils.logs import logger

log = logger(__name__)

LambdaEvent = dict[str, Any]

_TRIES = 3


def on_schedule(fetch: Fetch, source: Source, metrics: Metrics) -> dict[str, Any]:
    """A scheduled tick: what was archived, if anything was and is due."""
    events = fetch.all_due(source)
    archived = [event.key for event in events if event]
    metrics.count({"SnapshotsArchived": len(archived), "FetchFailures": len(events) - len(archived)})
    return {"archived": archived}


def on_snapshots(process: Process, metrics: Metrics, event: LambdaEvent) -> dict[str, Any]:
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
        result = _processed(process, [one for _, one in parsed])
        failed += [parsed[place][0] for place in result.failed]
        _count(metrics, list(result.accounts.values()))
    except FlightDataError as error:
        log.warning("batch not processed, all of it will be tried again", reason=str(error))
        failed += [message for message, _ in parsed]
    metrics.count({"ProcessingFailures": len(failed)})
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def on_analytics(analyze: Analyze, keep: Keep) -> dict[str, Any]:
    """Scheduled analytics: the performance of the last hour; and the housekeeping."""
    return {"performance": analyze.performance().model_dump(), "kept": asdict(keep.round())}


def _processed(process: Process, events: Sequence[SnapshotArchived]) -> Processed:
    """Who lost the race for the next version starts again from the new one; by the queue it would take minutes."""
    for _ in range(_TRIES - 1):
        with suppress(Transient):
            return process.batch(events)
    return process.batch(events)


def _count(metrics: Metrics, accounts: Sequence[SnapshotAccount]) -> None:
    metrics.count(
        {
            "SnapshotsProcessed": len(accounts),
            "SnapshotsUnreadable": sum(one.unreadable is not None for one in accounts),
            "FlightsProcessed": sum(one.rows for one in accounts),
            "FlightsStored": sum(one.stored for one in accounts),
            "FlightsRejected": sum(sum(one.rejected.values()) for one in accounts),
        }
    )
