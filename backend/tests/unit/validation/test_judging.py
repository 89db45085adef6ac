"""What is flagged beside the state before, at which bound, and what repeating and being late change."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import NOW, state, states

from flightdata.models.states import STATE_SCHEMA, no_states
from flightdata.tracking.merge import merge
from flightdata.utils.geodesy import EARTH_RADIUS
from flightdata.validation.judging import judge
from flightdata.validation.quality import mask, names

METRE = 180 / 3.141592653589793 / EARTH_RADIUS
"""° of latitude."""


def at(seconds=0.0, *, north=0.0, flags=(), **columns):
    """A state `seconds` after NOW and `north` metres north of 0° N 9° E, flying north; speed and altitude unknown."""
    known = {
        "time_position": NOW + seconds,
        "last_contact": NOW + seconds,
        "latitude": north * METRE,
        "longitude": 9.0,
        "true_track": 0.0,
        "quality": mask(flags),
    }
    return state("abc123", **known | columns)


def flags(held, incoming):
    return names(judge(states(incoming), states(held))["quality"].item())


# Edges: one aircraft, 10 s later


@pytest.mark.parametrize(
    ("north", "seconds", "expected"),
    [
        (5_799, 10, ()),
        (5_801, 10, ("position_jump",)),
        (-5_801, 10, ("position_jump", "track_disagrees")),
        (1_799, 0.001, ()),
        (1_802, 0.001, ("position_jump",)),
        (400 * 302 + 999, 300, ()),
        (400 * 302 + 1_001, 300, ("position_jump",)),
    ],
)
def test_farther_than_400_m_s_go_is_a_jump(north, seconds, expected):
    assert flags(at(), at(seconds, north=north)) == expected


@pytest.mark.parametrize(
    ("speeds", "north", "seconds", "expected"),
    [
        ((100, 100), 2_299, 10, ()),
        ((100, 100), 2_301, 10, ("speed_disagrees",)),
        ((100, 40), 2_299, 10, ()),  # the greater one counts
        ((40, 100), 2_299, 10, ()),
        ((250, 250), 301, 10, ()),
        ((250, 250), 299, 10, ("speed_disagrees",)),
        ((250, 100), 1, 10, ()),  # the lesser one counts
        ((100, 250), 1, 10, ()),
        ((250, 250), 1, 60, ("speed_disagrees",)),
        ((250, 250), 1, 60.1, ()),
        ((10, 10), 700, 2, ()),
        ((None, 250), 1, 10, ()),
        ((250, None), 1, 10, ()),
    ],
)
def test_its_way_fits_its_speeds(speeds, north, seconds, expected):
    assert flags(at(velocity=speeds[0]), at(seconds, north=north, velocity=speeds[1])) == expected


@pytest.mark.parametrize(
    ("tracks", "north", "seconds", "expected"),
    [
        ((59.9, 180), 1_500, 10, ()),
        ((180, 300.1), 1_500, 10, ()),
        ((60.1, 180), 1_500, 10, ("track_disagrees",)),
        ((180, 299.9), 1_500, 10, ("track_disagrees",)),
        ((180, 180), 999, 10, ()),
        ((180, 180), 1_500, 30, ("track_disagrees",)),
        ((180, 180), 1_500, 30.1, ()),
        ((180, None), 1_500, 10, ("track_disagrees",)),
        ((None, None), 1_500, 10, ()),
    ],
)
def test_its_way_lies_along_one_of_its_tracks(tracks, north, seconds, expected):
    assert flags(at(true_track=tracks[0]), at(seconds, north=north, true_track=tracks[1])) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (1_000, 1_869, ()),
        (1_000, 1_871, ("altitude_jump",)),
        (1_871, 1_000, ("altitude_jump",)),
        (None, 9_000, ()),
        (9_000, None, ()),
    ],
)
def test_no_altitude_is_farther_away_than_60_m_s_go(before, after, expected):
    assert flags(at(baro_altitude=before), at(10, north=500, baro_altitude=after)) == expected


@pytest.mark.parametrize(
    ("incoming", "expected"),
    [
        ({"seconds": 5.1}, ("position_frozen",)),
        ({"seconds": 5}, ()),
        ({"velocity": 50}, ()),
        ({"on_ground": True}, ()),
        ({"velocity": None}, ()),
        ({"north": 0.01}, ()),
    ],
)
def test_who_flies_does_not_stay_at_the_same_place(incoming, expected):
    assert flags(at(), at(**{"seconds": 6, "velocity": 51, **incoming})) == expected


@pytest.mark.parametrize(
    ("contact", "position", "expected"),
    [
        (1, -1, ()),
        (1, -1.1, ("time_backwards", "possible_time_trouble")),
        (0, -5, ()),
        (-1, -5, ()),
    ],
)
def test_a_later_message_has_no_older_position(contact, position, expected):
    assert flags(at(), at(north=50, last_contact=NOW + contact, time_position=NOW + position)) == expected


# Conclusions


@pytest.mark.parametrize(
    ("own", "north", "expected"),
    [
        (("slow_at_altitude",), 500, ()),
        (("altitudes_disagree", "slow_at_altitude"), 500, ("possible_spoofing",)),
        (("slow_at_altitude",), 9_000, ("position_jump", "possible_spoofing")),
        (("altitudes_disagree",), 9_000, ("position_jump", "possible_spoofing")),
        ((), 9_000, ("position_jump",)),
        (("stale_position", "callsign_malformed"), 500, ()),
    ],
)
def test_two_signs_of_false_positions_at_once_are_possible_spoofing(own, north, expected):
    assert flags(at(), at(10, north=north, flags=own)) == (*own, *expected)


def test_on_the_ground_they_are_not():
    own = ("altitudes_disagree", "slow_at_altitude")
    assert flags(at(), at(10, north=500, flags=own, on_ground=True)) == own


def test_a_jump_that_speed_and_track_tell_too_is_one_sign():
    held, incoming = at(velocity=100), at(10, north=9_000, velocity=100, true_track=180)
    assert flags(held | {"true_track": 180}, incoming) == ("position_jump", "speed_disagrees", "track_disagrees")


@pytest.mark.parametrize(
    ("own", "expected"), [(("slow_at_altitude",), ("possible_spoofing",)), (("stale_position",), ()), ((), ())]
)
def test_possible_spoofing_goes_on_while_there_is_a_sign(own, expected):
    assert flags(at(flags=["possible_spoofing"]), at(10, north=500, flags=own)) == (*own, *expected)


def test_a_new_aircraft_with_two_signs_of_its_own_is_possible_spoofing():
    own = ("altitudes_disagree", "slow_at_altitude")
    judged = judge(states(at(flags=own)), no_states())
    assert names(judged["quality"].item()) == (*own, "possible_spoofing")


def test_a_frozen_position_that_leaps_on_is_possible_time_trouble():
    leap = at(10, north=9_000)
    assert flags(at(flags=["position_frozen"]), leap) == ("position_jump", "possible_time_trouble")
    assert flags(at(), leap) == ("position_jump",)


def test_time_trouble_goes_on_when_the_position_freezes_again():
    frozen = at(10, velocity=100)
    assert flags(at(flags=["possible_time_trouble"]), frozen) == ("position_frozen", "possible_time_trouble")
    assert flags(at(), frozen) == ("position_frozen",)


# What is not compared, what is kept


def test_a_new_aircraft_is_compared_with_nothing():
    judged = judge(states(at()), states(at() | {"icao24": "ffffff"}))
    assert judged.equals(states(at()))


def test_a_state_that_is_older_than_the_held_one_is_not_judged():
    assert flags(at(10), at(9, north=90_000)) == ()


def test_a_new_position_starts_without_flags():
    assert flags(at(flags=["position_jump", "altitude_jump"]), at(10, north=1_000)) == ()


def test_a_position_that_comes_again_keeps_its_flags_and_not_those_of_the_altitude():
    held = at(flags=["position_jump", "altitude_jump", "stale_position"])
    assert flags(held, at(last_contact=NOW + 10)) == ("position_jump",)


def test_the_same_state_keeps_all_flags_that_it_has_beside_others_and_none_of_its_own():
    held = at(flags=["position_jump", "altitude_jump", "stale_position"])
    assert flags(held, at()) == ("position_jump", "altitude_jump")


def test_the_rows_keep_their_order_and_are_a_state_table():
    incoming = states(*(at() | {"icao24": name} for name in ("bbbbbb", "aaaaaa", "cccccc")))
    judged = judge(incoming, states(at() | {"icao24": "aaaaaa"}))
    assert judged["icao24"].to_list() == ["bbbbbb", "aaaaaa", "cccccc"]
    assert dict(judged.schema) == dict(STATE_SCHEMA)


def test_nothing_beside_nothing_is_nothing():
    assert judge(no_states(), no_states()).equals(no_states())
    assert judge(no_states(), states(at())).equals(no_states())


somewhere = st.builds(
    at,
    st.integers(-5, 5),
    north=st.integers(-20, 20).map(lambda km: 1_000.0 * km),
    velocity=st.none() | st.integers(0, 500),
    true_track=st.none() | st.integers(0, 360),
    baro_altitude=st.none() | st.integers(-300, 12_000),
    flags=st.sets(st.sampled_from(["slow_at_altitude", "altitudes_disagree", "stale_position"])),
)


@given(somewhere, somewhere)
def test_a_state_judged_again_beside_itself_has_the_same_flags(held, incoming):
    once = judge(states(incoming), states(held))
    assert judge(states(incoming), once)["quality"].item() & ~0xFFFFF == once["quality"].item() & ~0xFFFFF


@given(somewhere, somewhere)
def test_nothing_but_the_flags_changes(held, incoming):
    judged = judge(states(incoming), states(held))
    assert judged.drop("quality").equals(states(incoming).drop("quality"))
    assert judged.select(pl.col("quality") & 0xFFFFF).item() == incoming["quality"]


# Snapshot after snapshot, as Process takes them. Few moments and places, so that ties and overtaking are the rule.

snapshots = st.lists(
    st.lists(somewhere, min_size=1, max_size=3).map(lambda rows: states(*rows)), min_size=1, max_size=5
)


def picture(taken):
    held = no_states()
    for incoming in taken:
        held = merge(held, judge(incoming, held), -1.0).states
    return held


def own(table):
    return table.with_columns(pl.col("quality") & 0xFFFFF)


@given(snapshots, st.data())
def test_any_order_ends_in_the_same_picture_but_for_the_flags_beside_the_state_before(taken, data):
    shuffled = data.draw(st.permutations(taken + data.draw(st.lists(st.sampled_from(taken), max_size=3))))
    assert own(picture(shuffled)).equals(own(picture(taken)))


@given(snapshots, st.data())
def test_taking_again_what_was_taken_before_changes_nothing_at_all(taken, data):
    repeated = list(taken)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(1, len(repeated)))
        repeated.insert(place, data.draw(st.sampled_from(repeated[:place])))
    assert picture(repeated).equals(picture(taken))
