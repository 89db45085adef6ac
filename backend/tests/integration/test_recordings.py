"""Real traffic through the real stages: archive, queue, processing, live picture. Each recording has its own house.

What is right is said by `fixtures.oracle`, a second reading of the same files. Where two states of an aircraft are
equally fresh, either may be held; so the number of stored rows lies between two bounds there.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import polars as pl
import pytest
from fakes import process
from fixtures import oracle
from fixtures.recordings import FILES, GLOBAL, LEGACY, NOTHING, POINTS, SERIES, TRACE

from flightdata.models.events import SnapshotArchived
from flightdata.models.picture import Picture
from flightdata.models.snapshot import SnapshotAccount
from flightdata.models.states import RELATIVE_QUALITY, STATE_SCHEMA
from flightdata.pipeline.work import work
from flightdata.ports import QueueDepth
from flightdata.settings import Settings
from flightdata.validation.gate import decode
from flightdata.validation.quality import names
from flightdata.wiring import House

COMPARED = (*(name for name in STATE_SCHEMA if name not in {"source", "quality"}), "stale_position")
ENRICHED = ("origin_country", "registration", "typecode", "operator", "airline", "country", "military")
CONVERTED = ("baro_altitude", "geo_altitude", "velocity", "vertical_rate")  # by readsb's family: two decimals

EVERY = (*GLOBAL, *FILES)
READSB = tuple(name for name in FILES if name.startswith("readsb/"))
RESPONSES = (
    *(pytest.param(folder, place, id=name) for folder, files in GLOBAL.items() for place, name in enumerate(files)),
    *(pytest.param(file, None, id=file.partition("/")[2]) for file in FILES),
)
"""A recording and the place of one response in it; of a single file all its responses."""

of_each_recording = pytest.mark.parametrize("name", EVERY)
of_each_response = pytest.mark.parametrize(("name", "place"), RESPONSES)


@dataclass(frozen=True)
class Step:
    """One response: what the pipeline made of it and what the oracle says. `stale`: rows with a stale position."""

    event: SnapshotArchived
    account: SnapshotAccount
    before: Picture
    after: Picture
    count: int
    rejected: dict[str, int]
    stale: int
    outcome: oracle.Outcome


@dataclass(frozen=True)
class Played:
    house: House
    source: str
    steps: list[Step]
    expected: oracle.Picture

    @property
    def picture(self):
        return self.house.live.latest()

    def at(self, place):
        return self.steps if place is None else [self.steps[place]]

    @property
    def distinct(self):
        """One step for each different response: the series repeats itself more often than not."""
        return list({step.event.sha256: step for step in self.steps}.values())


@pytest.fixture(scope="module")
def play(recordings, tmp_path_factory):
    """`play(name)`: a recording taken through all stages, one response at a time; once for all tests."""
    played = {}

    def once(name):
        if name not in played:
            played[name] = _played(recordings / name, House(_settings(tmp_path_factory.mktemp("house"))))
        return played[name]

    yield once
    for one in played.values():
        one.house.close()


def _settings(folder):
    return Settings(_env_file=None, data_dir=folder, live_expiry_seconds=oracle.EXPIRY)


def _played(path, house):
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    recording, expected, steps = house.recordings([path]), oracle.Picture(), []
    for body in (body for file in files for body in oracle.bodies(file)):
        before, event = house.live.latest(), house.fetch.tick(recording)
        result = work(house.queue, house.process)
        assert result.failed == {}
        reading = oracle.read(body)
        stale, outcome = sum(row["stale_position"] for row in reading.rows), expected.take(reading)
        after, rejected = house.live.latest(), dict(reading.rejected)
        steps.append(Step(event, result.accounts[0], before, after, reading.count, rejected, stale, outcome))
    assert recording.next_due() == math.inf, "the recording has more responses than the oracle found"
    return Played(house, recording.name, steps, expected)


@of_each_response
def test_every_row_is_stored_superseded_or_rejected(play, name, place):
    for step in play(name).at(place):
        account = step.account
        assert account.rows == account.stored + account.superseded + sum(account.rejected.values())


@of_each_response
def test_as_many_rows_come_in_and_are_rejected_as_the_oracle_says(play, name, place):
    for step in play(name).at(place):
        assert (step.account.unreadable, step.account.rows, step.account.rejected) == (None, step.count, step.rejected)


@of_each_response
def test_as_many_rows_are_stored_as_are_fresher_than_what_was_held(play, name, place):
    for step in play(name).at(place):
        outcome = step.outcome
        assert outcome.stored <= step.account.stored <= outcome.stored + outcome.tied


@of_each_response
def test_as_many_rows_are_stored_as_states_are_new_in_the_picture(play, name, place):
    for step in play(name).at(place):
        new = step.after.states.join(step.before.states, on=list(STATE_SCHEMA), how="anti", nulls_equal=True)
        assert step.account.stored == new.height


@of_each_response
def test_as_many_positions_are_stale_as_the_oracle_says(play, name, place):
    played = play(name)
    for step in played.distinct if place is None else played.at(place):
        masks = decode(played.house.archive.get(step.event.key)).states["quality"]
        assert sum("stale_position" in names(mask) for mask in masks) == step.stale


@of_each_recording
def test_the_live_picture_is_the_oracle_s_field_by_field(play, name):
    played = play(name)
    live = {row["icao24"]: row for row in played.picture.states.iter_rows(named=True)}
    assert len(live) == played.picture.states.height
    assert live.keys() == played.expected.held.keys()
    wrong = {icao24: row for icao24, row in live.items() if not _is_one_of(row, played.expected.held[icao24])}
    assert dict(list(wrong.items())[:3]) == {}


def _is_one_of(row, equally_fresh):
    row["stale_position"] = "stale_position" in names(row["quality"])
    return any(all(_same(field, row[field], one.get(field)) for field in COMPARED) for one in equally_fresh)


def _same(field, got, expected):
    if expected is None and field in ENRICHED:  # the source did not say; what we say is for tests/unit/reference
        return True
    if isinstance(got, str | bool | None) or expected is None:
        return got == expected
    tolerance = 0.005 if field in CONVERTED and expected != round(expected, 2) else 0
    return abs(got - float(expected)) <= tolerance + 1e-6


@of_each_recording
def test_the_picture_s_time_is_the_greatest_of_the_responses(play, name):
    played = play(name)
    assert played.picture.time == pytest.approx(float(played.expected.time), abs=1e-3)


@of_each_recording
def test_every_live_state_names_the_recording_as_its_source(play, name):
    played = play(name)
    assert set(played.picture.states["source"]) == ({played.source} if played.expected.held else set())


@of_each_recording
def test_the_queue_is_empty_and_without_dead_letters_afterwards(play, name):
    assert play(name).house.queue.depth() == QueueDepth(waiting=0, in_flight=0, dead=0)


@of_each_recording
def test_the_ledger_adds_up_to_the_rows_of_the_different_responses(play, name):
    played = play(name)
    totals = played.house.ledger.totals()
    assert totals.rows == sum(step.count for step in played.distinct)
    assert totals.rows == totals.stored + totals.superseded + sum(totals.rejected.values())


@of_each_recording
def test_the_archive_holds_each_different_response_once(play, name):
    played = play(name)
    assert len(list(played.house.archive.keys())) == len(played.distinct)


@pytest.mark.parametrize("name", [name for name in EVERY if name != SERIES])  # which repeats itself anyhow
def test_processing_all_of_it_again_changes_nothing(play, name):
    played = play(name)
    again = played.house.process.batch([step.event for step in played.distinct])
    assert (again.failed, again.stored, len(again.accounts)) == ({}, None, len(played.distinct))


@pytest.mark.parametrize("name", READSB)
def test_converted_units_have_two_decimals(play, name):
    for column in CONVERTED:
        values = play(name).picture.states[column].drop_nulls().to_list()
        assert [value for value in values if value != round(value, 2)] == []


def test_the_series_backwards_and_in_one_batch_ends_in_the_same_picture(play, tmp_path):
    played, other = play(SERIES), House(_settings(tmp_path))
    stage = process(
        played.house.archive, other.live, other.ledger, other.clock, history=other.history, expiry=oracle.EXPIRY
    )
    result = stage.batch([step.event for step in reversed(played.distinct)])
    assert result.failed == {}
    assert _own(other.live.latest().states).equals(_own(played.picture.states))
    other.close()


def _own(states):
    """Without the flags that depend on which state came before: those are of the order."""
    return states.sort("icao24").with_columns(pl.col("quality") & ~RELATIVE_QUALITY & 0xFFFFFFFF)


def test_no_aircraft_of_the_series_is_ever_moved_back_in_time(play):
    pictures = [step.after.states.select("icao24", "last_contact") for step in play(SERIES).steps]
    assert len(pictures) == 900
    for earlier, later in pairwise(pictures):
        both = earlier.join(later, on="icao24", suffix="_later")
        assert both.filter(both["last_contact_later"] < both["last_contact"]).is_empty()


def test_rows_of_thirteen_columns_are_all_rejected_as_such(play):
    (step,) = play(LEGACY).steps
    assert (step.account.rows, step.account.rejected) == (2039, {"too_few_columns": 2039})


def test_rows_of_thirteen_columns_leave_the_picture_empty(play):
    assert play(LEGACY).picture.states.is_empty()


def test_states_null_is_a_response_of_no_rows(play):
    (step,) = play(NOTHING).steps
    assert (step.account.rows, step.account.rejected, step.account.unreadable) == (0, {}, None)


def test_flat_points_are_taken_five_thousand_at_a_time(play):
    assert [step.account.rows for step in play(POINTS).steps] == [5_000] * 8 + [4_120]


def test_of_a_trace_the_last_point_is_live(play):
    (step,) = play(TRACE).steps
    assert (step.account.rows, step.account.stored) == (2500, 1)
