"""Stopped and raced at each single request: whatever happens in between, every question is answered right."""

import random
import threading

import polars as pl
import pytest
from fixtures.aws import Account
from samples import NOW, state, states

from flightdata.backends.history import s3
from flightdata.backends.history.folder import FolderHistory
from flightdata.backends.history.s3 import S3History
from flightdata.errors import Transient
from flightdata.models.selection import Selection
from flightdata.models.snapshot import RawSnapshot

HOUR = 3600.0
BEGIN = NOW // HOUR * HOUR
LATER = BEGIN + 10 * HOUR
EVERYTHING = Selection(0.0, 4e9)
ENOUGH = 200
"""More requests than anything here takes."""


class Killed(BaseException):
    """As kill -9: no handler has a say."""


class Watched:
    """An S3 client that counts its requests and the bytes it got, and before request number `at` calls `meanwhile`."""

    def __init__(self, client, at=0, meanwhile=lambda: None):
        self._client = client
        self._at = at
        self._meanwhile = meanwhile
        self._lock = threading.Lock()
        self.requests = 0
        self.bytes = 0

    def __getattr__(self, operation):
        def call(**arguments):
            self._count()
            answer = getattr(self._client, operation)(**arguments)
            self.bytes += answer.get("ContentLength", 0) if operation == "get_object" else 0
            return answer

        return call

    def get_paginator(self, operation):
        return Pages(self._client.get_paginator(operation), self._count)

    def _count(self):
        with self._lock:
            self.requests += 1
            now = self.requests == self._at
        if now:
            self._meanwhile()


class Pages:
    def __init__(self, pages, count):
        self._pages, self._count = pages, count

    def paginate(self, **arguments):
        for page in self._pages.paginate(**arguments):
            self._count()
            yield page


def seen(icao24, time, **columns):
    return state(icao24, last_contact=time, time_position=time, longitude=2.5, latitude=48.5, **columns)


def add(history, *rows, at):
    history.add(RawSnapshot("test", at, b"").key, states(*rows))


def everything(history):
    return pl.concat([states(), *history.states(EVERYTHING)])


QUESTIONS = {
    "everything": everything,
    "some aircraft": lambda history: pl.concat(
        [states(), *history.states(Selection(0.0, 4e9, icao24=("000001", "000002")))]
    ),
    "a track": lambda history: history.track("000001", 0, 4e9),
    "a picture": lambda history: history.picture(BEGIN + HOUR - 1, BEGIN + HOUR - 331),
    "a picture of two hours": lambda history: history.picture(BEGIN + HOUR + 100, BEGIN + HOUR - 230),
}


def answers(history):
    return [question(history).rows() for question in QUESTIONS.values()]


def lived(account):
    """Two hours, the first of them compacted with states that came late."""
    history = S3History(account.client("s3"), account.bucket)
    for step in range(2):
        moment = BEGIN + 100 * step
        add(history, *(seen(f"{n:06x}", moment + HOUR * (n % 2)) for n in range(4)), at=moment)
    history.compact(BEGIN)
    late(history)
    return history


def late(history, n=7):
    moment = BEGIN + HOUR - n
    add(history, seen("000001", moment, squawk=f"{n:04}"), seen(f"{n:06x}", moment), at=moment)


def compact(history):
    for hour in history.due(LATER):
        history.compact(hour)


def raced(account, work, meanwhile):
    """Do `work` with `meanwhile` before the first request, before the second, …, each time on a lake of its own."""
    for at in range(1, ENOUGH):
        account = Account(account.ministack)
        history = lived(account)
        client = Watched(account.client("s3"), at, lambda history=history: meanwhile(history))
        yield history, lambda client=client, account=account: work(S3History(client, account.bucket)), at
        if client.requests < at:
            return
    pytest.fail("this does not end")


def test_a_compaction_that_is_killed_at_any_request_has_done_no_harm(account):
    def kill(_):
        raise Killed

    killed = 0
    for history, work, _ in raced(account, compact, kill):
        expected = answers(history)
        try:
            work()
        except Killed:
            killed += 1
        assert answers(history) == expected
        compact(history)
        assert answers(history) == expected
        assert list(history.due(LATER)) == []
    assert killed > 10


def test_two_that_compact_at_once_lose_nothing_of_each_other(account):
    """The other one comes in between with states that the first has not seen."""

    def another_with_more(history):
        late(history, 1)
        compact(history)

    for history, work, at in raced(account, compact, another_with_more):
        work()
        late(history, 1)  # again, where it was not reached
        expected = answers(history)
        compact(history)
        assert answers(history) == expected, at
        assert {"0001", "0007"} < set(history.track("000001", 0, 4e9)["squawk"])


