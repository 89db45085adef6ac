"""readsb's and tar1090's trace of one aircraft: `traces/XX/trace_full_HEX.json`.

`{"icao", "r", "t", "timestamp": s, "trace": [[…], …]}`; a row by index:

| # | field | unit |
| --- | --- | --- |
| 0 | time after `timestamp` | s |
| 1, 2 | latitude, longitude | ° |
| 3 | altitude | ft, "ground" or null |
| 4, 5 | ground speed, track | kt, ° |
| 6 | flags | 1 stale, 2 new leg, 4 rate is geometric, 8 altitude is geometric |
| 7 | vertical rate | ft/min |
| 8 | details | an aircraft object or null, with the callsign in `flight` |
| 9 | type | as in `aircraft.json` |
| 10 | geometric altitude | ft |

Source: https://github.com/wiedehopf/readsb/blob/dev/README-json.md#trace-jsons
"""

import math
from typing import Any

from flightdata.validation.decoded import Decoded, Unreadable, number
from flightdata.validation.readsb import decode_points

_KEYS = ("dt", "lat", "lon", "alt_baro", "gs", "track", "flags", "baro_rate", "details", "type", "alt_geom")
_GEOMETRIC = 8


def decode(document: dict[str, Any], source: str, latest: float = math.inf) -> Decoded:
    """One state per point of the trace, all of the same aircraft; Unreadable if there is no such list."""
    start = number(document.get("timestamp"), "timestamp")
    rows = document["trace"]
    if not isinstance(rows, list):
        raise Unreadable("trace is no list")
    same = {"hex": document.get("icao"), "r": document.get("r"), "t": document.get("t")}
    return decode_points([_point(row, start, same) for row in rows], source, latest)


def _point(row: Any, start: float, same: dict[str, Any]) -> Any:
    """A row as a flat point; None for a row that is none."""
    if not isinstance(row, list) or len(row) < _KEYS.index("baro_rate") or type(row[0]) not in (int, float):
        return None
    point = dict(zip(_KEYS, row, strict=False)) | same | {"now": start + row[0]}
    details = point.get("details")
    if isinstance(details, dict):
        point |= {key: details[key] for key in ("flight", "squawk", "category") if key in details}
    if isinstance(point["flags"], int) and point["flags"] & _GEOMETRIC and point["alt_baro"] not in (None, "ground"):
        point["alt_geom"] = point.pop("alt_baro")
    return point
