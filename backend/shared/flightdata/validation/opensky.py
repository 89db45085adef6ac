"""OpenSky's `/states/all`: `{"time": int, "states": [[…], …] | null}`.

A row by index; units are SI already, longitude comes first:

| # | field | | # | field | |
| --- | --- | --- | --- | --- | --- |
| 0 | icao24 | str | 9 | velocity | m/s |
| 1 | callsign | str, padded | 10 | true_track | ° |
| 2 | origin_country | str | 11 | vertical_rate | m/s |
| 3 | time_position | s? | 12 | sensors | int[]?, not kept |
| 4 | last_contact | s | 13 | geo_altitude | m? |
| 5 | longitude | °? | 14 | squawk | str? |
| 6 | latitude | °? | 15 | spi | bool |
| 7 | baro_altitude | m? | 16 | position_source | int |
| 8 | on_ground | bool | 17 | category | int, only with `extended=1` |

Rows of 17 and 18 columns occur, more are tolerated; the 13 columns of 2017 are no current state and are rejected.
Source: https://openskynetwork.github.io/opensky-api/rest.html
"""

from itertools import chain
from typing import Any

import polars as pl

from flightdata.models.states import no_states
from flightdata.validation.columns import CODE, FLAG, NUMBER, TEXT, Column, Kind
from flightdata.validation.decoded import Decoded, Rejections, Unreadable, finish, number, table

COLUMNS: tuple[tuple[str, Kind] | None, ...] = (
    ("icao24", TEXT),
    ("callsign", TEXT),
    ("origin_country", TEXT),
    ("time_position", NUMBER),
    ("last_contact", NUMBER),
    ("longitude", NUMBER),
    ("latitude", NUMBER),
    ("baro_altitude", NUMBER),
    ("on_ground", FLAG),
    ("velocity", NUMBER),
    ("true_track", NUMBER),
    ("vertical_rate", NUMBER),
    None,
    ("geo_altitude", NUMBER),
    ("squawk", TEXT),
    ("spi", FLAG),
    ("position_source", CODE),
)
CATEGORY = len(COLUMNS)


def decode(document: dict[str, Any], source: str) -> Decoded:
    """The states of one answer; Unreadable if it is none."""
    time = number(document.get("time"), "time")
    answer = document["states"]
    if answer is None:
        return Decoded(time, 0, no_states(), {})
    if not isinstance(answer, list):
        raise Unreadable("states is no list")
    rejections = Rejections()
    rows = _of_full_width(answer, rejections)
    states = finish(_frame(rows, rejections), time, source, rejections) if rows else no_states()
    return Decoded(time, len(answer), states, rejections.as_dict())


def decode_table(document: dict[str, Any], rows: pl.DataFrame, source: str, padding: str) -> Decoded:
    """The same for rows that were read as a table: all of full width, each column of its type, texts in `padding`."""
    time, rejections = number(document.get("time"), "time"), Rejections()
    states = finish(rows, time, source, rejections, padding)
    return Decoded(time, rows.height, states, rejections.as_dict())


def _of_full_width(answer: list[Any], rejections: Rejections) -> list[list[Any]]:
    rows = answer
    if set(map(type, rows)) - {list}:
        rows = [row for row in rows if type(row) is list]
        rejections.add("not_a_row", len(answer) - len(rows))
    if min(map(len, rows), default=CATEGORY) < CATEGORY:
        full = [row for row in rows if len(row) >= CATEGORY]
        rejections.add("too_few_columns", len(rows) - len(full))
        return full
    return rows


def _frame(rows: list[list[Any]], rejections: Rejections) -> pl.DataFrame:
    width = min(max(map(len, rows)), CATEGORY + 1)
    if set(map(len, rows)) != {width}:
        rows = [row[:width] if len(row) >= width else [*row, None] for row in rows]
    values = list(chain.from_iterable(rows))  # and every `width`th of them: a third of the time of zip(*rows)
    named: list[tuple[str, Column, Kind]] = [
        (column[0], values[place::width], column[1]) for place, column in enumerate(COLUMNS) if column
    ]
    if width > CATEGORY:
        category = values[CATEGORY::width]
        named.append(("category", category, CODE))
    return table(named, rejections)
