from dataclasses import replace

import polars as pl
import pytest
from fakes import MemoryArchive, MemoryFlights, MemoryHistory, MemoryLedger, MemoryPictures, SetClock, process
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import NOW, archived, body, picture, row, snapshot, state
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from flightdata.errors import Poison, Transient
from flightdata.models.events import StatesStored
from flightdata.models.snapshot import RawSnapshot, SnapshotAccount
from flightdata.models.states import RELATIVE_QUALITY, no_states
from flightdata.validation.gate import CLOCK_TOLERANCE
from flightdata.validation.quality import names

EXPIRY = 330.0


def own(states):
    """Without the flags that depend on which state came before."""
    return states.with_columns(pl.col("quality") & ~RELATIVE_QUALITY & 0xFFFFFFFF)


class BrokenLedger(MemoryLedger):
    """Fails as if the process were killed just before it could write."""

    broken = True

    def record(self, accounts):
        if self.broken and accounts:
            raise OSError("killed")
        super().record(accounts)


class BrokenFlights(MemoryFlights):
    """As BrokenLedger."""

    broken = True

    def put(self, flights, fence):
        if self.broken:
            raise OSError("killed")
        super().put(flights, fence)


class Contested(MemoryPictures):
    """Somebody else publishes just before us, as often as `others` says."""

    others = 1

    def publish(self, picture):
        if self.others:
            self.others -= 1
            assert super().publish(replace(self.latest(), version=self.version() + 1, accounts=()))
        return super().publish(picture)


class Bench:
    """A process stage on adapters in memory."""

    def __init__(self, *, live=None, ledger=None, flights=None, history=None, expiry=EXPIRY):
        self.expiry = expiry
        self.archive = MemoryArchive()
        self.live = live or MemoryPictures()
        self.history = history or MemoryHistory()
        self.ledger = ledger or MemoryLedger()
        self.flights = flights or MemoryFlights()
        self.clock = SetClock(NOW)

    @property
    def process(self):
        """A new one each time: a stage remembers nothing."""
        return process(
            self.archive,
            self.live,
            self.ledger,
            self.clock,
            flights=self.flights,
            history=self.history,
            expiry=self.expiry,
        )

    def events(self, *snapshots):
        return [
            archived(self.archive.get(self.archive.put(one)), f"id-{number}") for number, one in enumerate(snapshots)
        ]

    def batch(self, *snapshots):
        return self.process.batch(self.events(*snapshots))

    def account(self, one):
        """What the ledger says of this snapshot."""
        (found,) = self.ledger.find([one.key])
        return found

    def aircraft(self):
        return {row["icao24"]: row["last_contact"] for row in self.live.latest().states.iter_rows(named=True)}


@pytest.fixture
def bench():
    return Bench()


FIRST = snapshot(row("aaaaaa"), row("bbbbbb", seen=NOW - 5))
SECOND = snapshot(row("aaaaaa", seen=NOW + 10), row("bbbbbb", seen=NOW - 5), row("cccccc"), time=NOW + 10)
HTML = RawSnapshot("test", NOW, b"<html>Service unavailable</html>")


# One batch.


def test_the_states_of_a_snapshot_are_in_the_next_version(bench):
    result = bench.batch(FIRST)
    assert bench.live.version() == 1
    assert bench.live.latest().time == NOW
    assert bench.aircraft() == {"aaaaaa": NOW, "bbbbbb": NOW - 5}
    assert result.stored == StatesStored(correlation_id="id-0", version=1, time=NOW, aircraft=2, keys=(FIRST.key,))
    assert result.failed == {}


def test_the_account_says_what_became_of_every_row(bench):
    bench.clock.now = NOW + 3
    mixed = snapshot(row("aaaaaa"), row("no hex"), "no row", row("bbbbbb", seen=NOW - 3600))
    result = bench.batch(mixed)
    account = SnapshotAccount(
        mixed.key,
        rows=4,
        stored=1,
        superseded=1,
        rejected={"icao24": 1, "not_a_row": 1},
        correlation_id="id-0",
        processed_at=NOW + 3,
    )
    assert result.accounts == {0: account}
    assert bench.account(mixed) == account


