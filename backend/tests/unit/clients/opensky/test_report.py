from dataclasses import replace

import pytest
from samples import NOW

from flightdata.clients.opensky import governor, report
from flightdata.models.credits import AccountClass, Failure, Plan, Trouble

TICK = 30.0


def budget(account_class=AccountClass.STANDARD, price=4, **changes):
    opened = governor.opened("somebody", account_class, Plan("the globe", price, TICK), NOW)
    return replace(governor.charge(opened, price, NOW), **changes)


def test_it_says_what_is_left_what_it_costs_how_often_and_when():
    told = report(budget(), NOW + 10)
    assert (told["credits_left"], told["credits"], told["price"], told["areas"]) == (3_996, 4_000, 4, "the globe")
    assert (told["class"], told["interval"], told["tick"]) == ("standard", 86.6, 30.0)
    assert told["next_call"] == governor.due(budget())
    assert told["renewed_by"] == NOW + governor.DAY
    assert (told["failure"], told["reason"], told["blocked_until"]) == (None, None, None)


def test_a_next_call_is_never_past():
    assert report(budget(), NOW + 5_000)["next_call"] == NOW + 5_000


def test_credits_that_were_renewed_meanwhile_are_there():
    assert report(budget(left=3), NOW + 2 * governor.DAY)["credits_left"] == 4_000


@pytest.mark.parametrize(
    ("account_class", "price", "words"),
    [
        (AccountClass.ANONYMOUS, 4, ["OPENSKY_CLIENT_ID", "at most 400 square degrees"]),
        (AccountClass.ANONYMOUS, 2, ["OPENSKY_CLIENT_ID", "at most 25 square degrees"]),
        (AccountClass.ANONYMOUS, 1, ["OPENSKY_CLIENT_ID"]),
        (AccountClass.STANDARD, 4, ["receiver of your own: every 43 s", "at most 400 square degrees: every 65 s"]),
        (AccountClass.FEEDER, 4, ["at most 400 square degrees: every 32 s"]),
        (AccountClass.FEEDER, 1, []),
        (AccountClass.LICENSED, 4, []),
    ],
)
def test_what_would_help_is_told_while_the_credits_are_the_limit(account_class, price, words):
    ideas = report(budget(account_class, price), NOW)["cheaper"]
    assert len(ideas) == len(words)
    for idea, word in zip(ideas, words, strict=True):
        assert word in idea


@pytest.mark.parametrize(
    ("trouble", "next_call"),
    [
        (Trouble(Failure.OUTAGE, "503", 1, NOW, retry_at=NOW + 3, looked_at=NOW), NOW + 3),
        (Trouble(Failure.MISTAKE, "400", 1, NOW, retry_at=NOW + 900, looked_at=NOW), NOW + 900),
        (Trouble(Failure.OUTAGE, "503", 3, NOW, retry_at=NOW + 900, looked_at=NOW, alive=True), NOW + 900),
        (Trouble(Failure.OUTAGE, "503", 3, NOW, retry_at=NOW + 900, looked_at=NOW), (NOW // TICK + 1) * TICK),
    ],
)
def test_a_failure_is_told_with_its_kind_its_reason_and_the_next_call(trouble, next_call):
    told = report(budget(earned_by=NOW, trouble=trouble), NOW + 1)
    assert (told["failure"], told["reason"]) == (trouble.kind.value, trouble.reason)
    assert (told["failing_since"], told["failures_in_a_row"]) == (NOW, trouble.count)
    assert told["next_call"] == next_call


def test_a_moment_that_the_server_named_is_told():
    blocked = governor.throttled(budget(), 3_600, "429", NOW)
    told = report(blocked, NOW)
    assert (told["blocked_until"], told["failure"], told["credits_left"]) == (NOW + 3_600, "quota", 0)
    assert told["next_call"] >= NOW + 3_600
