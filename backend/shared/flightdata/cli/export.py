"""`flightdata export`: states of the past as a file."""

import sys
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any

import polars as pl
import typer
from pydantic import ValidationError

from flightdata.cli.options import Data, From, To, moment
from flightdata.cli.output import configure_logs, settings, told
from flightdata.cli.tally import Advance, bar
from flightdata.errors import ConfigurationError, NotFound
from flightdata.models.selection import HistorySearch, Selection
from flightdata.pipeline.formats import parquet, rows, track
from flightdata.utils.files import atomically
from flightdata.wiring import House

_MOST_POINTS = 500_000
"""GPX and KML are made in memory, 1 KB a point."""


class Format(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"
    JSONL = "jsonl"
    GEOJSON = "geojson"
    GPX = "gpx"
    KML = "kml"


Tables = Iterable[pl.DataFrame]


def export(  # noqa: PLR0913, each is an option
    output: Annotated[Path, typer.Argument(help="The file; - for stdout.", show_default=False)],
    since: From = None,
    until: To = None,
    format: Annotated[  # noqa: A002, the option's name
        Format | None, typer.Option(help="[default: as the file is called]", show_default=False)
    ] = None,
    lamin: Annotated[float | None, typer.Option(help="Southern edge of a box, °.")] = None,
    lamax: Annotated[float | None, typer.Option(help="Northern edge.")] = None,
    lomin: Annotated[float | None, typer.Option(help="Western edge.")] = None,
    lomax: Annotated[float | None, typer.Option(help="Eastern edge; may lie beyond the antimeridian.")] = None,
    lat: Annotated[float | None, typer.Option(help="Centre of a circle, °.")] = None,
    lon: Annotated[float | None, typer.Option(help="Centre of a circle.")] = None,
    radius: Annotated[float | None, typer.Option(help="Of the circle, km.")] = None,
    polygon: Annotated[str | None, typer.Option(help="lon,lat;lon,lat;…, GeoJSON, or @FILE with one of them.")] = None,
    altitude_min: Annotated[float | None, typer.Option(help="Lowest barometric altitude, m.")] = None,
    altitude_max: Annotated[float | None, typer.Option(help="Highest barometric altitude, m.")] = None,
    icao24: Annotated[list[str] | None, typer.Option(help="Only these aircraft; repeatable.")] = None,
    data: Data = None,
) -> None:
    """Write every state of the past that fits, by default of the last hour, as one file: all of it or none.

    Formats: csv, parquet, json, jsonl, geojson; gpx and kml hold the tracks. Exit code 3 when nothing fits.
    """
    with told():
        loaded = settings(data_dir=data)
        configure_logs(loaded, quiet_on_terminal=True)
        write = _WRITERS[format or _called(output)]
        search = _search(
            begin=moment("--from", since),
            end=moment("--to", until),
            lamin=lamin,
            lamax=lamax,
            lomin=lomin,
            lomax=lomax,
            lat=lat,
            lon=lon,
            radius=radius,
            polygon=_read(polygon),
            altitude_min=altitude_min,
            altitude_max=altitude_max,
            icao24=icao24,
        )
        house = House(loaded)
        selection = _selection(search, house)
        with bar(selection.end - selection.start) as advance:
            found = _found(house, selection, advance)
            if str(output) == "-":
                write(found, sys.stdout.buffer)
            else:
                with atomically(output) as path, path.open("wb") as file:
                    write(found, file)
        house.close()


def _found(house: House, selection: Selection, advance: Advance) -> Iterator[pl.DataFrame]:
    """The tables that hold something. Raises NotFound at the end when there was none."""
    count = 0
    for table in house.history.states(selection):
        if table.height:
            count += table.height
            advance(table["last_contact"][-1] - selection.start, f"{count:,} states")
            yield table
    if not count:
        raise NotFound("no states fit; see --from, --to and the other options")


def _pieces(make: Callable[[Tables], Iterable[bytes]]) -> Callable[[Tables, IO[bytes]], None]:
    def write(tables: Tables, file: IO[bytes]) -> None:
        for piece in make(tables):
            file.write(piece)

    return write


def _tracks(make: Callable[[Iterable[tuple[str, pl.DataFrame]]], bytes]) -> Callable[[Tables, IO[bytes]], None]:
    def write(tables: Tables, file: IO[bytes]) -> None:
        together: list[pl.DataFrame] = []
        for table in tables:
            together.append(table)
            if sum(one.height for one in together) > _MOST_POINTS:
                raise ConfigurationError(f"GPX and KML hold {_MOST_POINTS:,} points at most; choose less, or CSV")
        by_aircraft = pl.concat(together).partition_by("icao24", maintain_order=True)
        tracks = [(one["icao24"][0], track.points(one)) for one in by_aircraft]
        file.write(make([(icao24, points) for icao24, points in tracks if points.height]))

    return write


_WRITERS: dict[Format, Callable[[Tables, IO[bytes]], None]] = {
    Format.CSV: _pieces(rows.csv),
    Format.PARQUET: parquet.write,
    Format.JSON: _pieces(rows.json),
    Format.JSONL: _pieces(rows.jsonl),
    Format.GEOJSON: _pieces(rows.geojson),
    Format.GPX: _tracks(track.gpx),
    Format.KML: _tracks(track.kml),
}


def _called(output: Path) -> Format:
    try:
        return Format(output.suffix.removeprefix(".").lower())
    except ValueError:
        raise ConfigurationError(f"{output}: say --format, one of {', '.join(Format)}") from None


def _read(polygon: str | None) -> str | None:
    return Path(polygon[1:]).read_text("utf-8") if polygon and polygon.startswith("@") else polygon


def _search(**given: Any) -> HistorySearch:
    try:
        return HistorySearch(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = "".join(f"--{str(part).replace('_', '-')}: " for part in first["loc"][:1])
        raise ConfigurationError(option + str(first["msg"]).removeprefix("Value error, ")) from error


def _selection(search: HistorySearch, house: House) -> Selection:
    try:
        return search.selection(house.clock())
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
