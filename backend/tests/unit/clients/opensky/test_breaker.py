import pytest
from samples import NOW

from flightdata.clients.opensky.breaker import PROBE_EVERY, failed, is_open, looked, looks
from flightdata.models.credits import Failure, Trouble

BROKEN = [Failure.OUTAGE, Failure.GARBAGE]


def after(*kinds, jitter=15.0):
    """The trouble after these failures, a minute apart."""
    trouble = Trouble()
    for number, kind in enumerate(kinds):
        trouble = failed(trouble, kind, f"number {number}", NOW + 60 * number, jitter)
    return trouble


@pytest.mark.parametrize("kind", BROKEN)
def test_two_retries_wait_a_random_part_of_an_eighth_and_a_quarter_of_a_tick(kind):
    assert after(kind).retry_at == NOW + 15 / 8
    assert after(kind, kind).retry_at == NOW + 60 + 15 / 4
    assert after(kind, jitter=0.0).retry_at == NOW


def test_the_third_failure_in_a_row_opens_it_for_15_minutes():
    assert [is_open(after(*[Failure.OUTAGE] * count)) for count in range(1, 5)] == [False, False, True, True]
    assert after(*[Failure.OUTAGE] * 3).retry_at == NOW + 120 + PROBE_EVERY


def test_outage_and_garbage_are_one_row():
    assert is_open(after(Failure.OUTAGE, Failure.GARBAGE, Failure.OUTAGE))


@pytest.mark.parametrize("other", [Failure.MISTAKE, Failure.QUOTA])
def test_other_kinds_begin_a_row_of_their_own(other):
    trouble = after(other, other, other, Failure.OUTAGE)
    assert (trouble.count, is_open(trouble)) == (1, False)
    assert after(Failure.OUTAGE, Failure.OUTAGE, other).count == 1


def test_it_remembers_since_when_and_the_last_reason():
    trouble = after(Failure.OUTAGE, Failure.OUTAGE, Failure.MISTAKE)
    assert (trouble.since, trouble.reason) == (NOW, "number 2")


def test_a_mistake_is_not_tried_again_for_15_minutes():
    assert after(Failure.MISTAKE).retry_at == NOW + PROBE_EVERY
    assert not is_open(after(*[Failure.MISTAKE] * 5))


def test_while_it_is_open_it_looks_until_the_service_answers():
    opened = after(*[Failure.OUTAGE] * 3)
    assert looks(opened)
    assert opened.looked_at == NOW + 120  # a call that failed is a look, too
    assert looks(looked(opened, NOW + 130, alive=False))
    assert not looks(looked(opened, NOW + 130, alive=True))
    assert not looks(after(*[Failure.OUTAGE] * 2))


def test_a_service_that_is_back_is_tried_at_once_but_one_that_was_never_away_is_not():
    opened = after(*[Failure.OUTAGE] * 3)
    assert looked(opened, NOW + 130, alive=True).retry_at == opened.retry_at
    away = looked(opened, NOW + 130, alive=False)
    assert looked(away, NOW + 160, alive=True).retry_at == NOW + 160


def test_who_was_misled_once_waits():
    away = looked(after(*[Failure.OUTAGE] * 3), NOW + 130, alive=False)
    misled = failed(looked(away, NOW + 160, alive=True), Failure.OUTAGE, "again", NOW + 161, 15.0)
    back = looked(looked(misled, NOW + 190, alive=False), NOW + 220, alive=True)
    assert back.retry_at == misled.retry_at == NOW + 161 + PROBE_EVERY
