"""What AWS Lambda hands to a function, as stage calls: event shapes in, stage results out. No logic beyond that."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

import orjson
from pydantic import ValidationError

from flightdata.errors import FlightDataError, Transient
from flightdata.models.events import SnapshotArchived
from flightdata.models.units import Seconds
from flightdata.pipeline.analyze import Analyze
from flightdata.pipeline.fetch import Fetch
from flightdata.pipeline.keep import Keep
from flightdata.pipeline.process import Process, Processed
from flightdata.ports import Metrics, Source
from flightdata.settings import invocation_trace
from flightdata.utils.logs import logger
from flightdata.utils.tracing import flush, span

log = logger(__name__)

LambdaEvent = dict[str, Any]

_TRIES = 3
_XRAY = re.compile(r"Root=1-([0-9a-f]{8})-([0-9a-f]{24});Parent=([0-9a-f]{16});Sampled=([01])")

FLUSH_WITHIN: Seconds = 2.0
"""Longer a function does not wait for a collector."""


@contextmanager
def invocation(name: str) -> Iterator[None]:
    """What a function does once, as a span below Lambda's own; what was traced leaves before Lambda freezes us."""
    try:
        with span(name, kind="server", parent=_w3c(invocation_trace())):
            yield
    finally:
        flush(FLUSH_WITHIN)


def on_schedule(fetch: Fetch, source: Source) -> dict[str, Any]:
    """A scheduled tick: what was archived, if anything was and is due."""
    events = fetch.all_due(source)
    archived = [event.key for event in events if event]
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
            metrics.count({"ProcessingFailures": 1})
            failed.append(record["messageId"])
    try:
        result = _processed(process, [one for _, one in parsed])
        failed += [parsed[place][0] for place in result.failed]
    except FlightDataError as error:
        log.warning("batch not processed, all of it will be tried again", reason=str(error))
        failed += [message for message, _ in parsed]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def on_analytics(analyze: Analyze, keep: Keep) -> dict[str, Any]:
    """Scheduled analytics: the performance of the last hour; and the housekeeping."""
    return {"performance": analyze.performance().model_dump(), "kept": asdict(keep.round())}


def _w3c(header: str) -> str | None:
    """X-Ray's `Root=1-<8>-<24>;Parent=<16>;Sampled=1`, hexadecimal, as a traceparent."""
    found = _XRAY.match(header)
    return f"00-{found[1]}{found[2]}-{found[3]}-0{found[4]}" if found else None


def _processed(process: Process, events: Sequence[SnapshotArchived]) -> Processed:
    """Who lost the race for the next version starts again from the new one; by the queue it would take minutes."""
    for _ in range(_TRIES - 1):
        with suppress(Transient):
            return process.batch(events)
    return process.batch(events)
