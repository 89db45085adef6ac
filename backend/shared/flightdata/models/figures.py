"""The one vocabulary of metrics: what is counted and measured, in which unit, and what it is called where.

CloudWatch has `name` (namespace FlightDataPipeline, dimension Environment; each costs 0.30 USD a month, so parts of a
figure are properties of the log line, not dimensions). Prometheus has `exported`, to which it adds `_total` for what is
counted. What AWS measures itself (queues, API Gateway, functions) is not measured again there.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """COUNT only grows. DURATION: seconds, of many. STATE: as it is now."""

    COUNT = "count"
    DURATION = "duration"
    STATE = "state"


@dataclass(frozen=True)
class Figure:
    """`by`: what it is split by. `cloud`: CloudWatch has it. `durable`: Prometheus is given it from what is stored, so
    that it is right in every process and after a restart; else a process knows its own since it started.
    """

    name: str
    kind: Kind
    about: str
    exported: str | None = None
    by: tuple[str, ...] = ()
    cloud: bool = True
    durable: bool = False


@dataclass(frozen=True)
class Reading:
    """A durable figure as it is now, of the part `of`."""

    name: str
    value: float
    of: tuple[str, ...] = ()


def _local(name: str, kind: Kind, about: str, exported: str, *by: str, durable: bool = True) -> Figure:
    return Figure(name, kind, about, f"flightdata_{exported}", by, cloud=False, durable=durable)


FIGURES = (
    # Fetch.
    Figure("SnapshotsArchived", Kind.COUNT, "Answers of sources, archived", "flightdata_snapshots_archived"),
    Figure(
        "FetchFailures",
        Kind.COUNT,
        "Attempts without an answer that can be used",
        "flightdata_fetch_failures",
        ("kind",),
    ),
    Figure("FetchSeconds", Kind.DURATION, "From asking a source to the event", "flightdata_fetch_duration_seconds"),
    Figure(
        "CreditsRemaining",
        Kind.STATE,
        "Credits an account has left",
        "flightdata_credits_remaining",
        ("account",),
        durable=True,
    ),
    Figure(
        "SnapshotsRecovered",
        Kind.COUNT,
        "Archived snapshots that nobody had in hand, published again",
        "flightdata_snapshots_recovered",
    ),
    # Process.
    Figure(
        "SnapshotsProcessed", Kind.COUNT, "Snapshots with an account", "flightdata_snapshots_processed", durable=True
    ),
    Figure(
        "SnapshotsUnreadable",
        Kind.COUNT,
        "Of these, bodies that are no snapshot",
        "flightdata_snapshots_unreadable",
        durable=True,
    ),
    Figure("FlightsProcessed", Kind.COUNT, "Rows that came in"),
    Figure("FlightsStored", Kind.COUNT, "Rows that became part of the live picture"),
    Figure(
        "FlightsRejected", Kind.COUNT, "Rows that are no state", "flightdata_rows_rejected", ("reason",), durable=True
    ),
    Figure("QualityFlags", Kind.COUNT, "Flags set on states that are odd", "flightdata_quality_flags", ("rule",)),
    Figure(
        "ProcessingFailures",
        Kind.COUNT,
        "Attempts at a snapshot that failed; it comes again",
        "flightdata_processing_failures",
    ),
    Figure("ProcessSeconds", Kind.DURATION, "A batch of snapshots, all of it", "flightdata_process_duration_seconds"),
    Figure(
        "PictureAge",
        Kind.STATE,
        "Seconds since the time of the newest picture",
        "flightdata_picture_age_seconds",
        durable=True,
    ),
    _local("Rows", Kind.COUNT, "Rows that came in, by what became of them", "rows", "result"),
    # What there is.
    _local("Aircraft", Kind.STATE, "States in the newest picture", "picture_aircraft"),
    _local("QueueMessages", Kind.STATE, "Snapshots in the queue", "queue_messages", "state"),
    _local("SourceUp", Kind.STATE, "1 while a source works, 0 while it fails", "source_up", "source"),
    _local(
        "SourceSuccess", Kind.STATE, "When a source answered last", "source_last_success_timestamp_seconds", "source"
    ),
    _local("SourceData", Kind.STATE, "Time of a source's newest data", "source_data_timestamp_seconds", "source"),
    # The API.
    _local("Requests", Kind.COUNT, "Requests answered", "http_requests", "method", "route", "status", durable=False),
    _local(
        "RequestSeconds",
        Kind.DURATION,
        "Requests, until the last byte",
        "http_request_duration_seconds",
        "route",
        durable=False,
    ),
    Figure(
        "CacheHits",
        Kind.COUNT,
        "Answers that were there, or that the client still had (unchanged); live versions had from the shared cache",
        "flightdata_cache_hits",
        ("kind",),
    ),
    Figure(
        "CacheMisses",
        Kind.COUNT,
        "Answers that had to be made, live versions that had to be read from the table",
        "flightdata_cache_misses",
        ("kind",),
    ),
)

FIGURE = {one.name: one for one in FIGURES}