def test_a_batch_makes_one_version_of_all_its_snapshots(bench):
    result = bench.batch(FIRST, SECOND)
    assert bench.live.version() == 1
    assert bench.aircraft() == {"aaaaaa": NOW + 10, "bbbbbb": NOW - 5, "cccccc": NOW}
    assert result.stored.keys == (FIRST.key, SECOND.key)
    assert [(one.stored, one.superseded) for one in result.accounts.values()] == [(2, 0), (2, 1)]
    assert bench.live.latest().accounts == tuple(result.accounts.values())


def test_an_empty_batch_does_nothing(bench):
    result = bench.process.batch([])
    assert (result.accounts, result.failed, result.stored) == ({}, {}, None)
    assert bench.live.version() == 0


def test_an_aircraft_leaves_the_picture_when_it_was_not_heard_for_the_expiry(bench):
    bench.batch(FIRST)
    bench.clock.now += EXPIRY
    bench.batch(snapshot(row("cccccc", seen=NOW + EXPIRY), time=NOW + EXPIRY))
    assert set(bench.aircraft()) == {"aaaaaa", "cccccc"}
    bench.batch(snapshot(row("cccccc", seen=NOW + EXPIRY), time=NOW + EXPIRY + 1))
    assert set(bench.aircraft()) == {"cccccc"}


def test_a_newer_snapshot_without_new_states_moves_the_picture_s_time(bench):
    bench.batch(FIRST)
    result = bench.batch(replace(FIRST, received_at=NOW + 10, body=body(row("aaaaaa"), time=NOW + 10)))
    assert (result.stored.version, bench.live.latest().time) == (2, NOW + 10)


# Again, and in any order.


def test_an_event_again_changes_nothing_and_keeps_its_account(bench):
    bench.batch(FIRST)
    before = bench.account(FIRST)
    result = bench.batch(FIRST)
    assert result.stored is None
    assert bench.live.version() == 1
    assert (result.accounts[0].stored, result.accounts[0].superseded) == (0, 2)
    assert bench.account(FIRST) == before


def test_an_event_twice_in_a_batch_is_stored_once_and_keeps_the_first_account(bench):
    first, second = bench.batch(FIRST, FIRST).accounts.values()
    assert (first.stored, first.superseded) == (2, 0)
    assert (second.stored, second.superseded) == (0, 2)
    assert bench.account(FIRST) == first


def test_an_old_snapshot_does_not_take_the_picture_back(bench):
    bench.batch(SECOND)
    before = bench.aircraft()
    result = bench.batch(FIRST)
    assert bench.aircraft() == before
    assert bench.live.latest().time == NOW + 10
    assert (result.accounts[0].stored, result.accounts[0].superseded) == (0, 2)


def test_any_order_and_any_batches_end_in_the_same_picture():
    third = snapshot(row("aaaaaa", seen=NOW + 4), row("dddddd", seen=NOW + 1), time=NOW + 5)
    ways = [[[FIRST, SECOND, third]], [[third], [SECOND], [FIRST]], [[SECOND, FIRST], [third, FIRST, SECOND]]]
    pictures = []
    for batches in ways:
        bench = Bench()
        for batch in batches:
            bench.batch(*batch)
        pictures.append((bench.live.latest().time, own(bench.live.latest().states).sort("icao24").rows()))
    assert pictures[0] == pictures[1] == pictures[2]


def test_a_state_is_enriched_and_judged_beside_the_one_before(bench):
    bench.batch(snapshot(row("3c6444", callsign="DLH9LF  ")))
    bench.batch(snapshot(row("3c6444", callsign="DLH9LF  ", latitude=49.5, seen=NOW + 10), time=NOW + 10))
    (live,) = bench.live.latest().states.iter_rows(named=True)
    assert (live["airline"], live["operator"], live["country"]) == ("DLH", "Lufthansa", "DE")
    assert "position_jump" in names(live["quality"])


