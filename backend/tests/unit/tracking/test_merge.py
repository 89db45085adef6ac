"""Whoever comes first, whatever comes twice: the freshest state of each aircraft is held."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightdata.models.states import STATE_SCHEMA, no_states
from flightdata.tracking.merge import expiry, freshest, merge

EXPIRY = 5.0
ALWAYS = float("-inf")


def state(icao24="abc123", last_contact=100.0, time_position=None, **others):
    return {"icao24": icao24, "last_contact": last_contact, "time_position": time_position, **others}


def states(*rows):
    return pl.DataFrame(list(rows), schema=STATE_SCHEMA)


def contents(table):
    """The rows as a set, with their number, so that a doubled row does not hide."""
    return table.height, frozenset(table.iter_rows())


# A state that is alone


def test_a_state_of_an_aircraft_not_held_is_stored():
    merged = merge(no_states(), states(state()), ALWAYS)
    assert contents(merged.states) == contents(states(state()))
    assert (merged.stored, merged.superseded) == (1, 0)


def test_an_aircraft_that_did_not_come_in_stays_held():
    merged = merge(states(state("aaaaaa")), states(state("bbbbbb")), ALWAYS)
    assert contents(merged.states) == contents(states(state("aaaaaa"), state("bbbbbb")))


def test_nothing_into_nothing_is_nothing():
    merged = merge(no_states(), no_states(), ALWAYS)
    assert merged.states.is_empty()
    assert (merged.stored, merged.superseded) == (0, 0)


def test_no_states_coming_in_leave_the_held_ones_as_they_are():
    held = states(state("aaaaaa"), state("bbbbbb"))
    merged = merge(held, no_states(), ALWAYS)
    assert contents(merged.states) == contents(held)
    assert (merged.stored, merged.superseded) == (0, 0)


def test_the_merged_table_is_a_state_table():
    assert dict(merge(no_states(), states(state()), ALWAYS).states.schema) == dict(STATE_SCHEMA)


# Two states of one aircraft


def test_a_later_contact_takes_the_place_of_the_held_one():
    merged = merge(states(state(last_contact=100)), states(state(last_contact=101)), ALWAYS)
    assert merged.states["last_contact"].to_list() == [101]
    assert (merged.stored, merged.superseded) == (1, 0)


def test_an_earlier_contact_is_superseded():
    merged = merge(states(state(last_contact=101)), states(state(last_contact=100)), ALWAYS)
    assert merged.states["last_contact"].to_list() == [101]
    assert (merged.stored, merged.superseded) == (0, 1)


def test_a_later_contact_wins_whatever_its_position_s_time():
    merged = merge(states(state(last_contact=100, time_position=100)), states(state(last_contact=101)), ALWAYS)
    assert merged.states["time_position"].to_list() == [None]


def test_the_whole_row_is_replaced_not_only_what_is_known():
    merged = merge(states(state(callsign="DLH1", squawk="1000")), states(state(last_contact=101)), ALWAYS)
    assert contents(merged.states) == contents(states(state(last_contact=101)))


def test_an_equal_state_is_superseded():
    merged = merge(states(state(callsign="DLH1")), states(state(callsign="DLH1")), ALWAYS)
    assert contents(merged.states) == contents(states(state(callsign="DLH1")))
    assert (merged.stored, merged.superseded) == (0, 1)


def test_of_equal_contacts_the_later_position_wins_when_it_comes_second():
    merged = merge(states(state(time_position=90)), states(state(time_position=91)), ALWAYS)
    assert merged.states["time_position"].to_list() == [91]
    assert (merged.stored, merged.superseded) == (1, 0)


def test_of_equal_contacts_the_later_position_stays_when_it_came_first():
    merged = merge(states(state(time_position=91)), states(state(time_position=90)), ALWAYS)
    assert merged.states["time_position"].to_list() == [91]
    assert (merged.stored, merged.superseded) == (0, 1)


@pytest.mark.parametrize("order", [1, -1])
def test_of_equal_contacts_the_later_position_wins_whatever_else_differs(order):
    first, second = [state(time_position=90, callsign="Z"), state(time_position=91, callsign="A")][::order]
    assert merge(states(first), states(second), ALWAYS).states["time_position"].to_list() == [91]


@pytest.mark.parametrize("order", [1, -1])
def test_of_equal_contacts_any_position_wins_over_none(order):
    first, second = [state(), state(time_position=1)][::order]
    assert merge(states(first), states(second), ALWAYS).states["time_position"].to_list() == [1]


@pytest.mark.parametrize("name", [name for name in STATE_SCHEMA if name not in {"icao24", "last_contact"}])
def test_a_tie_that_differs_in_one_column_only_ends_the_same_in_either_order(name):
    known = {pl.String(): "x", pl.Boolean(): True}.get(STATE_SCHEMA[name], 1)
    one, other = states(state()), states(state() | {name: known})
    assert contents(merge(one, other, ALWAYS).states) == contents(merge(other, one, ALWAYS).states)


def test_flags_beside_the_state_before_decide_no_tie():
    held, incoming = state(quality=1), state(quality=1 | 1 << 20)
    merged = merge(states(held), states(incoming), ALWAYS)
    assert (merged.stored, merged.states["quality"].to_list()) == (0, [1])


def test_ties_of_several_aircraft_are_decided_each_for_itself():
    held = states(state("aaaaaa", time_position=9), state("bbbbbb", time_position=1), state("cccccc"))
    incoming = states(state("cccccc"), state("bbbbbb", time_position=9), state("aaaaaa", time_position=1))
    merged = merge(held, incoming, ALWAYS)
    assert dict(merged.states.select("icao24", "time_position").iter_rows()) == {
        "aaaaaa": 9,
        "bbbbbb": 9,
        "cccccc": None,
    }
    assert (merged.stored, merged.superseded) == (1, 2)


# Several states of one aircraft in one snapshot


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_states_in_one_snapshot_the_freshest_is_stored(order):
    rows = [state(last_contact=101), state(last_contact=102), state(last_contact=103)][::order]
    merged = merge(no_states(), states(*rows), ALWAYS)
    assert merged.states["last_contact"].to_list() == [103]
    assert (merged.stored, merged.superseded) == (1, 2)


def test_the_same_state_twice_in_one_snapshot_is_stored_once():
    merged = merge(no_states(), states(state(), state()), ALWAYS)
    assert contents(merged.states) == contents(states(state()))
    assert (merged.stored, merged.superseded) == (1, 1)


def test_of_several_states_in_one_snapshot_none_is_stored_when_all_are_older():
    merged = merge(states(state(last_contact=103)), states(state(last_contact=101), state(last_contact=102)), ALWAYS)
    assert merged.states["last_contact"].to_list() == [103]
    assert (merged.stored, merged.superseded) == (0, 2)


# Expiry


def test_an_aircraft_expires_so_many_seconds_before_the_time():
    assert expiry(1000.0, 330.0) == 670.0


def test_a_held_state_as_old_as_the_expiry_stays():
    assert merge(states(state(last_contact=100)), no_states(), 100.0).states.height == 1


def test_a_held_state_older_than_the_expiry_leaves():
    assert merge(states(state(last_contact=99.999)), no_states(), 100.0).states.is_empty()


def test_an_incoming_state_as_old_as_the_expiry_is_stored():
    merged = merge(no_states(), states(state(last_contact=100)), 100.0)
    assert (merged.states.height, merged.stored, merged.superseded) == (1, 1, 0)


def test_an_incoming_state_older_than_the_expiry_is_superseded():
    merged = merge(no_states(), states(state(last_contact=99.999)), 100.0)
    assert (merged.states.height, merged.stored, merged.superseded) == (0, 0, 1)


def test_a_held_state_that_expires_is_replaced_by_a_fresh_one_of_the_same_aircraft():
    merged = merge(states(state(last_contact=50)), states(state(last_contact=100)), 100.0)
    assert merged.states["last_contact"].to_list() == [100]
    assert (merged.stored, merged.superseded) == (1, 0)


# Any snapshots in any order. Few aircraft and few moments, so that ties and expiries are the rule.

MOMENTS = st.integers(0, 12).map(float)
ROWS = st.builds(
    state,
    icao24=st.sampled_from(["aaaaaa", "bbbbbb", "~ccccc"]),
    last_contact=MOMENTS,
    time_position=st.none() | MOMENTS,
    callsign=st.sampled_from([None, "A", "B"]),
    on_ground=st.booleans(),
    longitude=st.sampled_from([None, -1.0, 0.0, 2.5]),
    quality=st.sampled_from([0, 1, 3]),
)
SNAPSHOTS = st.lists(st.tuples(MOMENTS, st.lists(ROWS, max_size=5)), min_size=1, max_size=4)


def taken(snapshots):
    """Each merge on the way, as Process drives it: by the greatest time so far."""
    held, time, merges = no_states(), 0.0, []
    for moment, rows in snapshots:
        time = max(time, moment)
        merges.append(merge(held, states(*rows), expiry(time, EXPIRY)))
        held = merges[-1].states
    return merges


@given(SNAPSHOTS, st.data())
def test_any_order_and_any_repetition_ends_in_the_same_picture(snapshots, data):
    repeated = snapshots + data.draw(st.lists(st.sampled_from(snapshots), max_size=3), label="repeated")
    shuffled = data.draw(st.permutations(repeated), label="shuffled")
    assert contents(taken(shuffled)[-1].states) == contents(taken(snapshots)[-1].states)


@given(SNAPSHOTS)
def test_the_picture_holds_the_greatest_contact_of_each_aircraft_that_is_not_expired(snapshots):
    greatest = {}
    for row in (row for _, rows in snapshots for row in rows):
        greatest[row["icao24"]] = max(row["last_contact"], greatest.get(row["icao24"], 0))
    oldest = max(time for time, _ in snapshots) - EXPIRY
    picture = taken(snapshots)[-1].states
    assert dict(picture.select("icao24", "last_contact").iter_rows()) == {
        icao24: contact for icao24, contact in greatest.items() if contact >= oldest
    }


@given(SNAPSHOTS)
def test_every_row_is_stored_or_superseded(snapshots):
    for merged, (_, rows) in zip(taken(snapshots), snapshots, strict=True):
        assert merged.stored + merged.superseded == len(rows)


@given(SNAPSHOTS)
def test_whatever_was_heard_is_held_at_some_time_or_late(snapshots):
    heard = {(row["icao24"], row["last_contact"]) for _, rows in snapshots for row in rows}
    known = [table.select("icao24", "last_contact") for one in taken(snapshots) for table in (one.fresh, one.late)]
    assert set(pl.concat(known).iter_rows()) == heard


@given(SNAPSHOTS)
def test_what_is_held_is_not_late(snapshots):
    for merged in taken(snapshots):
        assert merged.late.join(merged.states, on=["icao24", "last_contact"]).is_empty()
        assert merged.late.height <= merged.superseded


@given(SNAPSHOTS)
def test_as_many_rows_are_stored_as_are_new_in_the_table(snapshots):
    before = frozenset()
    for merged in taken(snapshots):
        after = frozenset(merged.states.iter_rows())
        assert merged.stored == len(after - before)
        before = after


@given(SNAPSHOTS)
def test_the_same_snapshot_at_once_again_stores_nothing(snapshots):
    twice = taken([one for snapshot in snapshots for one in (snapshot, snapshot)])
    assert [merged.stored for merged in twice[1::2]] == [0] * len(snapshots)


@given(SNAPSHOTS)
def test_no_aircraft_is_ever_held_twice(snapshots):
    for merged in taken(snapshots):
        assert merged.states["icao24"].is_unique().all()


@given(SNAPSHOTS)
def test_the_last_contact_of_an_aircraft_never_goes_back(snapshots):
    before = {}
    for merged in taken(snapshots):
        after = dict(merged.states.select("icao24", "last_contact").iter_rows())
        assert all(after[icao24] >= before[icao24] for icao24 in after.keys() & before.keys())
        before = after


# Several sources: what each one says is held beside what the others say, and the freshest position answers.


def test_a_source_does_not_replace_what_another_one_says():
    one, other = states(state(source="a", last_contact=100)), states(state(source="b", last_contact=101))
    merged = merge(one, other, ALWAYS)
    assert contents(merged.states) == contents(pl.concat([one, other]))
    assert (merged.stored, merged.superseded) == (1, 0)


def test_a_source_replaces_what_itself_said_wherever_that_is_held():
    held = states(state("aaaaaa", source="a"), state("aaaaaa", source="b"), state("bbbbbb", source="b"))
    merged = merge(held, states(state("bbbbbb", source="b", last_contact=101)), ALWAYS)
    assert set(merged.states.select("icao24", "source", "last_contact").iter_rows()) == {
        ("aaaaaa", "a", 100),
        ("aaaaaa", "b", 100),
        ("bbbbbb", "b", 101),
    }


def answering(*rows):
    return freshest(states(*rows)).select("icao24", "source").rows()


def test_the_freshest_position_answers_even_where_another_source_heard_the_aircraft_later():
    assert answering(
        state(source="a", last_contact=109, time_position=90), state(source="b", last_contact=100, time_position=100)
    ) == [("abc123", "b")]


def test_any_position_answers_before_none():
    assert answering(state(source="a", last_contact=109), state(source="b", time_position=1)) == [("abc123", "b")]


def test_of_positions_as_fresh_the_one_heard_last_answers():
    assert answering(state(source="a", last_contact=101, time_position=90), state(source="b", time_position=90)) == [
        ("abc123", "a")
    ]


SOURCES = st.sampled_from(["a", "b", "c"])


@st.composite
def snapshots_of_sources(draw):
    """Each of one source, as the gate hands them over."""
    sources = draw(st.lists(SOURCES, min_size=1, max_size=5))
    return [
        (draw(MOMENTS), [row | {"source": source} for row in draw(st.lists(ROWS, max_size=4))]) for source in sources
    ]


@given(snapshots_of_sources(), st.data())
def test_any_order_of_several_sources_answers_the_same(snapshots, data):
    shuffled = data.draw(st.permutations(snapshots + data.draw(st.lists(st.sampled_from(snapshots), max_size=3))))
    assert contents(freshest(taken(shuffled)[-1].states)) == contents(freshest(taken(snapshots)[-1].states))


@given(snapshots_of_sources())
def test_what_answers_is_the_freshest_position_of_what_each_source_said_last(snapshots):
    oldest = max(time for time, _ in snapshots) - EXPIRY
    said = {}
    for row in (row for _, rows in snapshots for row in rows if row["last_contact"] >= oldest):
        freshness = (row["last_contact"], row["time_position"] if row["time_position"] is not None else -1.0)
        key = row["icao24"], row["source"]
        said[key] = max(said.get(key, (-1.0, -1.0)), freshness)
    wanted = {}
    for (icao24, source), (contact, position) in said.items():
        wanted[icao24] = max(wanted.get(icao24, (-1.0, -1.0, "")), (position, contact, source))
    answering = freshest(taken(snapshots)[-1].states).select("icao24", "time_position", "last_contact", "source")
    assert {
        icao24: (position if position is not None else -1.0, *others)
        for icao24, position, *others in answering.iter_rows()
    } == wanted
