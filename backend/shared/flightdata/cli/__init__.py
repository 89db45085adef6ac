"""`flightdata …`: the command line."""

from typing import Annotated

import typer

from flightdata import __version__
from flightdata.cli import dlq, keys
from flightdata.cli.doctor import doctor
from flightdata.cli.doors import invoke
from flightdata.cli.export import export
from flightdata.cli.ingest import ingest
from flightdata.cli.replay import compact, replay
from flightdata.cli.republish import republish
from flightdata.cli.stages import collect, fetch, process
from flightdata.cli.status import status
from flightdata.cli.up import api, up

app = typer.Typer(
    name="flightdata",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Collect live flight data, keep it, query it and analyse it.",
    epilog="Exit codes: 0 ok, 2 usage, 3 not found, 4 not authorised, 5 upstream or quota, 6 degraded.",
)
app.command("up")(up)
app.command("serve")(api)
app.command("ingest")(ingest)
app.command("collect")(collect)
app.command("fetch")(fetch)
app.command("process")(process)
app.command("invoke")(invoke)
app.command("replay")(replay)
app.command("republish")(republish)
app.command("export")(export)
app.command("compact")(compact)
app.command("status")(status)
app.command("doctor")(doctor)
app.add_typer(dlq.app, name="dlq")
app.add_typer(keys.app, name="keys")


def _version(asked: bool) -> None:  # noqa: FBT001, Typer's way
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> None:
    """The console script."""
    app()