def test_what_is_repeated_keeps_the_flags_of_its_first_time(bench):
    bench.batch(FIRST, snapshot(row("aaaaaa", latitude=80.0, seen=NOW + 10), time=NOW + 10))
    before = bench.live.latest().states
    again = bench.batch(snapshot(row("aaaaaa", latitude=80.0, seen=NOW + 10), time=NOW + 11), FIRST)
    assert [account.stored for account in again.accounts.values()] == [0, 0]
    assert bench.live.latest().states.equals(before)
    assert "position_jump" in names(before.filter(icao24="aaaaaa")["quality"].item())


def test_flags_are_told_in_the_debug_log(bench):
    with capture_logs() as lines:
        bench.batch(snapshot(row("aaaaaa", latitude=0.0, longitude=0.0), row("bbbbbb", longitude=None)))
    (told,) = (line for line in lines if line["event"] == "states flagged")
    assert {"log_level": "debug", "null_island": 1, "no_position": 1}.items() <= told.items()


# Bodies that are no snapshot.


def test_an_unreadable_body_has_an_account_with_the_reason_and_is_no_failure(bench):
    result = bench.batch(HTML)
    assert result.failed == {}
    assert (result.accounts[0].rows, result.accounts[0].unreadable) == (0, "HTML")
    assert bench.account(HTML) == result.accounts[0]


def test_an_unreadable_body_makes_no_new_version(bench):
    result = bench.batch(HTML)
    assert result.stored is None
    assert bench.live.version() == 0


def test_a_snapshot_of_a_machine_whose_clock_is_ahead_does_not_empty_the_picture(bench):
    ahead = snapshot(row("dddddd", seen=NOW + 86_400), time=NOW + 86_400)
    bench.batch(FIRST, ahead)
    bench.clock.now += 10
    bench.batch(SECOND)
    assert bench.account(ahead).unreadable == "its time is 86,400 s ahead of the clock here"
    assert bench.account(ahead).balanced
    assert bench.live.latest().time == NOW + 10
    assert bench.aircraft() == {"aaaaaa": NOW + 10, "bbbbbb": NOW - 5, "cccccc": NOW}


def test_a_clock_that_is_a_little_ahead_is_believed(bench):
    soon = NOW + CLOCK_TOLERANCE
    bench.batch(snapshot(row("dddddd", seen=soon), time=soon))
    assert bench.aircraft() == {"dddddd": soon}


def test_an_unreadable_body_does_not_cost_its_neighbours(bench):
    result = bench.batch(HTML, FIRST)
    assert set(result.accounts) == {0, 1}
    assert bench.live.latest().states.height == 2


# Poison and accidents.


def test_poison_fails_by_itself_and_its_neighbours_go_through(bench):
    events = bench.events(FIRST, SECOND)
    lost = archived(snapshot(row("ffffff"), time=NOW - 1), "lost")
    result = bench.process.batch([events[0], lost, events[1]])
    assert set(result.accounts) == {0, 2}
    assert list(result.failed) == [1]
    assert isinstance(result.failed[1], Poison)
    assert bench.aircraft() == {"aaaaaa": NOW + 10, "bbbbbb": NOW - 5, "cccccc": NOW}
    assert result.stored.keys == (FIRST.key, SECOND.key)
    assert list(bench.ledger.find([lost.key])) == []


def test_an_unexpected_error_at_one_is_its_failure_too():
    class Flaky(MemoryArchive):
        def get(self, key):
            if key == FIRST.key:
                raise OSError("disk")
            return super().get(key)

    bench = Bench()
    bench.archive = Flaky()
    bench.archive.put(FIRST)
    bench.archive.put(SECOND)
    result = bench.process.batch([archived(FIRST), archived(SECOND)])
    assert set(result.accounts) == {1}
    assert str(result.failed[0]) == "disk"


