"""A page of live states in each of its formats, for the documentation, which leaves out null; the tests hold them
against the models.
"""

from typing import Any

_PLACE = {"longitude": 2.6103, "latitude": 48.8811}
_PROPERTIES: dict[str, Any] = {
    "icao24": "3944ef",
    "callsign": "AFR87CF",
    "origin_country": "France",
    "time_position": 1795421741.0,
    "last_contact": 1795421742.0,
    "baro_altitude": 1623.06,
    "on_ground": False,
    "velocity": 118.83,
    "true_track": 265.02,
    "vertical_rate": -4.88,
    "geo_altitude": 1714.5,
    "squawk": "1000",
    "spi": False,
    "position_source": 0,
    "position_type": "adsb_icao",
    "category": 4,
    "registration": "F-GSPP",
    "typecode": "A320",
    "operator": "Air France",
    "airline": "AFR",
    "country": "FR",
    "military": False,
    "source": "readsb:http://192.0.2.1/tar1090",
    "quality": [],
    "departure": "LFBO",
    "arrival": "LFPG",
}
_MEMBERS = {"time": 1795421743.0, "version": 2, "total": 31, "count": 1, "next_cursor": "3944ef"}
_POINT = {"type": "Point", "coordinates": [*_PLACE.values(), _PROPERTIES["geo_altitude"]]}

JSON = _MEMBERS | {"flights": [_PROPERTIES | _PLACE]}
GEOJSON = (
    {"type": "FeatureCollection"}
    | _MEMBERS
    | {"features": [{"type": "Feature", "geometry": _POINT, "properties": _PROPERTIES}]}
)
CSV = (
    "icao24,callsign,origin_country,time_position,last_contact,longitude,latitude,baro_altitude,on_ground,velocity,"
    "true_track,vertical_rate,geo_altitude,squawk,spi,position_source,position_type,category,registration,typecode,"
    "operator,airline,country,military,source,quality,departure,arrival\n"
    "3944ef,AFR87CF,France,1795421741.0,1795421742.0,2.6103,48.8811,1623.06,false,118.83,265.02,-4.88,1714.5,1000,"
    "false,0,adsb_icao,4,F-GSPP,A320,Air France,AFR,FR,false,readsb:http://192.0.2.1/tar1090,,LFBO,LFPG\n"
)
