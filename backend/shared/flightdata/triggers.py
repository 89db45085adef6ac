"""What AWS Lambda hands to a function, as stage calls: event shapes in, stage results out. No logic beyond that."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from flightdata.errors import FlightDataError, Poison
from flightdata.models.events import SnapshotArchived, event_of
from flightdata.models.units import Seconds
from flightdata.pipeline.analyze import Analyze
from flightdata.pipeline.fetch import Fetch
from flightdata.pipeline.keep import Keep
from flightdata.pipeline.process import Process
from flightdata.pipeline.recover import Recover
from flightdata.pipeline.work import processed, reason
from flightdata.ports import Clock, Metrics, Queue, Source
from flightdata.settings import invocation_trace
from flightdata.utils.logs import logger
from flightdata.utils.time_left import TimeLeft
from flightdata.utils.tracing import flush, span

log = logger(__name__)

LambdaEvent = dict[str, Any]

_RESERVE: Seconds = 60.0
"""What one answer may take: a token, the request, the archive's and the bus's retries."""

_XRAY = re.compile(r"Root=1-([0-9a-f]{8})-([0-9a-f]{24});Parent=([0-9a-f]{16});Sampled=([01])")

FLUSH_WITHIN: Seconds = 2.0
"""Longer a function does not wait for a collector."""

_ANSWERING: Seconds = FLUSH_WITHIN + 1.0
"""So long before its time-out a function no longer waits for AWS."""

_GIVING_UP: Seconds = 10.0
"""What it takes to put messages among the dead letters; the processing ends so long before."""


@contextmanager
def invocation(name: str, time_left: TimeLeft, context: Any) -> Iterator[None]:
    """What a function does once, as a span below Lambda's own; what was traced leaves before Lambda freezes us.

    AWS is not waited for so long that there would be no time for an answer.
    """
    try:
        with span(name, kind="server", parent=_w3c(invocation_trace())), time_left.within(left(context) - _ANSWERING):
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


def on_snapshots(  # noqa: PLR0913, a batch and what it is worked with
    process: Process, queue: Queue, metrics: Metrics, event: LambdaEvent, time_left: TimeLeft, *, max_attempts: int
) -> dict[str, Any]:
    """An SQS batch of EventBridge envelopes: the partial batch response names the messages that are to come again.

    Poison, and what failed `max_attempts` times, goes to the dead letters of `queue` instead, with the reason, of which
    SQS itself would keep none. Raises what is no fault of the messages.
    """
    records: list[LambdaEvent] = event["Records"]
    parsed, failed = dict[str, SnapshotArchived](), dict[str, Exception]()
    for record in records:
        try:
            parsed[record["messageId"]] = event_of(record["body"])
        except Poison as error:
            log.warning("message is no event", message=record["messageId"], reason=str(error))
            metrics.count({"ProcessingFailures": 1})
            failed[record["messageId"]] = error
    thrown: Exception | None = None
    try:
        messages = list(parsed)
        with time_left.within(time_left() - _GIVING_UP):
            result = processed(process, list(parsed.values()))
        failed |= {messages[place]: error for place, error in result.failed.items()}
    except Exception as error:
        log.exception("batch not processed, all of it will be tried again", reason=str(error))
        thrown = error
        failed |= dict.fromkeys(parsed, error)
    again = [
        record["messageId"]
        for record in records
        if (why := failed.get(record["messageId"])) and not _given_up(queue, record, why, max_attempts)
    ]
    if thrown and len(again) == len(records):
        raise thrown
    return {"batchItemFailures": [{"itemIdentifier": message} for message in again]}


def on_analytics(analyze: Analyze, recover: Recover, keep: Keep) -> dict[str, Any]:
    """Scheduled analytics: the performance of the last hour; what nobody has in hand, published again; and the
    housekeeping. Where the second fails, the third is done before that is raised.
    """
    report: dict[str, Any] = {"performance": analyze.performance().model_dump()}
    try:
        report["recovered"] = asdict(recover.round())
    finally:
        report["kept"] = asdict(keep.round())
    return report


def _w3c(header: str) -> str | None:
    """X-Ray's `Root=1-<8>-<24>;Parent=<16>;Sampled=1`, hexadecimal, as a traceparent."""
    found = _XRAY.match(header)
    return f"00-{found[1]}{found[2]}-{found[3]}-0{found[4]}" if found else None


def _given_up(queue: Queue, record: LambdaEvent, error: Exception, max_attempts: int) -> bool:
    """Whether the message is among the dead letters now, and may be forgotten."""
    attempts = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    if not isinstance(error, Poison) and attempts < max_attempts:
        return False
    try:
        queue.bury(record["body"], attempts, reason(error))
    except FlightDataError as trouble:
        log.warning("message not given up yet", message=record["messageId"], reason=str(trouble))
        return False
    log.warning("message given up", message=record["messageId"], attempts=attempts, reason=reason(error))
    return True
