"""Where the row groups of a Parquet file lie, from its footer: for who fetches only some of them from afar.

Readers that tell this (pyarrow) are larger than all the rest of us. The footer is Thrift in its compact protocol, see
parquet-format's `parquet.thrift`; the numbers below are its field ids.
"""

import struct
from dataclasses import dataclass
from typing import Any

MAGIC = b"PAR1"
_FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 2, 3, 7, 8, 9, 10, 12
_ROW_GROUPS, _COLUMNS, _ROWS, _META = 4, 1, 3, 3
_LONG_LIST = 0x0F
_PATH, _LENGTH, _DATA, _DICTIONARY, _STATISTICS = 3, 7, 9, 11, 12
_GREATEST, _LEAST = 5, 6
_LONGEST_NUMBER = 10
"""Bytes of one of 64 bits, seven in each."""


class UnreadableFooter(ValueError):
    """These bytes are no footer of a Parquet file, or none that is understood here."""


@dataclass(frozen=True)
class RowGroup:
    """Its bytes in the file, its rows, and the least and greatest value of a column, None where that is not told."""

    start: int
    end: int
    first_row: int
    rows: int
    least: str | None
    greatest: str | None

    def may_hold(self, value: str) -> bool:
        return self.least is None or self.greatest is None or self.least <= value <= self.greatest


def footer_length(tail: bytes) -> int:
    """Bytes of the footer with what follows it, from the last 8 bytes of a file. Raises UnreadableFooter."""
    if len(tail) < len(MAGIC) * 2 or tail[-4:] != MAGIC:
        raise UnreadableFooter("this is no Parquet file")
    length: int = struct.unpack("<I", tail[-8:-4])[0]
    return length + 8


def row_groups(footer: bytes, column: str) -> list[RowGroup]:
    """As they follow each other, with the statistics of the string column `column`.

    Raises UnreadableFooter, whatever the bytes are, in a time and with memory in proportion to how many they are.
    """
    try:
        described = _Compact(footer).struct()[_ROW_GROUPS]
        found: list[RowGroup] = []
        for group in described:
            found.append(_row_group(group, column, found[-1].first_row + found[-1].rows if found else 0))
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, struct.error, RecursionError) as error:
        raise UnreadableFooter(f"this is no footer of a Parquet file: {error!r}") from error
    return found


def _row_group(group: dict[int, Any], column: str, first_row: int) -> RowGroup:
    columns = [one[_META] for one in group[_COLUMNS]]
    starts = [one.get(_DICTIONARY) or one[_DATA] for one in columns]
    ends = [start + one[_LENGTH] for start, one in zip(starts, columns, strict=True)]
    (named,) = (one for one in columns if one[_PATH] == [column.encode()])
    least, greatest = (named.get(_STATISTICS, {}).get(side) for side in (_LEAST, _GREATEST))
    start, end, rows = min(starts), max(ends), group[_ROWS]
    if not (0 <= start < end and rows >= 0):
        raise ValueError(f"a row group of {rows} rows from byte {start} to {end}")
    return RowGroup(start, end, first_row, rows, _text(least), _text(greatest))


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


class _Compact:
    """Thrift's compact protocol: structs as dictionaries by field id."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def struct(self) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        field = 0
        while header := self._byte():
            kind = header & 0x0F
            field = field + (header >> 4) if header >> 4 else self._signed()
            fields[field] = kind < _FALSE if kind <= _FALSE else self._value(kind)
        return fields

    def _value(self, kind: int) -> Any:
        if kind == _BINARY:
            length = self._unsigned()
            self._at += length
            return self._content[self._at - length : self._at]
        if kind == _STRUCT:
            return self.struct()
        if kind in {_LIST, _SET}:
            return self._list()
        if kind in {1, _FALSE, _BYTE}:  # in lists, booleans are bytes
            return self._byte()
        if kind == _DOUBLE:
            self._at += 8
            return struct.unpack("<d", self._content[self._at - 8 : self._at])[0]
        return self._signed()

    def _list(self) -> list[Any]:
        header = self._byte()
        length = header >> 4 if header >> 4 < _LONG_LIST else self._unsigned()
        return [self._value(header & 0x0F) for _ in range(length)]

    def _byte(self) -> int:
        self._at += 1
        return self._content[self._at - 1]

    def _unsigned(self) -> int:
        result = 0
        for shift in range(0, 7 * _LONGEST_NUMBER, 7):
            byte = self._byte()
            result |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004, it says that no other follows
                return result
        raise ValueError("a number of more than 64 bits")

    def _signed(self) -> int:
        zigzag = self._unsigned()
        return (zigzag >> 1) ^ -(zigzag & 1)
