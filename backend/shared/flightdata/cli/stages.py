"""`flightdata collect`, `fetch` and `process`: one stage by itself: collectors, schedulers, a look inside."""

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from flightdata.cli.options import Data, Sources
from flightdata.cli.output import Exit, configure_logs, fail, messages, print_json, settings, told
from flightdata.errors import ConfigurationError
from flightdata.models.events import SnapshotArchived
from flightdata.models.snapshot import SnapshotAccount
from flightdata.models.units import Seconds
from flightdata.pipeline.work import work
from flightdata.ports import Source
from flightdata.runner import Collector
from flightdata.settings import Backend
from flightdata.utils.logs import logger
from flightdata.wiring import House

log = logger(__name__)

_POLL: Seconds = 1.0
_STOP_WITHIN: Seconds = 5.0


def fetch(
    source: Sources = None,
    data: Data = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="One tick of each source, then end.")] = False,
) -> None:
    """Fetch what each source has now into the archive and the queue; print the events as JSON.

    A source that another process fetches, or that is not due (OpenSky spreads its credits), is left alone.
    """
    with told():
        if not once:
            raise ConfigurationError("fetch takes one tick: say --once; `flightdata collect` fetches again and again")
        loaded = settings(data_dir=data, sources=tuple(source) if source else None)
        configure_logs(loaded)
        house = House(loaded)
        with nullcontext() if house.forward is None else house.collecting():
            events = [event for one in house.scheduled for event in _fetched(house, one)]
            sent = house.forward is None or house.forward.round()
        house.close()
        print_json([event.model_dump() for event in events if event])
        if not sent:
            fail(f"{_kept(house)}; the log says why", Exit.UPSTREAM)
        if None in events:
            fail("not every source answered; the log says why", Exit.UPSTREAM)


def collect(source: Sources = None, data: Data = None) -> None:
    """Fetch from all sources, again and again, into the archive and the queue; process nothing.

    Where these are on AWS, answers are kept in the data folder until they are there: AWS may be away for a while.
    Locally `flightdata process` takes it from the queue. Ctrl-C ends it.
    """
    with told():
        loaded = settings(data_dir=data, sources=tuple(source) if source else None)
        configure_logs(loaded)
        house = House(loaded)
        sources, forward = house.scheduled, house.forward
        with house.collecting():
            step = partial(forward.round, _POLL) if forward else None
            collector = Collector(sources, house.collect, house.clock, step)
            where = loaded.s3_raw_bucket if loaded.backend("archive") is Backend.AWS else loaded.data_dir
            messages.print(f"collecting {', '.join(one.name for one in sources)} → {where}; Ctrl-C ends it")
            with _until_told() as stopped:
                collector.start()
                stopped.wait()
            finished = collector.stop(_STOP_WITHIN)
            log.info("stopped" if finished else "stopped with an answer in hand")
            if forward and forward.waiting():
                messages.print(_kept(house))
        house.close()


def _kept(house: House) -> str:
    assert house.forward is not None  # noqa: S101, asked of collectors for AWS only
    return f"{house.forward.waiting()} not sent; kept in {house.embedded.spool_folder} until the next start"


@contextmanager
def _until_told() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets."""
    stopped = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stopped.set()) for number in numbers]
    try:
        yield stopped
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _fetched(house: House, source: Source) -> list[SnapshotArchived | None]:
    """All that is due; where that is nothing, when something will be is said."""
    events = house.collect.all_due(source)
    if not events and house.clock() < (due := source.next_due()) < math.inf:
        messages.print(f"{source.name} is not due before {datetime.fromtimestamp(due, UTC):%F %T}Z")
    return events


def process(data: Data = None) -> None:
    """Process what waits in the queue, then end; print the accounts as JSON.

    Where the queue is here, what a killed fetch archived and did not publish is processed too.
    """
    with told():
        loaded = settings(data_dir=data)
        configure_logs(loaded)
        house = House(loaded)
        with house.alone():
            began, accounts = house.clock(), _processed(house)
            if loaded.backend("publisher") is Backend.EMBEDDED and house.recover.round(began).published:
                accounts += _processed(house)
        house.close()
        print_json(accounts)


def _processed(house: House) -> list[SnapshotAccount]:
    """The accounts of all that waits."""
    accounts = list[SnapshotAccount]()
    while result := work(house.queue, house.process):
        accounts += list(result.accounts.values())
    return accounts
