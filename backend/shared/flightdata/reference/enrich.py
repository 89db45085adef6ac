"""What is known about an aircraft beyond what its source says, joined to a state table."""

from pathlib import Path

import polars as pl

from flightdata.reference import shipped
from flightdata.reference.database import read_database

_AIRLINE_FLIGHT = r"^([A-Z]{3})[0-9][A-Z0-9]{0,4}$"
"""An airline's three-letter designator (ICAO Doc 8585) and its flight. One that does not begin with a digit cannot be
told from a registration.
"""


class Reference:
    """Aircraft, airlines and address blocks.

    `database`: the user's own aircraft table, which has precedence over ours (see `reference.database`). It is read at
    once, and ConfigurationError raised if it is none; without one, nothing is read before the first `enrich`.
    """

    def __init__(self, database: Path | None = None) -> None:
        self._tables = _Tables(read_database(database), shipped.aircraft()) if database else None

    def enrich(self, states: pl.DataFrame) -> pl.DataFrame:
        """`states` (a state table) with what is known filled in where the source is silent.

        registration, typecode: of the airframe. airline: by the callsign. operator: the airline's name, else who the
        table of airframes says. country, military: of the address block. origin_country: its name.
        """
        if self._tables is None:
            self._tables = _Tables(shipped.aircraft())
        known = self._tables.of(states)
        silent = {name: pl.coalesce(name, pl.lit(known[name])) for name in known.columns}
        return states.with_columns(**silent)


class _Tables:
    """The look-ups, laid out for binary search. Of several tables of aircraft the first one that knows it counts."""

    def __init__(self, *aircraft: pl.DataFrame) -> None:
        self._aircraft = aircraft
        self._airlines = shipped.airlines()
        self._codes = pl.Enum(self._airlines["icao"])
        self._blocks = shipped.blocks()

    def of(self, states: pl.DataFrame) -> pl.DataFrame:
        """The columns to fill in, a row for each of `states`."""
        address = states["icao24"].str.to_integer(base=16, dtype=pl.UInt32, strict=False)
        airframe, block = self._airframe(address), self._block(address)
        airline = states["callsign"].str.extract(_AIRLINE_FLIGHT).cast(self._codes, strict=False)
        names = self._airlines["name"].gather(airline.to_physical())
        return pl.DataFrame(
            {
                "registration": airframe["registration"],
                "typecode": airframe["typecode"],
                "operator": _else(names, airframe["operator"]),
                "airline": airline.cast(pl.String),
                "country": self._blocks["country"].gather(block),
                "military": self._blocks["military"].gather(block),
                "origin_country": self._blocks["name"].gather(block),
            }
        )

    def _airframe(self, address: pl.Series) -> dict[str, pl.Series]:
        """registration, typecode, operator of each."""
        found: dict[str, pl.Series] = {}
        for table in self._aircraft:
            known = table["address"]
            rows = known.search_sorted(address.fill_null(0)).clip(0, known.len() - 1)
            rows = _where(rows, (known.gather(rows) == address).fill_null(value=False))
            for name in ("registration", "typecode", "operator"):
                values = table[name].gather(rows)
                found[name] = _else(found[name], values) if name in found else values
        return found

    def _block(self, address: pl.Series) -> pl.Series:
        """The row of each in the blocks: the last one that starts at or before it."""
        rows = self._blocks["start"].search_sorted(address.fill_null(0), side="right") - 1
        return _where(rows, address.is_not_null())


def _where(rows: pl.Series, known: pl.Series) -> pl.Series:
    return rows.zip_with(known, pl.Series([None], dtype=rows.dtype))


def _else(values: pl.Series, others: pl.Series) -> pl.Series:
    return values.zip_with(values.is_not_null(), others)
