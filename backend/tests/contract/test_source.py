"""What every Source promises. A new client is one line in OPEN (or a few, with several settings)."""

import json
import math
from itertools import pairwise

import pytest
from fakes import MemoryBudgets, MemoryLease, SetClock
from fixtures.fake_receiver import FakeReceiver
from fixtures.opensky_service import Direct, OpenSkyService
from samples import NOW, body, row

from flightdata.clients.opensky import Account, OpenSky, boxes
from flightdata.clients.receiver import Pace, readsb, v2
from flightdata.clients.recording import Recording, Times
from flightdata.clients.simulation import Simulation
from flightdata.models.credits import AccountClass
from flightdata.models.snapshot import SnapshotKey, source_name
from flightdata.utils.http import Http
from flightdata.validation.gate import decode


def opensky(folder):
    recorded = range(1_600_000_000, 1_600_000_050, 10)
    lines = [body(row(f"{time % 100:06x}", seen=time - 1), time=time) for time in recorded]
    (folder / "opensky.jsonl").write_bytes(b"\n".join(lines))
    return [folder]


def aircraft_files(folder):
    for second in range(5):
        aircraft = [{"hex": "abc123", "lat": 1.0, "lon": 2.0, "seen": 0.5, "seen_pos": 0.7}]
        answer = {"now": 1_600_000_000.25 + second, "messages": 1, "aircraft": aircraft}
        (folder / f"{second}.json").write_text(json.dumps(answer))
    return [folder]


def points(folder):
    lines = [{"hex": "abc123", "now": 1_600_000_000.5 + second, "lat": 1.0, "lon": 2.0} for second in range(30)]
    (folder / "points.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return [folder]


def live(clock, areas):
    """OpenSky as it is on a good day."""
    service = OpenSkyService(
        clock, sky=lambda now: [row(seen=now, latitude=48.0), row("bbbbbb", seen=now, latitude=51.0)]
    )
    account = Account(known_class=AccountClass.FEEDER)
    stores = {"budgets": MemoryBudgets(), "lease": MemoryLease()}
    return OpenSky("https://fake/api", account, boxes(areas), http=Direct(service), clock=clock, **stores)


def receiver(make, end, clock):
    """A source made by `make`, at a fake that is closed after the test."""
    fake, http = FakeReceiver(clock=clock), Http()
    TO_CLOSE.extend((fake, http))
    return make(fake.url + end, clock=clock, http=http, pace=Pace(5.0, clock))


TO_CLOSE = []
OPEN = {
    "opensky": lambda _, clock: live(clock, "globe"),
    "opensky, two boxes": lambda _, clock: live(clock, "47,49,1,4/50,52,1,4"),
    "recording": lambda folder, clock: Recording(opensky(folder), clock=clock),
    "recording, its own times": lambda folder, clock: Recording(opensky(folder), clock=clock, times=Times.RECORDED),
    "recording, at once": lambda folder, clock: Recording(opensky(folder), clock=clock, speed=math.inf),
    "recording, over and over": lambda folder, clock: Recording(opensky(folder), clock=clock, speed=10, loop=True),
    "recording, over and over, its own times": lambda folder, clock: Recording(
        opensky(folder), clock=clock, times=Times.RECORDED, loop=True
    ),
    "recording, over and over, at once": lambda folder, clock: Recording(
        opensky(folder), clock=clock, speed=math.inf, loop=True
    ),
    "recording, readsb": lambda folder, clock: Recording(aircraft_files(folder), clock=clock, speed=0.5),
    "recording, points": lambda folder, clock: Recording(points(folder), clock=clock),
    "readsb": lambda _, clock: receiver(readsb, "/data/aircraft.json", clock),
    "v2": lambda _, clock: receiver(v2, "#48.7,2.4,250+48.7,2.5,250", clock),
    "simulation": lambda _, clock: Simulation(20, clock=clock),
    "simulation, fast": lambda _, clock: Simulation(20, clock=clock, speed=60, interval=1, name="Sky 1"),
}


@pytest.fixture
def clock():
    return SetClock(NOW)


@pytest.fixture(params=OPEN)
def source(request, tmp_path, clock):
    yield OPEN[request.param](tmp_path, clock)
    while TO_CLOSE:
        TO_CLOSE.pop().close()


def play(source, clock, most=12):
    """Fetches when due, as the runner does: when it was due, and the snapshot."""
    for _ in range(most):
        due = source.next_due()
        if due == math.inf:
            return
        clock.now = max(clock.now + 0.25, due)
        yield due, source.fetch()


def test_its_name_fits_in_a_key_and_stands_on_every_snapshot(source, clock):
    name = source.name
    assert name == source_name(name)
    assert {snapshot.source for _, snapshot in play(source, clock)} == {name}
    assert source.name == name


def test_it_is_due_at_first(source, clock):
    assert source.next_due() <= clock.now


def test_asking_when_it_is_due_changes_nothing(source, clock):
    for _ in range(3):
        assert source.next_due() == source.next_due()
        clock.now += 0.5
        list(play(source, clock, most=1))


def test_it_answers_whenever_it_is_due(source, clock):
    assert list(play(source, clock))


def test_it_is_not_due_earlier_than_before(source, clock):
    dues = [due for due, _ in play(source, clock)]
    assert all(earlier <= later for earlier, later in pairwise(dues))


def test_once_it_is_over_it_stays_over(source, clock):
    answers = list(play(source, clock, most=100))
    assert (source.next_due() == math.inf) == (len(answers) < 100)
    clock.now += 1e6
    assert len(answers) == 100 or source.next_due() == math.inf


def test_its_answers_pass_the_gate_and_lose_no_row(source, clock):
    for _, snapshot in play(source, clock):
        decoded = decode(snapshot)
        assert decoded.states.height == decoded.rows > 0
        assert decoded.rejected == {}


def test_an_answer_is_of_the_moment_it_was_received(source, clock):
    for _, snapshot in play(source, clock):
        assert abs(decode(snapshot).time - snapshot.received_at) <= 1  # whole seconds


def test_its_answers_do_not_go_back_in_time(source, clock):
    moments = [snapshot.received_at for _, snapshot in play(source, clock)]
    assert moments == sorted(moments)


def test_its_answers_have_keys_of_their_own(source, clock):
    keys = [snapshot.key for _, snapshot in play(source, clock)]
    assert len(set(keys)) == len(keys)
    assert {SnapshotKey.parse(key).source for key in keys} == {source.name}
