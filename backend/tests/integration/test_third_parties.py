"""Our decoders agree, field by field, with what others read in the same recordings.

`skysnoop` reads readsb's and the v2 API's aircraft, `pyopensky` OpenSky's states. The latter brings 445 MB along and
is therefore not installed by `make test`: docs/developer-guide.md says how.
"""

import gzip
import json

import pytest
from fixtures.oracle import CATEGORIES
from fixtures.recordings import GLOBAL
from skysnoop.models import Aircraft

from flightdata.models.snapshot import RawSnapshot
from flightdata.models.units import FEET_PER_MINUTE, FOOT, KNOT
from flightdata.validation.gate import decode

READSB = (
    "readsb/readsb_20220128_irvine_170ac.json.gz",
    "readsb/dump1090fa_20220518_channel_83ac.json.gz",
    "readsb/api_v2_20230922_1ac.json",
)
OPENSKY = (
    *(f"{folder}/{names[0]}.json.gz" for folder, names in GLOBAL.items()),
    "opensky/single/2021-10-17T114950Z.json.gz",
    "opensky/single/2022-04-08T043739Z_extended18.json.gz",
)


def content(path):
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def states(body):
    return decode(RawSnapshot("test", 4e9, body)).states.to_dicts()


def si(value, factor):
    return None if value is None else pytest.approx(value * factor, abs=0.0051)


def age(now, seconds):
    return None if seconds is None else pytest.approx(now - seconds, abs=0.00051)


def text(value):
    return (value or "").strip() or None


def of_skysnoop(one, now):
    """What skysnoop read, in our columns."""
    extra = one.model_extra or {}
    return {
        "icao24": one.hex.lower(),
        "callsign": text(one.flight),
        "squawk": one.squawk,
        "registration": text(extra.get("r")),
        "typecode": text(extra.get("t")),
        "position_type": one.type,
        "category": CATEGORIES.get(one.category),
        "latitude": one.lat if one.has_position else None,
        "longitude": one.lon if one.has_position else None,
        "time_position": age(now, one.position_age) if one.has_position else None,
        "last_contact": age(now, one.seen),
        "on_ground": one.alt_baro == "ground",
        "baro_altitude": None if one.alt_baro == "ground" else si(one.alt_baro, FOOT),
        "geo_altitude": si(one.alt_geom, FOOT),
        "velocity": si(one.gs, KNOT),
        "vertical_rate": si(one.geom_rate if one.baro_rate is None else one.baro_rate, FEET_PER_MINUTE),
        "true_track": one.track,
        "spi": one.spi == 1,
    }


@pytest.mark.parametrize("name", READSB)
def test_skysnoop_reads_the_same_in_every_field(recordings, name):
    body = content(recordings / name)
    document = json.loads(body)
    now = document["now"] / (1000 if "ac" in document else 1)
    theirs = [of_skysnoop(Aircraft.model_validate(one), now) for one in document.get("aircraft", document.get("ac"))]
    ours = [{name: row[name] for name in theirs[0]} for row in states(body)]
    assert ours == theirs


PYOPENSKY = {
    "icao24": "icao24",
    "callsign": "callsign",
    "origin_country": "origin_country",
    "last_position": "time_position",
    "timestamp": "last_contact",
    "longitude": "longitude",
    "latitude": "latitude",
    "altitude": "baro_altitude",
    "onground": "on_ground",
    "groundspeed": "velocity",
    "track": "true_track",
    "vertical_rate": "vertical_rate",
    "geoaltitude": "geo_altitude",
    "squawk": "squawk",
    "spi": "spi",
    "position_source": "position_source",
}
"""Its names and ours; with our unit in each, for it keeps OpenSky's."""


@pytest.mark.parametrize("name", OPENSKY)
def test_pyopensky_reads_the_same_in_every_field(recordings, tmp_path, monkeypatch, name):
    for folder in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):  # it writes a configuration when it is imported
        monkeypatch.setenv(folder, str(tmp_path))
    rest = pytest.importorskip("pyopensky.rest", reason="pyopensky is not installed: see docs/developer-guide.md")
    body = content(recordings / name)

    class Recorded(rest.REST):
        def get(self, query, retry=5):
            return json.loads(body)

    frame = Recorded().states()
    for theirs, ours in PYOPENSKY.items():
        column = [None if value is rest.pd.NA or value is rest.pd.NaT else value for value in frame[theirs]]
        if theirs in {"timestamp", "last_position"}:
            column = [value and value.timestamp() for value in column]
        if theirs in {"callsign", "origin_country"}:  # "" is unknown, says our schema
            column = [value or None for value in column]
        assert [row[ours] for row in states(body)] == column, theirs
