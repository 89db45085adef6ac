"""A page of the picture, live or past: what a search finds in an index, and how it is written."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from flightdata.errors import BadRequest
from flightdata.models.region import bounds
from flightdata.models.search import FlightSearch
from flightdata.pipeline.conditions import condition
from flightdata.pipeline.formats import rows as formats
from flightdata.pipeline.index import LiveIndex
from flightdata.pipeline.order import Order

_USUAL_PAGE = 50


@dataclass(frozen=True)
class Page:
    """These `rows` of `index`, of `total` that were found. `next_cursor`: of the page after it, None: there is none."""

    index: LiveIndex
    rows: Sequence[int]
    total: int
    next_cursor: str | None


def page(index: LiveIndex, search: FlightSearch, largest: int) -> Page:
    """What the search finds in `index`. Raises BadRequest for a page of more than `largest`."""
    limit = search.limit or min(_USUAL_PAGE, largest)
    if limit > largest:
        raise BadRequest(f"limit is at most {largest}", parameter="limit")
    found = _found(index, search)
    if search.sort not in {None, "icao24"}:
        return _sorted(index, found, search, limit)
    first = 0 if search.cursor is None else bisect_left(found, bisect_right(index.icao24s, _icao24(search.cursor)))
    rows = found[first : first + limit]
    more = first + len(rows) < len(found)
    return Page(index, rows, len(found), index.icao24s[rows[-1]] if more else None)


def json(page: Page) -> bytes:
    """`{"time", "version", "total", "count", "next_cursor", "flights": […]}`."""
    return b'{%b,"flights":[%b]}' % (_members(page), b",".join(page.index.documents(page.rows)))


def geojson(page: Page) -> bytes:
    """A FeatureCollection (RFC 7946) of a point an aircraft, with the members of the JSON answer beside `features`.

    The altitude above the ellipsoid is the third coordinate where known; without a position the geometry is null.
    """
    features = formats.features(page.index.table(page.rows))
    return b'{"type":"FeatureCollection",%b,"features":[%b]}' % (_members(page), formats.elements(features))


def csv(page: Page) -> bytes:
    """A line of names, then a line an aircraft, as `formats.rows.csv` writes them."""
    table = page.index.table(page.rows)
    return b"".join(formats.csv([table], tuple(table.columns)))


def _sorted(index: LiveIndex, found: Sequence[int], search: FlightSearch, limit: int) -> Page:
    order = Order(index, found, search.sort or "")
    first = 0 if search.cursor is None else order.after(search.cursor)
    rows = order.rows[first : first + limit]
    last = first + len(rows)
    return Page(index, rows, len(found), order.cursor(last - 1) if last < len(found) else None)


def _icao24(cursor: str) -> str:
    if ":" in cursor:
        raise BadRequest(
            "cursor: this is none of pages in the order of icao24; ask with `sort` again", parameter="cursor"
        )
    return cursor


def _members(page: Page) -> bytes:
    return b'"time":%b,"version":%d,"total":%d,"count":%d,"next_cursor":%b' % (
        orjson.dumps(page.index.time),
        page.index.version,
        page.total,
        len(page.rows),
        orjson.dumps(page.next_cursor),
    )


def _found(index: LiveIndex, search: FlightSearch) -> Sequence[int]:
    """The rows of all that the search finds, in their order."""
    narrowed = list(_narrowed(index, search))
    asked = condition(search)
    if not narrowed:
        return range(len(index)) if asked is None else index.that(asked)
    first, *others = sorted(narrowed, key=len)
    rows = sorted(set(first).intersection(*others) if others else first)
    return rows if asked is None else index.that(asked, rows)


def _narrowed(index: LiveIndex, search: FlightSearch) -> Iterator[list[int]]:
    """What the index finds without a look at each row, unordered."""
    if search.area is not None:
        yield index.inside(search.area)
    if search.circle is not None:
        yield index.inside(bounds(search.circle))
    if search.icao24:
        yield [row for one in set(search.icao24) if (row := index.row(one)) is not None]
    if search.callsign:
        yield index.called(search.callsign.strip().upper())
