"""`flightdata keys`: who may ask the API where API_AUTH=required."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from flightdata.cli.options import Data, Json
from flightdata.cli.output import configure_logs, messages, print_json, print_table, settings, told
from flightdata.errors import NotFound
from flightdata.models.key import ApiKey
from flightdata.models.units import EpochSeconds
from flightdata.pipeline.access import REMEMBERED, Access
from flightdata.settings import Backend
from flightdata.wiring import House

app = typer.Typer(no_args_is_help=True, help="Keys of the API, for API_AUTH=required: make, list, revoke.")


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Whose it is, for you.", show_default=False)],
    expires: Annotated[
        float | None, typer.Option(metavar="DAYS", help="Days after which it ends.  [default: never]")
    ] = None,
    data: Data = None,
    json: Json = False,  # noqa: FBT002, Typer's way
) -> None:
    """Make a key and print it. It is shown this once: only its hash is kept."""
    with _access(data, new=True) as access:
        key, text = access.create(name, expires)
        if json:
            print_json(_document(key) | {"key": text})
        else:
            typer.echo(text)
            messages.print(f"key {key.id} for {name}, {_until(key)}; it is not shown again", markup=False)


@app.command("ls")
def ls(data: Data = None, json: Json = False) -> None:  # noqa: FBT002, Typer's way
    """List them."""
    with _access(data) as access:
        keys = access.known()
        if json:
            print_json([_document(key) for key in keys])
        elif not keys:
            messages.print("no keys; `flightdata keys create NAME` makes one")
        else:
            table = Table("id", "name", "created", "", box=None)
            for key in keys:
                table.add_row(key.id, key.name, _time(key.created_at), _until(key))
            print_table(table)


@app.command("revoke")
def revoke(
    identity: Annotated[str, typer.Argument(metavar="ID", help="As `keys ls` shows it.", show_default=False)],
    data: Data = None,
) -> None:
    """Let a key open nothing any more, within a minute."""
    with _access(data) as access:
        key = access.revoke(identity)
        messages.print(f"key {key.id} of {key.name} is revoked, within {REMEMBERED:.0f} s", markup=False)


@contextmanager
def _access(data: Data, *, new: bool = False) -> Iterator[Access]:
    with told():
        loaded = settings(data_dir=data)
        configure_logs(loaded)
        if loaded.backend("keys") is Backend.EMBEDDED and not (new or loaded.data_dir.is_dir()):
            raise NotFound(f"no data in {loaded.data_dir}; name the folder with --data")
        house = House(loaded)
        try:
            yield house.access
        finally:
            house.close()


def _document(key: ApiKey) -> dict[str, Any]:
    return {"id": key.id, "name": key.name, "created_at": key.created_at, "expires_at": key.expires_at}


def _until(key: ApiKey) -> str:
    return "never expires" if key.expires_at is None else f"expires {_time(key.expires_at)}"


def _time(moment: EpochSeconds) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%F %T}Z"
