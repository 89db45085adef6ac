"""Make a recording of OpenSky's `/states/all` from trajectories of one sample per aircraft and second.

The source is a JSON list of records, gzipped or not, like the sample trajectories of the package `traffic`:

| field | type | unit, note |
| --- | --- | --- |
| icao24 | str | 6 hex digits |
| timestamp | int | ms since 1970 |
| longitude, latitude | float? | °, WGS84 |
| altitude | float? | ft, barometric |
| groundspeed | float? | kt |
| track | float? | °, clockwise from north |
| vertical_rate | float? | ft/min |
| onground | bool? | |
| callsign | str? | without padding |
| squawk | str?, or a number | octal digits, without their leading zeros |

Only the first four must be there. The target is gzipped and has one line a snapshot,
`{"time": int, "states": [[17 columns], …]}`, one at each multiple of the step from the first sample to the
last. Its rules:

- A snapshot has a row for each aircraft with a sample not later than its time and at most 300 s before it, as
  OpenSky keeps an aircraft for 300 s. The row is the last such sample; `time_position` and `last_contact` are
  the time of that sample in s.
- Of two samples of one aircraft in the same second, the later in the source counts.
- Altitude in m, speed and vertical rate in m/s, track in °: 2 decimals. Longitude and latitude: 4. Whole
  numbers are written without decimals. NaN and null are null.
- A sample without longitude or latitude has neither, and no `time_position`.
- `baro_altitude` is null on the ground. `callsign` is padded with blanks to 8, "" if there is none. `squawk`
  has its leading zeros again, and is null if it then is not 4 octal digits.
- `origin_country` is the country of the narrowest block of addresses that holds `icao24`; "" without the
  tables, or where they know none.
- Not in the source, hence the same in each row: `sensors` and `geo_altitude` null, `spi` false,
  `position_source` 0.
- Rows are ordered by `icao24`. A snapshot without any row has null for `states`, as OpenSky answers.

The same input gives the same bytes: no time and no name in the gzip header, level 9.
"""

import argparse
import gzip
import sys
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from flightdata.models.units import FEET_PER_MINUTE, FOOT, KNOT

KEPT_FOR = 300  # s that OpenSky keeps an aircraft after its last message
REQUIRED = ("icao24", "timestamp", "longitude", "latitude")
OPTIONAL = ("altitude", "groundspeed", "track", "vertical_rate", "onground", "callsign", "squawk")
GZIP_MAGIC = b"\x1f\x8b"

CountryOf = Callable[[str], str]
Row = list[Any]


def main() -> None:
    parser = arguments()
    options = parser.parse_args()
    if (options.blocks is None) != (options.countries is None):
        parser.error("--blocks and --countries belong together: give both or none")
    try:
        country_of = read_countries(options.blocks, options.countries) if options.blocks else no_country
        samples = read_samples(options.source)
        rows = write_recording(options.target, snapshots(samples, options.step, country_of))
    except (OSError, EOFError, ValueError, zlib.error, pl.exceptions.PolarsError) as error:
        sys.exit(f"make-recording: {error}")
    aircraft = samples["icao24"].n_unique()
    size = options.target.stat().st_size
    print(f"{options.target}: {len(rows)} snapshots, {sum(rows)} rows, {aircraft} aircraft, {size} bytes")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make-recording.py",
        description="Make a recording of OpenSky's /states/all from trajectories of aircraft.",
        epilog="The head of this script says what the source must hold and how it is converted.",
    )
    parser.add_argument(
        "source", metavar="SOURCE", type=Path, help="trajectories: a JSON list of records, .json or .json.gz"
    )
    parser.add_argument(
        "target", metavar="TARGET", type=Path, help="the recording, .jsonl.gz; overwritten if it exists"
    )
    parser.add_argument(
        "--step", type=seconds, default=10, help="seconds from snapshot to snapshot (default: %(default)s)"
    )
    tables = parser.add_argument_group("country of registration", "without these tables, origin_country is empty")
    tables.add_argument(
        "--blocks",
        type=Path,
        metavar="CSV",
        help="address blocks with the columns Start, Finish, CountryISO2 (.csv, .csv.gz)",
    )
    tables.add_argument(
        "--countries",
        type=Path,
        metavar="CSV",
        help="country names with the columns ISO, Name (.csv, .csv.gz)",
    )
    return parser


def seconds(text: str) -> int:
    """A whole number of seconds, 1 or more."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"not a whole number of seconds above 0: {text!r}")
    return int(text)


def no_country(_icao24: str) -> str:
    return ""


def read_countries(blocks: Path, countries: Path) -> CountryOf:
    """Who knows the country of an address, from the tables of vradarserver/standing-data.

    Raises ValueError if a table lacks a column or a block is not written in hex digits.
    """
    names = dict(read_table(countries, "ISO", "Name").iter_rows())
    ranges = sorted(
        ((int(start, 16), int(finish, 16), names.get(iso, "")) for start, finish, iso in address_blocks(blocks)),
        key=lambda block: block[1] - block[0],
    )

    @cache
    def country_of(icao24: str) -> str:
        address = int(icao24, 16)
        return next((name for start, finish, name in ranges if start <= address <= finish), "")

    return country_of


def address_blocks(path: Path) -> Iterator[tuple[str, str, str]]:
    """First address, last address and ISO country of each block; ZZ, "unassigned", is left out."""
    assigned = pl.col("CountryISO2") != "ZZ"
    yield from read_table(path, "Start", "Finish", "CountryISO2").filter(assigned).iter_rows()


def read_table(path: Path, *columns: str) -> pl.DataFrame:
    """These columns of a CSV file, all of them as text: NA is Namibia, and 000000 an address."""
    table = pl.read_csv(path, infer_schema=False)
    return checked(path, table, columns).select(columns)


def checked(path: Path, table: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """`table` itself, once it is sure that it has the columns. Raises ValueError naming the missing ones."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}; it has {', '.join(table.columns)}")
    return table


