from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import NOW, picture, state

from flightdata.backends.live.difference import KEY, pack_difference, unpack_difference
from flightdata.backends.live.small import pack_small

AIRCRAFT = ["000001", "abc123", "abc124", "~fffff", "ffffff"]
texts = st.none() | st.sampled_from(["", "AFR1", "==", "Ünïcode"])
numbers = st.none() | st.sampled_from([0.0, -0.125, 10972.8, 180.0, -180.0, 5e-324, 1e300, 2.0**53, NOW, 1 / 3])
rows = st.builds(
    state,
    st.sampled_from(AIRCRAFT),
    callsign=texts,
    operator=texts,
    time_position=numbers,
    last_contact=numbers,
    longitude=numbers,
    latitude=numbers,
    baro_altitude=numbers,
    geo_altitude=numbers,
    velocity=numbers,
    on_ground=st.booleans(),
    position_source=st.none() | st.integers(-128, 127),
    military=st.none() | st.booleans(),
    quality=st.integers(0, 2**32 - 1),
    source=st.sampled_from(["opensky", "readsb"]),
)
pictures = st.lists(rows, max_size=6, unique_by=lambda row: (row["icao24"], row["source"]))


def shown(*given_rows, version=1):
    one = picture(*given_rows, version=version)
    return replace(one, states=one.states.sort(KEY)).shown


def same(found, expected):
    return found.states.equals(expected.states) and (found.version, found.time, found.correlation_id) == (
        expected.version,
        expected.time,
        expected.correlation_id,
    )


@settings(max_examples=300, deadline=None)
@given(pictures, pictures)
def test_with_its_base_a_difference_is_the_picture(before, after):
    base, newest = shown(*before), shown(*after, version=2)
    assert same(unpack_difference(pack_difference(newest, base), base), newest)


def test_aircraft_that_come_and_go_stay_in_order():
    base = shown(state("bbbbbb", callsign="B"), state("dddddd", callsign="D"), state("eeeeee"))
    newest = shown(state("aaaaaa"), state("bbbbbb", callsign="B"), state("cccccc", callsign=None), state("eeeeee"))
    found = unpack_difference(pack_difference(newest, base), base)
    assert found.states["icao24"].to_list() == ["aaaaaa", "bbbbbb", "cccccc", "eeeeee"]
    assert same(found, newest)


def test_what_has_not_moved_takes_next_to_nothing():
    aircraft = [
        state(f"{n:06x}", callsign=f"{n * 7919}", longitude=(n * 7919 % 36_000 - 18_000) / 100, latitude=n % 997 / 10)
        for n in range(10_000)
    ]
    whole = shown(*aircraft)
    assert len(pack_difference(whole, whole)) < len(pack_small(whole)) / 5


ONE, TWICE = [state("aaaaaa")], [state("aaaaaa")] * 2


@pytest.mark.parametrize(("newest", "base"), [([state("aaaaaa", callsign="=")], ONE), (TWICE, ONE), (ONE, TWICE)])
def test_what_cannot_be_told_is_not(newest, base):
    assert pack_difference(shown(*newest), shown(*base)) is None


@pytest.mark.parametrize("damage", [b"", b"PAR1", pack_small(shown(state("aaaaaa")))])
def test_what_is_no_difference_is_refused(damage):
    with pytest.raises(ValueError, match="no difference"):
        unpack_difference(damage, shown(state("aaaaaa")))


def test_of_another_base_a_difference_is_refused():
    base = shown(*[state(f"{n:06x}") for n in range(9)])
    packed = pack_difference(base, base)
    with pytest.raises(ValueError, match="no difference"):
        unpack_difference(packed, replace(base, states=pl.DataFrame(schema=base.states.schema)))
