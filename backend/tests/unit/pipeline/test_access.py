import hashlib

import pytest
from fakes import MemoryKeys, SetClock
from samples import NOW

from flightdata.errors import BadRequest, NotFound, Unauthorised
from flightdata.pipeline.access import REMEMBERED, Access


class Counted(MemoryKeys):
    """Counts what it is asked for."""

    def __init__(self):
        super().__init__()
        self.asked = 0

    def find(self, digest):
        self.asked += 1
        return super().find(digest)


class Bench:
    def __init__(self):
        self.clock, self.keys = SetClock(NOW), Counted()
        self.access = Access(self.keys, self.clock)


@pytest.fixture
def bench():
    return Bench()


def test_a_key_is_random_and_only_its_hash_is_kept(bench):
    (one, text), (_, other) = bench.access.create("me"), bench.access.create("me")
    assert text != other
    assert len(text) == len("fdp_") + 43  # 32 bytes
    assert one.digest == hashlib.sha256(text.encode()).hexdigest()
    assert text not in repr(bench.keys.kept)
    assert bench.access.check(text) == one


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
def test_a_name_that_is_none_is_refused(bench, name):
    with pytest.raises(BadRequest, match="name"):
        bench.access.create(name)


@pytest.mark.parametrize("days", [0, -1, float("nan"), float("inf")])
def test_an_end_that_is_none_is_refused(bench, days):
    with pytest.raises(BadRequest, match="days"):
        bench.access.create("me", days)


@pytest.mark.parametrize("text", ["", "fdp_", "Bearer", "fdp_" + "é" * 43, "x" * 10_000, "fdp_" + "a" * 44, "\udcff"])
def test_what_is_no_key_is_refused_without_a_look_up(bench, text):
    assert bench.access.remembers(text)
    with pytest.raises(Unauthorised):
        bench.access.check(text)
    assert bench.keys.asked == 0


def test_a_key_is_looked_up_once_a_minute(bench):
    _, text = bench.access.create("me")
    assert not bench.access.remembers(text)
    for _ in range(3):
        bench.access.check(text)
    assert bench.access.remembers(text)
    bench.clock.now += REMEMBERED
    assert not bench.access.remembers(text)
    bench.access.check(text)
    assert bench.keys.asked == 2


def test_a_key_that_is_not_known_is_looked_up_once_a_minute_too(bench):
    for _ in range(3):
        with pytest.raises(Unauthorised):
            bench.access.check("fdp_" + "a" * 43)
    assert bench.keys.asked == 1


def test_a_revoked_key_works_a_minute_at_most(bench):
    key, text = bench.access.create("me")
    bench.access.check(text)
    assert Access(bench.keys, bench.clock).revoke(key.id) == key
    bench.clock.now += REMEMBERED - 0.001
    bench.access.check(text)
    bench.clock.now += 0.001
    with pytest.raises(Unauthorised, match="revoked"):
        bench.access.check(text)


def test_a_key_ends_when_it_expires_also_while_it_is_remembered(bench):
    _, text = bench.access.create("me", days=1)
    bench.clock.now += 86_400 - 0.001
    bench.access.check(text)
    bench.clock.now += 0.001
    with pytest.raises(Unauthorised, match="expired"):
        bench.access.check(text)


def test_who_tries_keys_at_random_does_not_fill_the_memory(bench):
    for number in range(10_050):
        with pytest.raises(Unauthorised):
            bench.access.check(f"fdp_{number:043}")
    assert len(bench.access._remembered) <= 10_000


def test_a_key_that_is_not_there_cannot_be_revoked(bench):
    with pytest.raises(NotFound, match="keys ls"):
        bench.access.revoke("0123456789ab")
