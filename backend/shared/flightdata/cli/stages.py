"""`flightdata fetch` and `flightdata process`: one stage by itself, for schedulers and for a look inside."""

import math
from datetime import UTC, datetime
from typing import Annotated

import typer

from flightdata.cli.options import Data, Sources
from flightdata.cli.output import Exit, configure_logs, fail, messages, print_json, settings, told
from flightdata.errors import ConfigurationError
from flightdata.models.events import SnapshotArchived
from flightdata.pipeline.work import work
from flightdata.ports import Source
from flightdata.wiring import SHIPPED, House


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
            raise ConfigurationError("fetch takes one tick: say --once; `flightdata up` fetches again and again")
        loaded = settings(data_dir=data, sources=tuple(source) if source else None)
        configure_logs(loaded)
        house = House(loaded)
        sources = [house.source(spec) for spec in loaded.sources or (SHIPPED,)]
        events = [event for one in sources for event in _fetched(house, one)]
        house.close()
        print_json([event.model_dump() for event in events if event])
        if None in events:
            fail("not every source answered; the log says why", Exit.UPSTREAM)


def _fetched(house: House, source: Source) -> list[SnapshotArchived | None]:
    """All that is due; where that is nothing, when something will be is said."""
    events = house.fetch.all_due(source)
    if not events and house.clock() < (due := source.next_due()) < math.inf:
        messages.print(f"{source.name} is not due before {datetime.fromtimestamp(due, UTC):%F %T}Z")
    return events


def process(data: Data = None) -> None:
    """Process what waits in the queue, then end; print the accounts as JSON."""
    with told():
        loaded = settings(data_dir=data)
        configure_logs(loaded)
        house = House(loaded)
        accounts = []
        with house.alone():
            while result := work(house.queue, house.process):
                accounts += list(result.accounts.values())
        house.close()
        print_json(accounts)
