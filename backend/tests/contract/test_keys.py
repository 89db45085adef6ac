"""What every Keys promises. A new backend is one line in OPEN."""

import pytest
from fakes import MemoryKeys, kept
from samples import NOW

from flightdata.backends.keys.dynamodb import DynamoKeys
from flightdata.backends.keys.sqlite import SqliteKeys
from flightdata.models.key import ApiKey

OPEN = {
    "dynamodb": lambda account: DynamoKeys(account.client("dynamodb"), account.table),
    "sqlite": lambda folder: SqliteKeys(folder / "keys.sqlite"),
    "fake": kept(MemoryKeys),
}

AWS = {"dynamodb"}
"""These are opened with an AWS account, the others with a folder."""

LATER = ApiKey("a" * 64, "later", NOW + 0.25)
FIRST = ApiKey("b" * 64, "Zoë's notebook", NOW, NOW + 86_400.5)


@pytest.fixture(params=OPEN)
def reopened(request, tmp_path):
    """Opens the same keys, again and again."""
    place = request.getfixturevalue("account") if request.param in AWS else tmp_path
    opened = []

    def reopen():
        opened.append(OPEN[request.param](place))
        return opened[-1]

    yield reopen
    for one in opened:
        getattr(one, "close", lambda: None)()


def test_a_key_is_found_by_its_hash_by_another_instance_too(reopened):
    keys = reopened()
    for key in (LATER, FIRST):
        keys.put(key)
    assert keys.find(FIRST.digest) == FIRST
    assert reopened().find(LATER.digest) == LATER


def test_one_that_is_not_there_is_not_found(reopened):
    keys = reopened()
    assert keys.find(FIRST.digest) is None
    assert list(keys.known()) == []


def test_all_are_listed_the_oldest_first(reopened):
    keys = reopened()
    for key in (LATER, FIRST):
        keys.put(key)
    assert list(reopened().known()) == [FIRST, LATER]


def test_a_revoked_one_is_gone_and_no_other(reopened):
    keys = reopened()
    for key in (LATER, FIRST):
        keys.put(key)
    keys.revoke(FIRST.digest)
    keys.revoke(FIRST.digest)
    assert reopened().find(FIRST.digest) is None
    assert list(reopened().known()) == [LATER]
