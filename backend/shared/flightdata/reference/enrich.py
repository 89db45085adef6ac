"""What is known about an aircraft beyond what its source says, joined to a state table."""

from pathlib import Path

import polars as pl

from flightdata.reference import shipped
from flightdata.reference.database import with_database

_AIRLINE_FLIGHT = r"^([A-Z]{3})[0-9][A-Z0-9]{0,4}$"
"""ICAO Annex 10, Volume II, 5.2.1.7.2: an airline's three-letter designator and its flight; a digit comes first."""


class Reference:
    """Aircraft, airlines and address blocks.

    `database`: the user's own aircraft table, which has precedence over ours (see `reference.database`). It is read at
    once, and ConfigurationError raised if it is none; without one, nothing is read before the first `enrich`.
    """

    def __init__(self, database: Path | None = None) -> None:
        self._tables = _Tables(with_database(shipped.aircraft(), database)) if database else None

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
    """The look-ups, laid out for binary search."""

    def __init__(self, aircraft: pl.DataFrame) -> None:
        self._aircraft = aircraft
        self._airlines = shipped.airlines()
        self._codes = pl.Enum(self._airlines["icao"])
        self._blocks = shipped.blocks()

    def of(self, states: pl.DataFrame) -> pl.DataFrame:
        """The columns to fill in, a row for each of `states`."""
        address = states["icao24"].str.to_integer(base=16, dtype=pl.UInt32, strict=False)
        airframe, block = self._airframes(address), self._blocks_of(address)
        airline = states["callsign"].str.extract(_AIRLINE_FLIGHT).cast(self._codes, strict=False)
        names = self._airlines["name"].gather(airline.to_physical())
        return pl.DataFrame(
            {
                "registration": airframe["registration"],
                "typecode": airframe["typecode"],
                "operator": names.zip_with(names.is_not_null(), airframe["operator"]),
                "airline": airline.cast(pl.String),
                "country": block["country"],
                "military": block["military"],
                "origin_country": block["name"],
            }
        )

    def _airframes(self, address: pl.Series) -> pl.DataFrame:
        known = self._aircraft["address"]
        places = known.search_sorted(address.fill_null(0)).clip(0, known.len() - 1)
        found = known.gather(places) == address
        return self._aircraft[places.zip_with(found.fill_null(value=False), pl.Series([None], dtype=places.dtype))]

    def _blocks_of(self, address: pl.Series) -> pl.DataFrame:
        """The last block that starts at or before each address."""
        places = self._blocks["start"].search_sorted(address.fill_null(0), side="right") - 1
        known = address.is_not_null()
        return self._blocks[places.zip_with(known, pl.Series([None], dtype=places.dtype))]
