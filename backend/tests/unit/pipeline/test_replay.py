import random

from samples import NOW, row, snapshot

from flightdata.models.snapshot import RawSnapshot
from flightdata.pipeline.replay import plan


def keys(*snapshots):
    return [one.key for one in snapshots]


def test_the_order_is_by_moment_across_sources_then_by_key():
    ordered = keys(
        RawSnapshot("b", NOW, b"1"),
        RawSnapshot("a", NOW + 1, b"2"),
        RawSnapshot("b", NOW + 1, b"3"),
        RawSnapshot("a", NOW + 2, b"4"),
    )
    for seed in range(10):
        shuffled = random.Random(seed).sample(ordered, 4)
        assert list(plan(shuffled, 0, 4e9).keys) == ordered


def test_the_same_bytes_of_a_source_count_once_at_their_first_moment():
    first, again = snapshot(row()), snapshot(row(), received_at=NOW + 5)
    other = snapshot(row(), source="other", received_at=NOW + 5)
    result = plan(keys(again, other, first), 0, 4e9)
    assert (list(result.keys), result.repeated) == (keys(first, other), 1)


def test_from_is_included_and_to_is_not():
    moments = keys(*(RawSnapshot("a", NOW + step, bytes([step])) for step in range(4)))
    assert list(plan(moments, NOW + 1, NOW + 3).keys) == moments[1:3]