def read_samples(path: Path) -> pl.DataFrame:
    """OpenSky's columns but `origin_country`, one row per aircraft and second, ordered by time.

    Raises ValueError if the file is no list of records, or an address or a time is missing or wrong.
    """
    body = path.read_bytes()
    if body.startswith(GZIP_MAGIC):
        body = gzip.decompress(body)
    if not body.lstrip().startswith(b"["):
        raise ValueError(f"{path} is no JSON list of records")
    records = checked(path, pl.read_json(body, infer_schema_length=None), REQUIRED)
    absent = [pl.lit(None).alias(column) for column in OPTIONAL if column not in records.columns]
    samples = records.with_columns(absent).select(opensky_columns())
    address = pl.col("icao24").str.contains("^[0-9a-f]{6}$").fill_null(value=False)
    strange = samples.filter(~address)["icao24"].unique().sort()
    if len(strange):
        raise ValueError(f"{path} has values of icao24 that are not 6 hex digits: {strange[:5].to_list()}")
    if samples["last_contact"].null_count():
        raise ValueError(f"{path} has records without a timestamp")
    return samples.unique(["icao24", "last_contact"], keep="last", maintain_order=True).sort("last_contact")


def opensky_columns() -> list[pl.Expr]:
    """The conversion of one sample; see the head of this file."""
    on_ground = pl.col("onground").cast(pl.Boolean).fill_null(value=False)
    longitude, latitude = measured("longitude", decimals=4), measured("latitude", decimals=4)
    located = longitude.is_not_null() & latitude.is_not_null()
    time = pl.col("timestamp").cast(pl.Int64) // 1000
    squawk = pl.col("squawk").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False).cast(pl.String).str.zfill(4)
    callsign = pl.col("callsign").cast(pl.String).str.strip_chars().fill_null("")
    return [
        pl.col("icao24").cast(pl.String).str.to_lowercase().alias("icao24"),
        pl.when(callsign == "").then(callsign).otherwise(callsign.str.pad_end(8)).alias("callsign"),
        pl.when(located).then(time).alias("time_position"),
        time.alias("last_contact"),
        pl.when(located).then(longitude).alias("longitude"),
        pl.when(located).then(latitude).alias("latitude"),
        pl.when(~on_ground).then(measured("altitude", FOOT)).alias("baro_altitude"),
        on_ground.alias("on_ground"),
        measured("groundspeed", KNOT).alias("velocity"),
        (measured("track") % 360).alias("true_track"),  # 359.999 has become 360.00
        measured("vertical_rate", FEET_PER_MINUTE).alias("vertical_rate"),
        pl.lit(None).alias("sensors"),
        pl.lit(None).alias("geo_altitude"),
        pl.when(squawk.str.contains("^[0-7]{4}$")).then(squawk).alias("squawk"),
        pl.lit(value=False).alias("spi"),
        pl.lit(0).alias("position_source"),
    ]


def measured(column: str, unit: float = 1.0, *, decimals: int = 2) -> pl.Expr:
    """A column in SI units; `unit` is what the source's unit is in SI."""
    return (pl.col(column).cast(pl.Float64).fill_nan(None) * unit).round(decimals)


def snapshots(samples: pl.DataFrame, step: int, country_of: CountryOf) -> Iterator[tuple[int, list[Row]]]:
    """Time and rows of each snapshot, `step` seconds apart, from the first sample up to the last."""
    if samples.is_empty():
        raise ValueError("the source has no samples")
    countries = [country_of(icao24) for icao24 in samples["icao24"]]
    states = samples.clone().insert_column(2, pl.Series("origin_country", countries, pl.String))
    contacts = samples["last_contact"].to_list()
    first, last = (-(-time // step) * step for time in (contacts[0], contacts[-1]))
    for time in range(first, last + 1, step):
        recent = states[bisect_left(contacts, time - KEPT_FOR) : bisect_right(contacts, time)]
        latest = recent.unique("icao24", keep="last", maintain_order=True).sort("icao24")
        yield time, [[plain(value) for value in row] for row in latest.iter_rows()]


def plain(value: Any) -> Any:
    """A whole number without decimals, as OpenSky writes it; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def write_recording(path: Path, recording: Iterator[tuple[int, list[Row]]]) -> list[int]:
    """Write it and return the number of rows of each snapshot. Nothing is written if the recording fails."""
    answers = [(time, rows) for time, rows in recording]
    lines = [orjson.dumps({"time": time, "states": rows or None}) + b"\n" for time, rows in answers]
    with path.open("wb") as file, gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=0) as packed:
        packed.writelines(lines)
    return [len(rows) for _, rows in answers]


if __name__ == "__main__":
    main()
