"""`flightdata ingest`: recordings through all stages, as fast as it goes."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from flightdata.cli.options import Data, Json
from flightdata.cli.output import Exit, configure_logs, print_json, settings, told
from flightdata.cli.tally import Advance, Tally, bar, print_account
from flightdata.clients.recording import Recording
from flightdata.pipeline.work import MOST, work
from flightdata.wiring import House


def ingest(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Recordings: OpenSky or readsb JSON, one answer a file or a line, also .gz and .zst; "
            "or folders of them. The oldest goes first.",
            show_default=False,
        ),
    ],
    data: Data = None,
    json: Json = False,  # noqa: FBT002, Typer's way
) -> None:
    """Take recordings through the same stages as live data, and account for every row."""
    with told():
        loaded = settings(data_dir=data)
        configure_logs(loaded, quiet_on_terminal=True)
        house = House(loaded)
        recording = house.recordings(paths)
        with house.alone(), bar(recording.size) as advance:
            tally = _run(house, recording, advance)
        house.close()
        (print_json if json else print_account)(asdict(tally))
        if tally.dead:
            raise typer.Exit(Exit.DEGRADED)


def _run(house: House, recording: Recording, advance: Advance) -> Tally:
    while work(house.queue, house.process, patient=False):
        pass  # what an earlier run left in the queue is not part of this account
    tally, dead_before = Tally(), house.queue.depth().dead
    while recording.next_due() <= house.clock():
        for _ in range(MOST):
            if recording.next_due() <= house.clock():
                house.fetch.tick(recording)
        _work_off(house, tally)
        advance(recording.position, str(tally))
        house.keep.compact(0.0)
    house.keep.compact(math.inf)
    tally.dead = house.queue.depth().dead - dead_before
    return tally


def _work_off(house: House, tally: Tally) -> None:
    while (depth := house.queue.depth()).waiting or depth.in_flight:
        if result := work(house.queue, house.process, wait=1.0, patient=False):
            tally.add(list(result.accounts.values()))
