"""`flightdata dlq`: messages that were given up."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import orjson
import typer
from rich.table import Table

from flightdata.cli.options import Data, Json
from flightdata.cli.output import configure_logs, messages, print_json, print_table, settings, told
from flightdata.errors import NotFound
from flightdata.ports import DeadLetter, DeadLetters
from flightdata.settings import Backend
from flightdata.wiring import House

app = typer.Typer(no_args_is_help=True, help="Messages that were given up after five attempts: look, and try again.")

Id = Annotated[int, typer.Argument(help="The number that `dlq ls` shows.", show_default=False)]


@app.command("ls")
def ls(data: Data = None, json: Json = False) -> None:  # noqa: FBT002, Typer's way
    """List them."""
    with _letters(data) as box:
        letters = box.dead_letters()
        if json:
            print_json([_document(letter) for letter in letters])
        elif not letters:
            messages.print("no dead letters")
        else:
            table = Table("id", "died", "attempts", "key", "reason", box=None)
            for letter in letters:
                died = f"{datetime.fromtimestamp(letter.died_at, UTC):%F %T}Z"
                table.add_row(str(letter.id), died, str(letter.attempts), _key(letter), letter.reason)
            print_table(table)


@app.command("show")
def show(identity: Id, data: Data = None) -> None:
    """Print one of them whole, as JSON."""
    with _letters(data) as box:
        letter = next((one for one in box.dead_letters() if one.id == identity), None)
        if letter is None:
            raise NotFound(f"no dead letter {identity}; `flightdata dlq ls` lists them")
        print_json(_document(letter))


@app.command("redrive")
def redrive(
    identities: Annotated[
        list[int] | None, typer.Argument(help="Which ones; none given: all.", show_default=False)
    ] = None,
    data: Data = None,
) -> None:
    """Put them back into the queue, with fresh attempts. `up` or `process` takes it from there."""
    with _letters(data) as box:
        known = {letter.id for letter in box.dead_letters()}
        if unknown := sorted(set(identities or ()) - known):
            raise NotFound(f"no dead letter {', '.join(map(str, unknown))}; `flightdata dlq ls` lists them")
        messages.print(f"{box.redrive(identities or None)} put back into the queue")


@contextmanager
def _letters(data: Data) -> Iterator[DeadLetters]:
    with told():
        loaded = settings(data_dir=data)
        configure_logs(loaded)
        if loaded.backend("queue") is Backend.EMBEDDED and not loaded.data_dir.is_dir():
            raise NotFound(f"no data in {loaded.data_dir}; name the folder with --data")
        house = House(loaded)
        try:
            yield house.queue
        finally:
            house.close()


def _body(letter: DeadLetter) -> object:
    try:
        return orjson.loads(letter.body)
    except orjson.JSONDecodeError:
        return letter.body


def _key(letter: DeadLetter) -> str:
    body = _body(letter)
    return str(body.get("key", "")) if isinstance(body, dict) else ""


def _document(letter: DeadLetter) -> dict[str, object]:
    return asdict(letter) | {"body": _body(letter)}
