"""The user's own aircraft table. Two layouts are known, plain or gzipped, told apart by their start.

| | OpenSky's aircraft database | tar1090's and readsb's `aircraft.csv.gz` |
| --- | --- | --- |
| separator, quotes | `,`, all fields in `'`, or `"` where needed | `;`, none |
| header | yes, in any order and case | none, or one that begins with `hex` |
| address | `icao24` | field 1 |
| registration | `registration` | field 2 |
| type designator | `typecode` | field 3 |
| operator | `operator`, else the airline of `operatoricao` | none |

Owners are in both and are not read. `icaoaircrafttype` of OpenSky's is the kind of aircraft (`L2J`), no designator.
Sources: https://opensky-network.org/data/aircraft, https://github.com/wiedehopf/tar1090-db (branch `csv`).
"""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO

import polars as pl

from flightdata.errors import ConfigurationError
from flightdata.reference import shipped
from flightdata.utils.logs import logger

log = logger(__name__)

_SCHEMA = {"address": pl.UInt32, "registration": pl.String, "typecode": pl.String, "operator": pl.String}
_COLUMNS = ("icao24", "registration", "typecode", "operator", "operatoricao")
_CHUNK = 20_000
_LONGEST_LINE = 65_536
_GZIP = b"\x1f\x8b"
_ADDRESS = re.compile(r"[0-9A-Fa-f]{6}")
_DESIGNATOR = re.compile(r"[A-Z0-9]{2,4}")
_HEX_FIRST = re.compile(r"(hex|icao|[0-9A-Fa-f]{6});.*;.*", re.IGNORECASE)
_EXPECTED = (
    "expected OpenSky's aircraft database (a header with icao24, registration, typecode) "
    "or tar1090's aircraft.csv (hex;registration;type;…)"
)


_Aircraft = tuple[int, str | None, str | None, str | None]
"""Values of _SCHEMA."""


@dataclass(frozen=True)
class _Layout:
    """How lines are written and in which field those of _COLUMNS are that there are.

    `width`: how many fields a line has; None: it varies.
    """

    separator: str
    quote: str | None
    width: int | None
    places: Mapping[str, int]

    def fields(self, line: str) -> dict[str, str]:
        """Those that are not blank; none of a line that cannot be read.

        A line of another width is one: its quotes are broken, and what stands in its places is something else.
        """
        try:
            row = next(_reader(line, self.separator, self.quote), [])
        except csv.Error:
            return {}
        if self.width not in {None, len(row)}:
            return {}
        values = ((name, row[place].strip()) for name, place in self.places.items() if place < len(row))
        return {name: value for name, value in values if value}


def _reader(line: str, separator: str, quote: str | None) -> Iterator[list[str]]:
    if quote is None:
        return csv.reader([line], delimiter=separator, quoting=csv.QUOTE_NONE)
    return csv.reader([line], delimiter=separator, quotechar=quote)


def read_database(path: Path) -> pl.DataFrame:
    """The table at `path` as `shipped.aircraft`; of two rows of an aircraft the later one counts.

    Bad rows are counted and logged. Raises ConfigurationError if it is no such table.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
        with (
            gzip.open(path, "rt", encoding="utf-8-sig", errors="replace")
            if packed
            else path.open(encoding="utf-8-sig", errors="replace")
        ) as lines:
            table, rows = _table(lines)
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigurationError(f"AIRCRAFT_DATABASE={path}: cannot be read: {error}") from error
    except ValueError as error:
        raise ConfigurationError(f"AIRCRAFT_DATABASE={path}: {error}; {_EXPECTED}") from error
    if table.is_empty():
        raise ConfigurationError(f"AIRCRAFT_DATABASE={path}: none of its {rows:,} rows has an address; {_EXPECTED}")
    log.info("aircraft database read", path=str(path), aircraft=table.height, bad_rows=rows - table.height)
    in_order = table.sort("address", maintain_order=True)
    last = in_order["address"] != in_order["address"].shift(-1)
    return in_order.filter(last.fill_null(value=True))


def _table(lines: IO[str]) -> tuple[pl.DataFrame, int]:
    """The good rows, and how many there are in all."""
    first = lines.readline(_LONGEST_LINE)
    layout, airlines = _layout(first), dict(shipped.airlines().iter_rows())
    left = chain([first], lines) if _ADDRESS.fullmatch(first.split(";")[0]) else iter(lines)
    rows, chunks = 0, [pl.DataFrame(schema=_SCHEMA)]
    while chunk := list(islice(left, _CHUNK)):
        rows += len(chunk)
        good = [one for line in chunk if (one := _aircraft(line, layout, airlines))]
        chunks.append(pl.DataFrame(good, schema=_SCHEMA, orient="row"))
    return pl.concat(chunks), rows


def _layout(first: str) -> _Layout:
    """By the first line. Raises ValueError for one that is neither."""
    if _HEX_FIRST.match(first):
        return _Layout(";", None, None, {"icao24": 0, "registration": 1, "typecode": 2})
    quote = first[:1] if first[:1] in {"'", '"'} else '"'
    names = [name.strip().lower() for name in next(_reader(first, ",", quote), [])]
    if "icao24" not in names or not {"registration", "typecode"} & set(names):
        raise ValueError(f"its first line is {first.strip()[:80]!r}")
    return _Layout(",", quote, len(names), {name: place for place, name in enumerate(names) if name in _COLUMNS})


def _aircraft(line: str, layout: _Layout, airlines: Mapping[str, str]) -> _Aircraft | None:
    """The aircraft of one line, None if it has no address.

    Each line is read by itself, so that a quote that is never closed costs one row.
    """
    known = layout.fields(line)
    address = known.get("icao24", "")
    if not _ADDRESS.fullmatch(address):
        return None
    designator = known.get("typecode", "")
    return (
        int(address, 16),
        known.get("registration"),
        designator if _DESIGNATOR.fullmatch(designator) else None,
        known.get("operator") or airlines.get(known.get("operatoricao", "")),
    )
