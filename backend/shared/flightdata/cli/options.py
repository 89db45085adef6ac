"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from flightdata.errors import ConfigurationError
from flightdata.models.moment import parse_moment
from flightdata.models.units import EpochSeconds

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the data.  [env: DATA_DIR; default: data]", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        help="Where states come from: opensky[:BOXES], readsb:URL, readsb:PATH, v2:URL, recording[:PATH] or "
        "simulation[:AIRCRAFT]; repeatable. A box is SOUTH,NORTH,WEST,EAST in degrees, several have a slash between "
        "them; docs/sources.md has all of it."
        "  [env: SOURCES; default: recording, the one that ships]",
        show_default=False,
    ),
]
Host = Annotated[
    str | None,
    typer.Option(help="Address to listen on; 0.0.0.0 for all.  [env: HOST; default: 127.0.0.1]", show_default=False),
]
Port = Annotated[
    int | None, typer.Option(help="Port; 0 for any free one.  [env: PORT; default: 8001]", show_default=False)
]
From = Annotated[
    str | None,
    typer.Option("--from", help="First moment: s since 1970, or as in 2026-05-08T12:00:00Z.", show_default=False),
]
To = Annotated[
    str | None, typer.Option("--to", help="Moment after the last; as --from.  [default: the end]", show_default=False)
]


def moment(option: str, value: str | None) -> EpochSeconds | None:
    """What was written behind `option`. Raises ConfigurationError."""
    try:
        return None if value is None else parse_moment(value)
    except ValueError as error:
        raise ConfigurationError(f"{option} {value}: {error}") from error
