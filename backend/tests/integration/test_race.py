"""Two processors at work on the same stores, one of them late: the flights end as the newest version has them."""

import pytest
from fakes import MemoryArchive, MemoryFlights, MemoryLedger, MemoryPictures, process
from fixtures import aws
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import NOW, archived, row, snapshot

from flightdata.backends.flights.dynamodb import DynamoFlights
from flightdata.backends.flights.sqlite import SqliteFlights
from flightdata.models.flight import FlightsAsked, Side

ALL = FlightsAsked(0.0, NOW * 2, 1_000)
AIRCRAFT = ("aaaaaa", "bbbbbb")
CALLSIGNS = ("ONE1", "TWO2")
AIRPORTS = ("LFPG", "EGLL")
LONG: float = 40_000
"""Seconds of silence after which a flight is lost."""


class HeldUp(Exception):
    """The processor got no further."""


class Recorded(MemoryPictures):
    """Every version that was published."""

    def __init__(self):
        super().__init__()
        self.published = []

    def publish(self, picture):
        done = super().publish(picture)
        self.published += [picture] * done
        return done


class Slow:
    """A store whose next write is under way, while its processor is given up, until `arrive`."""

    def __init__(self, store):
        self._store = store
        self.hold = False
        self._under_way = []

    def put(self, flights, fence):
        if self.hold:
            self._under_way.append((flights, fence))
            raise HeldUp
        self._store.put(flights, fence)

    def arrive(self, which=0):
        if self._under_way:
            self._store.put(*self._under_way.pop(which % len(self._under_way)))

    @property
    def quiet(self):
        return not self._under_way


class Two:
    """Two processors with an archive, a live picture, a ledger and a flights store in common."""

    def __init__(self, store):
        self.store = store
        self.archive, self.live, self.ledger = MemoryArchive(), Recorded(), MemoryLedger()
        self.slow = [Slow(store), Slow(store)]
        self.processors = [self._processor(one) for one in self.slow]
        self.time = NOW

    def _processor(self, flights):
        return process(self.archive, self.live, self.ledger, lambda: self.time, flights=flights)

    def hear(self, number, rows, later):
        """A snapshot, `later` seconds after the one before, through this processor."""
        self.time += later
        one = snapshot(*rows(self.time), time=self.time)
        self.archive.put(one)
        return lambda: self.processors[number].batch([archived(one)])

    def ended(self):
        """Every flight as the last version that changed it has it."""
        fold = MemoryFlights()
        for picture in self.live.published:
            fold.put(picture.changed, picture.fence)
        return fold


def told(store):
    """All that can be asked."""
    return (
        [store.of_aircraft(one, ALL).to_dicts() for one in AIRCRAFT],
        [store.of_airport(one, side, ALL).to_dicts() for one in AIRPORTS for side in Side],
        [store.of_callsign(one, ALL).to_dicts() for one in CALLSIGNS],
    )


def heard(icao24, seen, callsign="ONE1", *, on_ground=False, latitude=49.0):
    """A row near LFPG."""
    one = row(icao24, seen=seen, callsign=callsign, latitude=latitude, longitude=2.55)
    one[7] = one[13] = 119.0 if on_ground else 1000.0
    one[8], one[9] = on_ground, 5.0 if on_ground else 100.0
    return one


@pytest.fixture(params=["sqlite", "dynamodb", "fake"])
def new_store(request, tmp_path):
    """Makes an empty store each time."""
    opened = []

    def new():
        if request.param == "fake":
            return MemoryFlights()
        if request.param == "sqlite":
            opened.append(SqliteFlights(tmp_path / f"{len(opened)}.sqlite"))
            return opened[-1]
        account = aws.Account(request.getfixturevalue("ministack"))
        return DynamoFlights(account.client("dynamodb"), account.table)

    yield new
    for one in opened:
        one.close()


def test_a_processor_that_was_held_up_does_not_write_over_what_is_newer(new_store):
    two = Two(new_store())
    two.hear(0, lambda now: [heard("aaaaaa", now)], 0)()
    two.slow[0].hold = True
    with pytest.raises(HeldUp):
        two.hear(0, lambda now: [heard("bbbbbb", now, "TWO2")], 10)()
    two.hear(1, lambda now: [heard("aaaaaa", now)], LONG)()
    assert [one["phase"] for one in two.store.of_callsign("TWO2", ALL).to_dicts()] == ["lost"]
    before = told(two.store)
    two.slow[0].arrive()
    assert told(two.store) == before == told(two.ended())


rows = st.lists(
    st.tuples(st.sampled_from(AIRCRAFT), st.sampled_from(CALLSIGNS), st.booleans(), st.sampled_from([49.0, 49.2])),
    min_size=1,
    max_size=2,
    unique_by=lambda one: one[0],
)
steps = st.lists(
    st.tuples(st.integers(0, 1), rows, st.sampled_from([10.0, 60.0, 2_000.0, LONG]), st.booleans(), st.integers(0, 9)),
    min_size=1,
    max_size=9,
)


@given(steps=steps, order=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9)), max_size=9))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_two_processors_interleave_the_flights_end_as_the_newest_version_has_them(new_store, steps, order):
    two = Two(new_store())
    for number, seen, later, hold, arriving in steps:
        batch = two.hear(
            number,
            lambda now, seen=seen: [heard(one, now, name, on_ground=down, latitude=at) for one, name, down, at in seen],
            later,
        )
        slow = two.slow[number]
        slow.hold = hold
        try:
            batch()
        except HeldUp:
            slow.hold = False
            batch() if arriving % 2 else two.processors[1 - number].batch([])
        slow.hold = False
        if arriving > 4:
            two.slow[arriving % 2].arrive(arriving)
    two.hear(0, lambda now: [heard("cccccc", now)], 10)()
    for number, which in order:
        two.slow[number].arrive(which)
    while not all(slow.quiet for slow in two.slow):
        for slow in two.slow:
            slow.arrive()
    assert told(two.store) == told(two.ended())