@pytest.mark.parametrize("told", [{"sha256": "0" * 64}, {"size": 3}], ids=repr)
def test_bytes_other_than_the_event_tells_of_are_poison(bench, told):
    right, other = bench.events(FIRST, SECOND)
    result = bench.process.batch([other.model_copy(update=told), right])
    assert (list(result.accounts), list(result.failed)) == ([1], [0])
    assert isinstance(result.failed[0], Poison)
    assert str(result.failed[0]) == f"what the archive has as {SECOND.key} is not what the event tells of"


def test_an_event_may_tell_the_beginning_of_the_hash_and_no_size(bench):
    (event,) = bench.events(FIRST)
    told = event.model_copy(update={"sha256": FIRST.sha256[:16], "size": 0})
    assert bench.process.batch([told]).failed == {}


def test_a_batch_of_poison_only_makes_no_version(bench):
    result = bench.process.batch([archived(FIRST)])
    assert (result.accounts, set(result.failed), result.stored) == ({}, {0}, None)
    assert bench.live.version() == 0


def test_killed_between_publication_and_ledger_the_ledger_gets_the_original_account():
    ledger = BrokenLedger()
    bench = Bench(ledger=ledger)
    with pytest.raises(OSError, match="killed"):
        bench.batch(FIRST, HTML)
    assert bench.live.version() == 1
    assert ledger.totals().snapshots == 0
    ledger.broken = False
    bench.clock.now += 60
    again = bench.batch(FIRST, HTML)
    assert (again.accounts[0].stored, again.accounts[0].superseded) == (0, 2)
    assert (bench.account(FIRST).stored, bench.account(FIRST).superseded) == (2, 0)
    assert bench.account(FIRST).processed_at == NOW
    assert bench.account(HTML).unreadable == "HTML"
    assert ledger.totals().rows == 2


def test_killed_after_the_publication_another_batch_brings_the_account_too():
    ledger = BrokenLedger()
    bench = Bench(ledger=ledger)
    with pytest.raises(OSError, match="killed"):
        bench.batch(FIRST)
    ledger.broken = False
    bench.batch(SECOND)
    assert bench.account(FIRST).stored == 2


def test_a_version_carries_the_accounts_of_its_own_snapshots_only(bench):
    bench.batch(FIRST)
    bench.batch(SECOND)
    assert [account.key for account in bench.live.latest().accounts] == [SECOND.key]


def test_when_somebody_else_published_meanwhile_it_is_transient_and_nothing_is_entered():
    bench = Bench(live=Contested())
    with pytest.raises(Transient, match="version 1"):
        bench.batch(FIRST)
    assert bench.ledger.totals().snapshots == 0
    assert bench.aircraft() == {}


def test_the_next_try_builds_on_what_somebody_else_published():
    bench = Bench(live=Contested(picture(state("eeeeee"), version=4)))
    events = bench.events(FIRST)
    with pytest.raises(Transient):
        bench.process.batch(events)
    assert bench.process.batch(events).stored.version == 6
    assert set(bench.aircraft()) == {"aaaaaa", "bbbbbb", "eeeeee"}


def test_every_log_line_about_a_snapshot_carries_its_correlation_id(bench):
    events = [*bench.events(FIRST, HTML), archived(SECOND, "lost")]
    with capture_logs(processors=[merge_contextvars]) as lines:
        bench.process.batch(events)
    assert [(line["correlation_id"], line["event"], line["key"]) for line in lines] == [
        ("id-0", "snapshot processed", FIRST.key),
        ("id-1", "body is no snapshot", HTML.key),
        ("lost", "snapshot not processed", SECOND.key),
    ]


# Flights.


def departing(at, place, *, on_ground):
    """A snapshot of an aircraft that takes off at Charles de Gaulle."""
    one = row("aaaaaa", seen=NOW + at, latitude=place[0], longitude=place[1])
    one[7:12] = [None, True, 5.0, 80.0, None] if on_ground else [500.0, False, 85.0, 80.0, 10.0]
    return snapshot(one, time=NOW + at, received_at=NOW + at)


GATE, CLIMB = departing(0, (49.0128, 2.55), on_ground=True), departing(60, (49.02, 2.60), on_ground=False)