@pytest.mark.parametrize("question", QUESTIONS)
def test_who_asks_while_an_hour_is_compacted_finds_each_state_once(account, question):
    for history, work, at in raced(account, QUESTIONS[question], compact):
        assert work().equals(QUESTIONS[question](history)), at


def test_what_is_added_while_an_hour_is_compacted_stays(account):
    for history, work, at in raced(account, compact, lambda history: late(history, 1)):
        work()
        late(history, 1)  # again, where it was not reached
        assert BEGIN + HOUR - 1 in set(history.track("000001", 0, 4e9)["last_contact"]), at


def test_others_that_are_always_faster_are_told(account):
    history = lived(account)

    class Hasty(Watched):
        def __getattr__(self, operation):
            if operation == "put_object":
                history.compact(BEGIN)
                late(history, self.requests + 100)
            return super().__getattr__(operation)

    with pytest.raises(Transient, match="others compact"):
        S3History(Hasty(account.client("s3")), account.bucket).compact(BEGIN)


# What it reads.

AIRCRAFT, SNAPSHOTS = 4_000, 60
"""Four row groups an hour."""


@pytest.fixture(scope="module")
def busy(ministack):
    """An account with two compacted hours of much traffic."""
    account = Account(ministack)
    history = S3History(account.client("s3"), account.bucket)
    chance = random.Random(3)
    for step in range(2 * SNAPSHOTS):
        moment = BEGIN + step * HOUR / SNAPSHOTS
        many = pl.concat([states(seen("000000", moment))] * AIRCRAFT).with_columns(
            icao24=pl.Series([f"{n:06x}" for n in range(AIRCRAFT)]),
            longitude=pl.Series([chance.uniform(-180, 180) for _ in range(AIRCRAFT)]),
            latitude=pl.Series([chance.uniform(-90, 90) for _ in range(AIRCRAFT)]),
        )
        history.add(RawSnapshot("test", moment, b"").key, many)
    compact(history)
    return account


def size(account):
    listed = account.client("s3").list_objects_v2(Bucket=account.bucket, Prefix="states/")["Contents"]
    return sum(one["Size"] for one in listed)


def test_a_track_reads_one_row_group_of_an_hour(busy):
    client = Watched(busy.client("s3"))
    history = S3History(client, busy.bucket)
    for icao24 in ("000000", f"{AIRCRAFT // 2:06x}", f"{AIRCRAFT - 1:06x}"):
        client.bytes = client.requests = 0
        assert history.track(icao24, BEGIN, BEGIN + 2 * HOUR).height == 2 * SNAPSHOTS
        assert client.bytes < 0.6 * size(busy), "of four row groups one and the footer"
        assert client.requests <= 2 + 2 * 2
    assert history.track("ffffff", 0, 4e9).height == 0
    assert history.track("!", 0, 4e9).height == 0


def test_an_object_that_is_replaced_between_two_requests_of_a_track_is_read_anew(busy):
    plain = S3History(busy.client("s3"), busy.bucket)
    for at in range(1, 8):
        n = 50 + at

        def replace_it(n=n):
            moment = BEGIN + n
            add(plain, seen("000001", moment), at=moment)
            plain.compact(BEGIN)

        found = S3History(Watched(busy.client("s3"), at, replace_it), busy.bucket).track("000002", 0, 4e9)
        assert found.equals(plain.track("000002", 0, 4e9))
        assert found.height == 2 * SNAPSHOTS


def test_selected_aircraft_are_read_from_their_row_groups(busy):
    history = S3History(busy.client("s3"), busy.bucket)
    wanted = ("000003", f"{AIRCRAFT - 3:06x}", "ffffff")
    found = pl.concat(history.states(Selection(BEGIN, BEGIN + HOUR, icao24=wanted)))
    assert found.group_by("icao24").len().sort("icao24").rows() == [(wanted[0], SNAPSHOTS), (wanted[1], SNAPSHOTS)]


@pytest.mark.parametrize("aircraft", [3, 40], ids=["much of it is repeated", "hardly any of it is"])
def test_an_open_hour_of_more_rows_than_are_held_at_once_is_as_in_a_folder(account, tmp_path, monkeypatch, aircraft):
    monkeypatch.setattr(s3, "CHUNK", 20)
    chance = random.Random(5)
    lakes = S3History(account.client("s3"), account.bucket), FolderHistory(tmp_path)
    for step in range(25):
        moment = BEGIN + 10 * step
        rows = [
            seen(f"{n:06x}", moment - chance.randrange(15), source=chance.choice("ab"), baro_altitude=float(step))
            for n in chance.sample(range(aircraft), 3)
        ]
        for lake in lakes:
            add(lake, *rows, at=moment)
    ours, theirs = lakes
    assert ours.picture(BEGIN + 205, BEGIN - 10).equals(theirs.picture(BEGIN + 205, BEGIN - 10))
    assert everything(ours).equals(everything(theirs))
