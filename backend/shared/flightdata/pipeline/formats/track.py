"""The track of one aircraft as JSON, GeoJSON, GPX and KML.

A track's points are the places where the aircraft was, one a position: `time` is that of the position.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import orjson
import polars as pl

from flightdata.pipeline.formats.flags import flags

POINT = (
    "time",
    "longitude",
    "latitude",
    "baro_altitude",
    "geo_altitude",
    "on_ground",
    "velocity",
    "true_track",
    "vertical_rate",
    "squawk",
    "source",
    "quality",
)
"""The columns of a point. Units as in the state table."""

_HALF_TURN = 180


def points(states: pl.DataFrame) -> pl.DataFrame:
    """The points of the states of one aircraft, the oldest first; of several sources that tell one, one stays."""
    located = states.filter(pl.col("longitude").is_not_null())
    timed = located.with_columns(time=pl.coalesce("time_position", "last_contact"))
    return timed.sort("time", "last_contact", "source").unique("time", keep="first", maintain_order=True)


def json(icao24: str, track: pl.DataFrame) -> bytes:
    """`{"icao24", "callsign", "count", "points": […]}`."""
    rows = track.with_columns(flags(track["quality"])).select(POINT)
    lines = rows.write_ndjson().encode().rstrip().replace(b"\n", b",")
    return b'{"icao24":%b,"callsign":%b,"count":%d,"points":[%b]}' % (
        orjson.dumps(icao24),
        orjson.dumps(callsign(track)),
        track.height,
        lines,
    )


def geojson(icao24: str, track: pl.DataFrame) -> bytes:
    """A Feature (RFC 7946): lines that are cut at the antimeridian, `times` for each of their points."""
    lines = list(_lines(track))
    feature = {
        "type": "Feature",
        "geometry": {"type": "MultiLineString", "coordinates": [_coordinates(line) for line in lines]},
        "properties": {
            "icao24": icao24,
            "callsign": callsign(track),
            "times": [line["time"].to_list() for line in lines],
        },
    }
    return orjson.dumps(feature)


def csv(_: str, track: pl.DataFrame) -> bytes:
    """A line of names, then a line a point; flags are joined with `;`."""
    return track.with_columns(flags(track["quality"]).list.join(";")).select(POINT).write_csv().encode()


def gpx(tracks: Iterable[tuple[str, pl.DataFrame]]) -> bytes:
    """GPX 1.1, a track an aircraft; `ele` is above the ellipsoid, or the 1013.25 hPa surface where that is all."""
    from gpxpy.gpx import GPX, GPXTrack, GPXTrackPoint, GPXTrackSegment  # noqa: PLC0415, 60 ms that few need

    document = GPX()
    document.creator = "flightdata"
    for icao24, track in tracks:
        line = GPXTrack(name=title(icao24, track))
        places = [
            GPXTrackPoint(latitude, longitude, elevation=altitude, time=datetime.fromtimestamp(time, UTC))
            for time, longitude, latitude, altitude in _places(track)
        ]
        line.segments.append(GPXTrackSegment(places))
        document.tracks.append(line)
    return document.to_xml(version="1.1").encode()


def kml(tracks: Iterable[tuple[str, pl.DataFrame]]) -> bytes:
    """KML 2.2 with a `gx:Track` an aircraft, which Google Earth plays in time."""
    from simplekml import AltitudeMode, Kml  # noqa: PLC0415, 30 ms that few need

    document = Kml()
    for icao24, track in tracks:
        line = document.newgxtrack(name=title(icao24, track), altitudemode=AltitudeMode.absolute, extrude=1)
        places = list(_places(track))
        line.newwhen([datetime.fromtimestamp(time, UTC).isoformat() for time, *_ in places])
        line.newgxcoord([(longitude, latitude, altitude or 0) for _, longitude, latitude, altitude in places])
    return str(document.kml(format=False)).encode()


def callsign(track: pl.DataFrame) -> str | None:
    """The last one that was heard."""
    heard = track["callsign"].drop_nulls()
    return heard[-1] if heard.len() else None


def title(icao24: str, track: pl.DataFrame) -> str:
    return " ".join(filter(None, (callsign(track), icao24)))


def _places(track: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """time, longitude, latitude, altitude of each point."""
    altitude = pl.coalesce("geo_altitude", "baro_altitude")
    return track.select("time", "longitude", "latitude", altitude).iter_rows()


def _lines(track: pl.DataFrame) -> Iterator[pl.DataFrame]:
    longitudes = track["longitude"]
    cuts = longitudes.diff().abs() > _HALF_TURN
    ends = [0, *cuts.arg_true().to_list(), track.height]
    return (track.slice(start, end - start) for start, end in pairwise(ends))


def _coordinates(line: pl.DataFrame) -> list[list[float]]:
    return [[number for number in place if number is not None] for _, *place in _places(line)]