def test_a_flight_that_opens_is_in_the_store_and_in_the_version(bench):
    bench.batch(GATE)
    assert bench.flights.kept == {}
    bench.batch(CLIMB)
    flight = bench.flights.kept["aaaaaa", NOW + 60]
    assert (flight["phase"], flight["departure"]) == ("airborne", "LFPG")
    assert bench.live.latest().changed.to_dicts() == [flight]
    assert bench.live.latest().tracked["first_seen"].to_list() == [NOW + 60]


def test_a_flight_outlives_the_aircraft_s_place_in_the_picture(bench):
    bench.batch(GATE, CLIMB)
    bench.clock.now += 1000
    bench.batch(snapshot(row("bbbbbb", seen=NOW + 1000), time=NOW + 1000))
    assert set(bench.aircraft()) == {"bbbbbb"}
    assert bench.live.latest().tracked["icao24"].to_list() == ["aaaaaa", "bbbbbb"]


def test_one_batch_or_several_end_in_the_same_flights(bench):
    other = Bench()
    bench.batch(GATE, CLIMB)
    for one in (GATE, CLIMB):
        other.batch(one)
    assert bench.flights.kept == other.flights.kept
    assert bench.live.latest().tracked.equals(other.live.latest().tracked)


def test_killed_between_publication_and_store_the_next_batch_brings_the_flights():
    flights = BrokenFlights()
    bench = Bench(flights=flights)
    with pytest.raises(OSError, match="killed"):
        bench.batch(GATE, CLIMB)
    assert bench.live.version() == 1
    flights.broken = False
    bench.batch(SECOND)
    assert ("aaaaaa", NOW + 60) in flights.kept


def test_what_was_not_published_leaves_no_flight_behind():
    bench = Bench(live=Contested())
    with pytest.raises(Transient):
        bench.batch(GATE, CLIMB)
    assert bench.flights.kept == {}


def test_a_version_carries_its_own_changes_only(bench):
    bench.batch(GATE, CLIMB)
    bench.batch(departing(70, (49.025, 2.61), on_ground=False))
    assert bench.live.latest().changed.is_empty()
    assert bench.live.latest().tracked.height == 1


# The history.


class Full(MemoryHistory):
    """The disk is full."""

    def add(self, key, states):
        raise OSError("no space left")


def test_the_history_gets_the_states_that_changed():
    bench = Bench()
    first = snapshot(row("000001"), row("000002"))
    second = snapshot(row("000001"), row("000002", seen=NOW + 5), row("000003", seen=NOW + 5), time=NOW + 10)
    bench.batch(first, second)
    assert {key: states["icao24"].to_list() for key, states in bench.history.added.items()} == {
        first.key: ["000001", "000002"],
        second.key: ["000002", "000003"],
    }


def test_what_comes_again_is_not_in_the_history_again():
    bench = Bench()
    bench.batch(snapshot(row()))
    bench.batch(snapshot(row()), snapshot(row(), time=NOW + 5))
    assert list(bench.history.added) == [snapshot(row()).key]


def test_states_are_in_the_history_before_they_are_in_the_picture():
    bench = Bench(history=Full())
    with pytest.raises(OSError, match="no space left"):
        bench.batch(snapshot(row()))
    assert bench.live.version() == 0
    assert bench.ledger.totals().snapshots == 0


def test_after_a_publication_that_failed_the_history_is_written_again():
    bench = Bench(live=Contested())
    with pytest.raises(Transient):
        bench.batch(snapshot(row()))
    bench.batch(snapshot(row()))
    assert [len(states) for states in bench.history.added.values()] == [1]


def test_what_comes_late_is_in_the_history_and_nowhere_else():
    bench = Bench()
    late = snapshot(row("000001"), row("000002", seen=NOW + 10), row("000003", seen=NOW - 400), time=NOW + 11)
    bench.batch(snapshot(row("000001", seen=NOW + 10), row("000002", seen=NOW + 10), time=NOW + 10))
    bench.batch(late)
    assert bench.aircraft() == {"000001": NOW + 10, "000002": NOW + 10}
    assert bench.account(late).superseded == bench.account(late).rows == 3
    assert [one["icao24"] for one in bench.history.added[late.key].to_dicts()] == ["000001", "000003"]


