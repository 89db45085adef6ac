import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from samples import NOW, state, states

from flightdata.backends.history.canon import canonical, newest
from flightdata.models.lake import to_lake

ROWS = st.builds(
    lambda icao24, source, seen, ago, altitude: state(
        icao24, source=source, last_contact=NOW + seen, time_position=NOW + seen - ago, baro_altitude=altitude
    ),
    st.sampled_from(["000001", "000002", "~00000b"]),
    st.sampled_from("ab"),
    st.integers(0, 2),
    st.integers(0, 1),
    st.sampled_from([None, 100.0, 200.0]),
)


@given(st.lists(ROWS, max_size=12))
def test_the_newest_are_the_last_of_each_aircraft_and_source_in_canonical_order(rows):
    kept = to_lake(states(*rows))
    last = canonical(kept).unique(["icao24", "source"], keep="last", maintain_order=True)
    assert newest(kept).equals(last)
    assert newest(newest(kept)).equals(last)
    assert newest(pl.concat([kept, kept.reverse()])).equals(last)
