"""The account of much work, and the bar that shows how far it is."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from flightdata.cli.output import messages
from flightdata.models.snapshot import SnapshotAccount

Advance = Callable[[float, str], None]
"""Moves the bar: the position, and what is written beside it."""


@dataclass
class Tally:
    """The account of many snapshots: rows = stored + superseded + the sum of `rejected`.

    `unreadable`: bodies that were no snapshot, by reason. `dead`: snapshots that could not be processed.
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

    def __str__(self) -> str:
        return f"{self.snapshots:,} snapshots, {self.rows:,} rows"


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return dict(Counter(one) + Counter(other))


@contextmanager
def bar(size: float) -> Iterator[Advance]:
    """A progress bar on a terminal; nothing elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=messages, disable=not messages.is_terminal) as progress:
        task = progress.add_task("", total=size)
        yield lambda position, text: progress.update(task, completed=position, description=text)


def print_account(tally: dict[str, object]) -> None:
    """On stderr, for people."""
    table = Table(show_header=False, box=None)
    for name, value in tally.items():
        if isinstance(value, dict):
            text = ", ".join(f"{reason} {count:,}" for reason, count in value.items()) or "0"
        else:
            text = f"{value:,}"
        table.add_row(name.replace("_", " "), text)
    messages.print(table)
