"""The command: all checks, one after the other, as text or JSON."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict

import typer
from rich.table import Table
from rich.text import Text

from flightdata.cli.doctor.aws import aws
from flightdata.cli.doctor.clock import Beside
from flightdata.cli.doctor.configuration import load
from flightdata.cli.doctor.finding import Finding, Verdict, failed, passed, warned, worst
from flightdata.cli.doctor.sources import sources
from flightdata.cli.doctor.storage import storage
from flightdata.cli.options import Data, Json, Sources
from flightdata.cli.output import Exit, configure_logs, print_json, print_table
from flightdata.errors import ConfigurationError
from flightdata.settings import Settings
from flightdata.wiring import House

_MARKS = {Verdict.PASS: ("✓", "green"), Verdict.WARN: ("!", "yellow"), Verdict.FAIL: ("✗", "red")}


def doctor(source: Sources = None, data: Data = None, json: Json = False) -> None:  # noqa: FBT002, Typer's way
    """Check settings, data folder, disk, AWS, clock, map and sources, and say what to do. Costs no credits.

    Exit code 6 when something fails.
    """
    loaded, findings = load(data_dir=data, sources=tuple(source) if source else None)
    if loaded:
        configure_logs(loaded, quiet_on_terminal=True)
        findings += _of_the_house(loaded)
    verdict = worst(findings)
    if json:
        print_json({"verdict": verdict, "checks": [asdict(one) for one in findings]})
    else:
        _print(findings)
    if verdict is Verdict.FAIL:
        raise typer.Exit(Exit.DEGRADED)


def _of_the_house(loaded: Settings) -> Iterator[Finding]:
    with closing(House(loaded)) as house:
        try:
            missing = house.missing()
        except ConfigurationError as error:
            yield failed("settings", str(error), "see .env.example")
            return
        yield from _commands(missing)
        beside = Beside(house.clock)
        yield from storage(house)
        yield from aws(house)
        looks = sources(loaded)
        yield from beside.findings(look.ahead for look in looks)
        yield _map(house)
        yield from (look.finding for look in looks)


def _commands(missing: dict[str, str]) -> Iterator[Finding]:
    """A machine need not be able to do all: a collector serves nobody."""
    for command, lack in missing.items():
        yield warned("settings", f"no `flightdata {command}` with these: {lack}", "set it, if that is to run here")


def _map(house: House) -> Finding:
    if house.map_folder:
        return passed("map", "is built")
    return warned("map", "is not built; the API works without it", "run `make setup`, which needs Node 20 or newer")


def _print(findings: list[Finding]) -> None:
    table = Table(show_header=False, box=None)
    for one in findings:
        mark, style = _MARKS[one.verdict]
        table.add_row(Text(mark, style), one.check, Text(_said(one)))
        if one.advice:
            table.add_row("", "", Text(f"→ {one.advice}", style))
    print_table(table)


def _said(finding: Finding) -> str:
    took = "" if finding.seconds is None else f" ({finding.seconds:.1f} s)"
    return f"{finding.verdict}: {finding.found}{took}"
