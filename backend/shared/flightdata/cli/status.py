"""`flightdata status`: what is going on."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import typer
from rich.table import Table

from flightdata.cli.options import Data, Json
from flightdata.cli.output import Exit, configure_logs, messages, print_json, print_table, settings, told
from flightdata.clients import opensky
from flightdata.errors import NotFound, Transient
from flightdata.models.picture import Shown
from flightdata.models.units import EpochSeconds
from flightdata.pipeline.query import troubles
from flightdata.settings import Backend
from flightdata.utils.lock import held_by
from flightdata.wiring import House


def status(data: Data = None, json: Json = False) -> None:  # noqa: FBT002, Typer's way
    """Tell what is going on: the live picture, the queue, the sources, the account of all rows, a collector's spool.

    Exit code 6 when a source fails or there are dead letters.
    """
    with told():
        loaded = settings(data_dir=data)
        configure_logs(loaded)
        if loaded.backend("queue") is Backend.EMBEDDED and not loaded.data_dir.is_dir():
            raise NotFound(
                f"no data in {loaded.data_dir}; start with `flightdata up` or name another folder with --data"
            )
        house = House(loaded)
        try:
            report = gather(house)
        except Transient:
            if house.kept:  # AWS is away: this much is known here
                messages.print(f"{house.kept} answers wait in {house.embedded.spool_folder} to be sent")
            raise
        finally:
            house.close()
        (print_json if json else _print)(report)
        if report["degraded"]:
            raise typer.Exit(Exit.DEGRADED)


def gather(house: House) -> dict[str, Any]:
    """All that `status` says."""
    depth, sources = house.queue.depth(), house.health.sources()
    degraded = list(troubles(sources))
    try:
        picture = house.live.shown()
    except Transient as error:
        picture = Shown()
        degraded.append(str(error))
    if depth.dead:
        degraded.append(f"{depth.dead} dead letters: see `flightdata dlq ls`")
    return {
        "time": house.clock(),
        "data": str(house.settings.data_dir),
        "running": held_by(house.lock),
        "degraded": degraded,
        "picture": {
            "version": picture.version,
            "time": picture.time or None,
            "age": round(house.clock() - picture.time, 1) if picture.version else None,
            "aircraft": picture.aircraft,
        },
        "queue": asdict(depth),
        "spool": house.kept,
        "sources": [asdict(one) for one in sources],
        "opensky": _credits(house),
        "totals": asdict(house.ledger.totals()),
    }


def _condition(source: dict[str, Any], now: EpochSeconds) -> str:
    """`works, data 2 s old` or `fails since …, 3 times in a row, next attempt in 12 s`."""
    if source["error"]:
        since = datetime.fromtimestamp(source["failing_since"], UTC)
        said = f"fails since {since:%F %T}Z ({source['kind']}, {source['failures_in_a_row']} in a row)"
        ahead = (source["next_attempt"] or now) - now
        return f"{said}, next attempt in {ahead:.0f} s" if ahead > 0 else said
    age = f", data {now - source['data_time']:.0f} s old" if source["data_time"] else ""
    return f"works{age}"


def _credits(house: House) -> dict[str, Any] | None:
    """Those of the account that was used last; None before the first one."""
    known = house.budgets.known()
    newest = max(known, key=lambda budget: max(budget.last_call, budget.trouble.looked_at), default=None)
    return opensky.report(newest, house.clock()) if newest else None


def _print(report: dict[str, Any]) -> None:
    picture, queue, totals = report["picture"], report["queue"], report["totals"]
    table = Table(show_header=False, box=None)
    table.add_row("running", report["running"] or "no")
    table.add_row("data", report["data"])
    if picture["version"]:
        when = _clock(picture["time"])
        table.add_row("picture", f"{picture['aircraft']:,} aircraft, version {picture['version']}, {when}")
    else:
        table.add_row("picture", "none yet")
    table.add_row("queue", ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in queue.items()))
    if report["spool"]:
        table.add_row("spool", f"{report['spool']} answers wait to be sent")
    for source in report["sources"]:
        table.add_row(f"source {source['name']}", _condition(source, report["time"]))
    if report["opensky"]:
        _add_credits(table, report["opensky"])
    table.add_row("snapshots", f"{totals['snapshots']:,}, {totals['unreadable']:,} of them unreadable")
    table.add_row("rows", f"{totals['rows']:,} = {totals['stored']:,} stored + {totals['superseded']:,} superseded")
    for reason, count in totals["rejected"].items():
        table.add_row("", f"+ {count:,} rejected: {reason}")
    for trouble in report["degraded"]:
        table.add_row("degraded", trouble, style="yellow")
    print_table(table)


def _add_credits(table: Table, account: dict[str, Any]) -> None:
    table.add_row(
        "opensky credits",
        f"{account['credits_left']:,} of {account['credits']:,} left ({account['class']}), all of them again by"
        f" {_clock(account['renewed_by'])}",
    )
    table.add_row(
        "opensky price",
        f"{account['price']} a tick for {account['areas']}: every {account['interval']:g} s on average",
    )
    table.add_row("opensky next call", _clock(account["next_call"]))
    if account["blocked_until"]:
        table.add_row("", f"OpenSky wants no call before {_clock(account['blocked_until'])}", style="yellow")
    for idea in account["cheaper"]:
        table.add_row("", f"more often with {idea}")
    if account["failure"]:
        since = _clock(account["failing_since"])
        table.add_row(f"opensky {account['failure']}", f"since {since}: {account['reason']}", style="yellow")


def _clock(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%F %T}Z"