def test_a_late_state_is_enriched_and_has_the_flags_of_its_own():
    bench = Bench()
    bench.batch(snapshot(row("3c6444", seen=NOW + 10, latitude=10.0), time=NOW + 10))
    bench.batch(snapshot(row("3c6444", seen=NOW - 20, callsign="DLH123  ", latitude=0, longitude=0), time=NOW))
    (late,) = bench.history.track("3c6444", NOW - 20, NOW - 19).to_dicts()
    assert (late["country"], late["airline"], names(late["quality"])) == (
        "DE",
        "DLH",
        ("stale_position", "null_island"),
    )


def test_a_snapshot_that_was_processed_is_not_written_again_when_all_of_it_is_late():
    bench = Bench()
    first = snapshot(row())
    bench.batch(first)
    bench.batch(snapshot(row(seen=NOW + 5), time=NOW + 5))
    bench.history.added.clear()
    bench.batch(first)
    assert not bench.history.added


def test_what_older_code_could_not_read_is_written_when_it_comes_again_and_can_be_read():
    bench = Bench()
    late = snapshot(row())
    bench.ledger.record([SnapshotAccount(late.key, unreadable="no known format")])
    bench.batch(snapshot(row(seen=NOW + 5), time=NOW + 5))
    bench.batch(late)
    assert bench.history.added[late.key]["last_contact"].to_list() == [NOW]
    assert bench.account(late).unreadable == "no known format"


def test_what_a_source_remembers_for_more_than_an_hour_does_not_happen_again():
    bench = Bench()
    bench.batch(snapshot(row("000001", seen=NOW - 3600), row("000002", seen=NOW - 3601), row("000003", seen=1)))
    assert [one["icao24"] for one in bench.history.added[next(iter(bench.history.added))].to_dicts()] == ["000001"]


def test_what_would_have_been_live_is_in_the_history_when_it_comes_late():
    bench = Bench(expiry=7200)
    late = snapshot(row("000001", seen=NOW - 5000))
    bench.batch(snapshot(row("000001", seen=NOW - 4000), time=NOW + 10))
    bench.batch(late)
    assert bench.history.added[late.key]["last_contact"].to_list() == [NOW - 5000]


HEARD = st.lists(
    st.builds(
        row,
        st.sampled_from(["000001", "000002"]),
        seen=st.integers(0, 600).map(lambda age: NOW - age) | st.sampled_from([NOW, NOW + 1]),
        latitude=st.sampled_from([48.5, 48.6]),
    ),
    min_size=1,
    max_size=4,
)


def heard(bench):
    return set(
        pl.concat([no_states(), *bench.history.added.values()]).select("icao24", "last_contact", "source").iter_rows()
    )


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(HEARD, st.integers(-300, 300), st.sampled_from("ab")), min_size=1, max_size=4), st.data())
def test_any_order_and_repetition_also_of_failures_leaves_the_same_history(given_snapshots, data):
    snapshots = [snapshot(*rows, time=NOW + more, source=source) for rows, more, source in given_snapshots]
    in_order = Bench()
    for one in snapshots:
        in_order.batch(one)
    other = Bench(live=Contested())
    repeated = snapshots + data.draw(st.lists(st.sampled_from(snapshots), max_size=3), label="repeated")
    shuffled = data.draw(st.permutations(repeated), label="shuffled")
    while shuffled:
        size = data.draw(st.integers(1, 3), label="batch")
        other.live.others = data.draw(st.integers(0, 1), label="failures")
        try:
            other.batch(*shuffled[:size])
        except Transient:
            shuffled = data.draw(st.permutations(shuffled), label="again")
        else:
            shuffled = shuffled[size:]
    assert heard(other) == heard(in_order)
