"""What every Lease promises. A new backend is one line in OPEN."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes import MemoryLease, kept

from flightdata.backends.lease.dynamodb import DynamoLease
from flightdata.backends.lease.sqlite import SqliteLease

OPEN = {
    "dynamodb": lambda account: DynamoLease(account.client("dynamodb"), account.table),
    "sqlite": lambda folder: SqliteLease(folder / "lease.sqlite"),
    "fake": kept(MemoryLease),
}


AWS = {"dynamodb"}
"""These are opened with an AWS account, the others with a folder."""


@pytest.fixture(params=OPEN)
def reopened(request, tmp_path):
    """Opens the same lease, again and again."""
    place = request.getfixturevalue("account") if request.param in AWS else tmp_path
    opened = []

    def reopen():
        opened.append(OPEN[request.param](place))
        return opened[-1]

    yield reopen
    for one in opened:
        getattr(one, "close", lambda: None)()


def test_a_tick_is_given_once(reopened):
    lease = reopened()
    assert lease.take("a", 56_666_666) is True
    assert lease.take("a", 56_666_666) is False


def test_not_even_to_another_instance(reopened):
    assert reopened().take("a", 7)
    assert not reopened().take("a", 7)
    assert reopened().take("a", 8)


def test_a_tick_that_is_past_is_not_given(reopened):
    lease = reopened()
    assert lease.take("a", 7)
    assert not lease.take("a", 6)


def test_names_do_not_touch_each_other(reopened):
    lease = reopened()
    assert lease.take("a", 7)
    assert lease.take("b", 7)
    assert not lease.take("a", 7)


@pytest.mark.parametrize("reopened", ["sqlite"], indirect=True)
def test_of_several_at_once_one_gets_it(reopened):
    for tick in range(5):
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(lambda _, tick=tick: reopened().take("a", tick), range(8))) == 1
