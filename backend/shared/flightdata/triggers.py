"""What AWS Lambda hands to a function, as stage calls: event shapes in, stage results out. No logic beyond that."""

import math
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
from flightdata.ports import Clock, Metrics, Source
from flightdata.settings import invocation_trace
from flightdata.utils.logs import logger
from flightdata.utils.tracing import flush, span

log = logger(__name__)

LambdaEvent = dict[str, Any]

_TRIES = 3
_RESERVE: Seconds = 60.0
"""What one answer may take: a token, the request, the archive's and the bus's retries."""

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


def on_schedule(fetch: Fetch, sources: list[Source], clock: Clock, left: Seconds = math.inf) -> dict[str, Any]:
    """A scheduled tick: what was archived, if anything was and is due, which sources failed, and for which there was no
    time in the `left` seconds; those go first in the next tick.

    Raises, once all were asked, the first error that no source is to blame for.
    """
    until = clock() + left - _RESERVE
    archived, failed, late, errors = list[str](), list[str](), list[Source](), list[Exception]()
    for source in list(sources):
        if clock() >= until:
            log.warning("no time left for it in this tick", source=source.name)
            late.append(source)
            continue
        try:
            events = fetch.all_due(source, until)
        except Exception as error:
            log.exception("not fetched", source=source.name, reason=str(error))
            errors.append(error)
            events = [None]
        archived += [event.key for event in events if event]
        failed += [source.name] * (None in events)
    sources[:] = [*late, *(one for one in sources if one not in late)]
    if errors:
        raise errors[0]
    return {"archived": archived, "failed": failed, "late": [source.name for source in late]}


def left(context: Any) -> Seconds:
    """How long the function may still run; for ever where nobody says."""
    return context.get_remaining_time_in_millis() / 1000 if context else math.inf


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
