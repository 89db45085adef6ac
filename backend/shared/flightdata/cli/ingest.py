"""`flightdata ingest`: recordings through all stages, as fast as it goes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from flightdata.cli.options import Data, Json
from flightdata.cli.output import Exit, configure_logs, messages, print_json, settings, told
from flightdata.clients.recording import Recording
from flightdata.models.snapshot import SnapshotAccount
from flightdata.pipeline.work import MOST, work
from flightdata.wiring import House


@dataclass
class Tally:
    """The account of a whole ingestion: rows = stored + superseded + the sum of `rejected`.

    `unreadable`: bodies that were no snapshot, by reason. `dead`: snapshots that went to the dead letters.
    """

    snapshots: int = 0
    rows: int = 0
    stored: int = 0
    superseded: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, int] = field(default_factory=dict)
    dead: int = 0

    def add(self, accounts: Sequence[SnapshotAccount]) -> None:
        for account in accounts:
            self.snapshots += 1
            self.rows += account.rows
            self.stored += account.stored
            self.superseded += account.superseded
            self.rejected = _sum(self.rejected, account.rejected)
            if account.unreadable:
                self.unreadable = _sum(self.unreadable, {account.unreadable: 1})


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return dict(Counter(one) + Counter(other))


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
        with house.alone(), _bar(recording) as advance:
            tally = _run(house, recording, advance)
        house.close()
        (print_json if json else _print)(asdict(tally))
        if tally.dead:
            raise typer.Exit(Exit.DEGRADED)


def _run(house: House, recording: Recording, advance: "Advance") -> Tally:
    while work(house.queue, house.process, patient=False):
        pass  # what an earlier run left in the queue is not part of this account
    tally, dead_before = Tally(), house.queue.depth().dead
    while recording.next_due() <= house.clock():
        for _ in range(MOST):
            if recording.next_due() <= house.clock():
                house.fetch.tick(recording)
        _work_off(house, tally)
        advance(recording.position, tally)
    tally.dead = house.queue.depth().dead - dead_before
    return tally


def _work_off(house: House, tally: Tally) -> None:
    while (depth := house.queue.depth()).waiting or depth.in_flight:
        if result := work(house.queue, house.process, wait=1.0, patient=False):
            tally.add(list(result.accounts.values()))


class Advance:
    """Moves the bar."""

    def __init__(self, progress: Progress, size: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=size)

    def __call__(self, position: int, tally: Tally) -> None:
        text = f"{tally.snapshots:,} snapshots, {tally.rows:,} rows"
        self._progress.update(self._task, completed=position, description=text)


@contextmanager
def _bar(recording: Recording) -> Iterator[Advance]:
    """A progress bar on a terminal; nothing elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=messages, disable=not messages.is_terminal) as progress:
        yield Advance(progress, recording.size)


def _print(tally: dict[str, object]) -> None:
    table = Table(show_header=False, box=None)
    for name, value in tally.items():
        if isinstance(value, dict):
            text = ", ".join(f"{reason} {count:,}" for reason, count in value.items()) or "0"
        else:
            text = f"{value:,}"
        table.add_row(name, text)
    messages.print(table)
