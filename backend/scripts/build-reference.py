"""Build the reference tables that ship in `flightdata/reference/tables` from the public tables they are made of.

    python scripts/build-reference.py --from DIR [--into DIR]

DIR holds, as .csv.gz: `aircraft_vrs`, `airlines_vrs`, `aircraft_types_vrs`, `icao24_blocks_vrs`,
`countries_vrs` (Virtual Radar Server's standing data, CC0-1.0, https://github.com/vradarserver/standing-data) and
`aircraft_us_faa` (the FAA's register of civil aircraft, public domain, without its owners). The README beside the
tables says what becomes of them. The same input gives the same bytes with the same version of polars.

No name of a private person gets in: the register's owners are not among the columns that are read, and the operator of
an airframe that Virtual Radar Server marks as privately operated is left out.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
from faa_designators import MODEL, designators

TABLES = Path(__file__).resolve().parents[1] / "shared" / "flightdata" / "reference" / "tables"
UNALLOCATED = "ZZ"
NO_AIRCRAFT = "-"  # what the designators of ground vehicles and towers begin with


def main() -> None:
    parser = argparse.ArgumentParser(prog="build-reference.py", description="Build the reference tables that ship.")
    parser.add_argument("--from", dest="source", metavar="DIR", type=Path, required=True, help="the public tables")
    parser.add_argument("--into", dest="target", metavar="DIR", type=Path, default=TABLES, help="default: %(default)s")
    options = parser.parse_args()
    try:
        options.target.mkdir(parents=True, exist_ok=True)
        for name, build in BUILDERS.items():
            table, path = build(options.source), options.target / f"{name}.parquet"
            table.write_parquet(path, compression="zstd", compression_level=22, statistics=False)
            print(f"{path.name}: {table.height:,} rows, {path.stat().st_size:,} bytes")
    except (OSError, pl.exceptions.PolarsError) as error:
        sys.exit(f"build-reference: {error}")


def read(source: Path, name: str, *columns: str) -> pl.DataFrame:
    """These columns as text, empty fields as null."""
    return pl.read_csv(source / f"{name}.csv.gz", columns=columns, infer_schema=False)


def aircraft(source: Path) -> pl.DataFrame:
    """address, registration, typecode, operator: one row an airframe, by address."""
    register = read(source, "aircraft_us_faa", "icaoHex", "registration", *MODEL)
    known = read(
        source, "aircraft_vrs", "ICAO", "Registration", "ModelICAO", "IsPrivateOperator", "Operator"
    ).with_columns(pl.when(~pl.col("ModelICAO").str.starts_with(NO_AIRCRAFT)).then("ModelICAO"))
    types = read(
        source, "aircraft_types_vrs", "ICAO", "Manufacturer", "Model", "Engines", "EngineTypeCode", "SpeciesCode"
    )
    models = designators(register, known, types)
    american = register.join(models, on=MODEL, how="left", nulls_equal=True)
    return (
        american.select(address=address("icaoHex"), registration="registration", designator="typecode")
        .join(known.with_columns(address=address("ICAO")), on="address", how="full", coalesce=True)
        .select(
            "address",
            registration=pl.coalesce("Registration", "registration"),
            typecode=pl.when(pl.col("ModelICAO").eq(pl.col("designator")).fill_null(value=True)).then(
                pl.coalesce("ModelICAO", "designator")  # where the two disagree, neither is believed
            ),
            operator=pl.when(pl.col("IsPrivateOperator") == "0").then("Operator"),
        )
        .unique("address", keep="first")
        .sort("address")
    )


def airlines(source: Path) -> pl.DataFrame:
    """icao, name: one row an airline that has an ICAO code."""
    known = read(source, "airlines_vrs", "ICAO", "Name").select(icao="ICAO", name="Name")
    return known.filter(pl.col("icao").str.contains(r"^[A-Z]{3}$")).unique("icao", keep="first").sort("icao")


def blocks(source: Path) -> pl.DataFrame:
    """start, country, name, military: each row holds from its start up to the next one's.

    Blocks are nested and the narrowest one counts, so they are cut where one begins or ends.
    """
    nested = read(source, "icao24_blocks_vrs", "Start", "Finish", "IsMilitary", "CountryISO2").select(
        start=address("Start"), finish=address("Finish"), country="CountryISO2", military=pl.col("IsMilitary") == "1"
    )
    starts = pl.concat([nested["start"], nested["finish"] + 1]).unique().sort().rename("at").to_frame()
    narrowest = (
        starts.join_where(nested, pl.col("at") >= pl.col("start"), pl.col("at") <= pl.col("finish"))
        .sort("at", pl.col("finish") - pl.col("start"), "country", "military")
        .unique("at", keep="first", maintain_order=True)
    )
    countries = read(source, "countries_vrs", "ISO", "Name").filter(pl.col("ISO") != UNALLOCATED)
    return (
        starts.join(narrowest, on="at", how="left")
        .join(countries, left_on="country", right_on="ISO", how="left")
        .select(
            start="at",
            country=pl.when(pl.col("country") != UNALLOCATED).then("country"),
            name="Name",
            military="military",
        )
        .sort("start")
    )


def address(column: str) -> pl.Expr:
    """An ICAO 24-bit address, six hex digits, as a number."""
    return pl.col(column).str.to_integer(base=16).cast(pl.UInt32)


BUILDERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    "aircraft": aircraft,
    "airlines": airlines,
    "blocks": blocks,
}

if __name__ == "__main__":
    main()
