"""`flightdata republish`: archived snapshots into the queue again, here or on AWS."""

import math
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from flightdata.cli.options import Data, From, Json, To, moment
from flightdata.cli.output import configure_logs, messages, print_json, settings, told
from flightdata.cli.tally import bar
from flightdata.errors import ConfigurationError, NotFound, Transient
from flightdata.models.snapshot import SnapshotKey
from flightdata.pipeline.recover import given_up, in_order, look, publish_again
from flightdata.settings import Backend
from flightdata.wiring import House


def republish(  # noqa: PLR0913, each is an option
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]…", help="These snapshots.", show_default=False)
    ] = None,
    since: From = None,
    until: To = None,
    *,
    unprocessed: Annotated[
        bool, typer.Option("--unprocessed", help="Only those that have no account and are no dead letters.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Publish nothing, only say which they are.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Publish archived snapshots again, so that they are processed again; print their keys, the oldest first.

    Chosen by key, or by when they were received. What is processed a second time changes nothing; what is older than
    the live picture goes to the history only. `up`, `process` or the deployed processor takes it from the queue.
    """
    with told():
        loaded = settings(data_dir=data)
        configure_logs(loaded, quiet_on_terminal=True)
        if not (keys or since or until or unprocessed):
            raise ConfigurationError("say which: KEYs, --from and --to, or --unprocessed for all that lack an account")
        if keys and (since or until):
            raise ConfigurationError("either KEYs, or --from and --to")
        if loaded.backend("archive") is Backend.EMBEDDED and not loaded.data_dir.is_dir():
            raise NotFound(f"no data in {loaded.data_dir}; name the folder with --data")
        house = House(loaded)
        chosen = _named(house, keys) if keys else _received(house, since, until)
        if unprocessed:
            dead = given_up(house.queue)
            chosen = [key for key in look(chosen, house.ledger).lacking if key not in dead]
        chosen = in_order(chosen)
        if not dry_run:
            _publish(house, chosen)
        house.close()
        _say(chosen, dry_run=dry_run, json=json)


def _named(house: House, keys: Sequence[str]) -> list[str]:
    """In the order of an archive. Raises NotFound where one is not in it."""
    for key in keys:
        if not SnapshotKey.is_one(key):
            raise ConfigurationError(f"{key!r} is no key of a snapshot; the log and `flightdata dlq ls` have them")
        received = SnapshotKey.parse(key).received_at
        if key not in house.archive.keys(received, received + 0.001):
            raise NotFound(f"the archive has no snapshot {key}")
    return sorted(set(keys))


def _received(house: House, since: str | None, until: str | None) -> list[str]:
    start, end = moment("--from", since) or 0.0, moment("--to", until)
    end = math.inf if end is None else end
    if start >= end:
        raise ConfigurationError("--from is not before --to")
    chosen = [key for key in house.archive.keys(start, end) if SnapshotKey.is_one(key)]
    if not chosen:
        raise NotFound("the archive has no snapshots of that time")
    return chosen


def _publish(house: House, keys: Sequence[str]) -> None:
    """Raises Transient with how far it came."""
    with bar(len(keys)) as advance:
        for done, key in enumerate(keys, 1):
            try:
                publish_again(key, house.publisher)
            except Transient as error:
                raise Transient(f"{done - 1} of {len(keys)} published, start it again: {error}") from error
            advance(done, f"{done:,} published")


def _say(keys: Sequence[str], *, dry_run: bool, json: bool) -> None:
    published = 0 if dry_run else len(keys)
    if json:
        print_json({"snapshots": len(keys), "published": published, "keys": keys})
        return
    sys.stdout.writelines(f"{key}\n" for key in keys)
    messages.print(f"{len(keys):,} snapshots found, none published" if dry_run else f"{published:,} published again")
