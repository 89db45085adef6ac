"""The whole client against the model of the service, on a clock of its own: days pass, nobody sleeps, no socket."""

import math
import traceback
from itertools import pairwise

import pytest
from fakes import MemoryBudgets, MemoryLease, SetClock
from fixtures.opensky_service import (
    CLIENT_ID,
    CLIENT_SECRET,
    CREDITS,
    STATES_FAULTS,
    TOKEN_FAULTS,
    Direct,
    OpenSkyService,
)
from pydantic import SecretStr
from samples import NOW, row

from flightdata.clients.opensky import breaker
from flightdata.clients.opensky.areas import boxes
from flightdata.clients.opensky.credentials import Credentials, Tokens
from flightdata.clients.opensky.source import Account, OpenSky
from flightdata.errors import NotDue, Transient
from flightdata.models.credits import AccountClass, Failure
from flightdata.ports import BadAnswer
from flightdata.validation.gate import decode

TICK = 30.0
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
BOX = "47,49,1,4"


class Bench:
    """A service, what is stored, and as many processes at it as are started."""

    def __init__(self, *, anonymous=False, account="standard", areas="", known_class=None, tick=TICK):
        self.clock = SetClock(NOW)
        self.service = OpenSkyService(self.clock, account=account, renewal=12_345.0)
        self.http = Direct(self.service)
        self.budgets, self.lease = MemoryBudgets(), MemoryLease()
        self.anonymous, self.areas, self.known_class, self.tick = anonymous, areas, known_class, tick
        self.source = self.start()

    def start(self):
        account = Account(known_class=self.known_class)
        if not self.anonymous:
            known = Credentials(SecretStr(CLIENT_ID), SecretStr(CLIENT_SECRET))
            tokens = Tokens(self.http, "https://fake/token", known, self.clock)
            account = Account(known.account, tokens, self.known_class)
        return OpenSky(
            "https://fake/api/",
            account,
            boxes(self.areas),
            http=self.http,
            budgets=self.budgets,
            lease=self.lease,
            tick=self.tick,
            clock=self.clock,
            chance=lambda: 0.5,
        )

    def run(self, seconds, *, restarts=0.0):
        """As the runner does, for so long: the snapshots and the failures, with their moments."""
        snapshots, failures, until = [], [], self.clock.now + seconds
        began = self.clock.now
        while self.clock.now < until:
            if restarts and self.clock.now - began >= restarts:
                self.source, began = self.start(), self.clock.now
            due = self.source.next_due()
            if due > self.clock.now:
                self.clock.now = min(due, until, self.clock.now + (restarts or math.inf))
                continue
            try:
                snapshots.append((self.clock.now, self.source.fetch()))
            except (Transient, NotDue) as error:
                failures.append((self.clock.now, error))
            self.clock.now += 0.25
        return snapshots, failures

    @property
    def budget(self):
        return self.budgets.known()[0]

    @property
    def trouble(self):
        return self.budget.trouble


@pytest.fixture
def bench():
    return Bench()


def failing(bench, kind=Transient):
    with pytest.raises(kind) as caught:
        bench.source.fetch()
    return caught.value


# What it asks for.


def test_it_asks_for_extended_states_with_a_token_and_passes_on_the_bytes(bench):
    bench.service.sky = lambda _: [row("abcdef")]
    snapshot = bench.source.fetch()
    assert [call.query for call in bench.service.calls] == [{"extended": "1"}]
    assert (snapshot.source, snapshot.received_at) == ("opensky", NOW)
    assert decode(snapshot).states["icao24"].to_list() == ["abcdef"]
    assert bench.service.left("standard") == 3_996
    assert bench.service.left("anonymous") == 400


def test_without_credentials_it_is_anonymous():
    bench = Bench(anonymous=True)
    bench.source.fetch()
    assert bench.service.left("anonymous") == 396
    assert bench.service.logins == []
    assert (bench.budget.account, bench.budget.account_class) == ("anonymous", AccountClass.ANONYMOUS)


def test_several_boxes_are_several_answers_of_one_tick():
    bench = Bench(areas=f"{BOX}/-20,-15,177,-178")
    snapshots, failures = bench.run(TICK)
    assert [call.query["lomin"] for call in bench.service.calls] == ["1.0", "177.0", "-180.0"]
    assert len(snapshots) == 3
    assert len({snapshot.key for _, snapshot in snapshots}) == 3
    assert not failures
    assert bench.budget.left == 3_997


def test_a_token_that_is_refused_is_refreshed_once_and_the_call_made_once_more(bench):
    bench.service.faults.append("401")
    bench.source.fetch()
    assert [call.status for call in bench.service.calls] == [401, 200]
    assert len(bench.service.logins) == 2
    assert bench.budget.left == 3_996


def test_a_second_refusal_is_a_mistake_and_not_tried_again(bench):
    bench.service.fault = "401"
    assert "401" in str(failing(bench))
    assert len(bench.service.calls) == 2
    assert bench.trouble.kind is Failure.MISTAKE


def test_no_sky_is_a_sky(bench):
    bench.service.fault = "null"
    assert decode(bench.source.fetch()).rows == 0


def test_a_server_whose_clock_goes_back_is_no_failure(bench):
    bench.service.faults.extend([None, "backwards"])
    snapshots, failures = bench.run(3 * MINUTE)
    first, second = (decode(snapshot).time for _, snapshot in snapshots[:2])
    assert second - first == snapshots[1][0] // 1 - snapshots[0][0] - 6
    assert not failures


# How often.


@pytest.mark.parametrize(
    ("account", "areas"),
    [("anonymous", ""), ("anonymous", BOX), ("standard", ""), ("feeder", ""), ("standard", f"{BOX}/0,10,0,10")],
)
def test_for_days_with_restarts_it_never_spends_a_credit_too_many_and_nearly_all_it_has(account, areas):
    bench = Bench(anonymous=account == "anonymous", account=account, areas=areas)
    _, failures = bench.run(5 * DAY, restarts=7 * HOUR)
    spent = sum(call.price for call in bench.service.calls)
    assert bench.service.overdrawn == 0
    assert not failures
    assert spent >= 0.95 * 5 * CREDITS[account]


def test_a_feeder_is_found_out():
    bench = Bench(account="feeder")
    bench.source.fetch()
    assert bench.budget.account_class is AccountClass.FEEDER
    assert bench.budget.left == 7_996


def test_the_class_that_is_set_holds():
    bench = Bench(account="feeder", known_class=AccountClass.STANDARD)
    bench.source.fetch()
    assert bench.budget.account_class is AccountClass.STANDARD


def test_what_was_charged_is_stored_before_the_call_leaves(bench):
    seen = []
    bench.http.before = lambda: seen.append(bench.budget.left)
    bench.source.fetch()
    assert seen == [4_000, 3_996]  # the token, the states


def test_a_process_that_is_killed_in_a_call_has_paid_for_it(bench):
    def killed():
        if bench.service.logins:
            raise KeyboardInterrupt

    bench.http.before = killed
    with pytest.raises(KeyboardInterrupt):
        bench.source.fetch()
    bench.http.before = lambda: None
    bench.source = bench.start()
    assert bench.budget.left == 3_996
    assert bench.source.next_due() > NOW
    failing(bench, NotDue)


def test_a_restart_neither_forgets_nor_doubles(bench):
    bench.source.fetch()
    due, budget = bench.source.next_due(), bench.budget
    for _ in range(5):
        bench.source = bench.start()
        assert bench.source.next_due() == due
        failing(bench, NotDue)
    assert bench.budget == budget
    assert len(bench.service.calls) == 1


def test_others_that_spend_the_same_credits_are_noticed(bench):
    bench.service.left("standard")
    bench.service._left["standard"] = 1_000
    bench.run(DAY / 2)
    assert bench.service.overdrawn == 0


# Two at once.


def test_of_two_processes_one_fetches_a_tick():
    bench = Bench(known_class=AccountClass.LICENSED, account="licensed")
    one, other = bench.source, bench.start()
    bench.run(5 * TICK)
    bench.clock.now += TICK
    assert one.next_due() <= bench.clock.now
    assert other.next_due() <= bench.clock.now
    calls = len(bench.service.calls)
    other.fetch()
    failing(bench, NotDue)
    assert len(bench.service.calls) == calls + 1


def test_of_two_that_both_found_it_due_one_fetches():
    """The other one has taken the tick while the first one thinks; the last look at the stored state decides."""
    bench = Bench(known_class=AccountClass.LICENSED, account="licensed")
    other = bench.start()
    bench.lease.take = lambda *_: True
    bench.http.before = lambda: (setattr(bench.http, "before", lambda: None), other.fetch())
    failing(bench, NotDue)
    assert len(bench.service.calls) == 1


def test_a_tick_that_has_begun_is_left_to_the_process_that_went_on():
    bench = Bench(areas=f"{BOX}/50,52,1,4", known_class=AccountClass.LICENSED, account="licensed")
    slow, other = bench.source, bench.start()
    slow.fetch()
    bench.clock.now += TICK
    for _ in range(2):
        other.fetch()
    assert slow.next_due() > bench.clock.now


def test_after_an_outage_one_of_two_processes_is_the_first_to_fetch():
    bench = Bench(known_class=AccountClass.LICENSED, account="licensed")
    bench.service.down = True
    bench.run(10 * MINUTE)
    other = bench.start()
    bench.service.down = False
    bench.clock.now = (bench.clock.now // TICK + 1) * TICK
    bench.source.fetch()
    with pytest.raises(NotDue):
        other.fetch()
    assert len(bench.service.calls) == 1


def test_of_two_that_look_for_a_service_that_came_back_one_fetches():
    bench = Bench(known_class=AccountClass.LICENSED, account="licensed")
    bench.source.fetch()
    bench.service.down = True
    bench.run(10 * MINUTE)
    other = bench.start()
    bench.service.down = False
    bench.clock.now = (bench.clock.now // TICK + 1) * TICK
    calls = len(bench.service.calls)

    def meanwhile():
        bench.http.before = lambda: None
        with pytest.raises(NotDue):
            other.fetch()

    bench.http.before = meanwhile
    bench.source.fetch()
    assert len(bench.service.calls) == calls + 1


# 429.


def test_no_call_leaves_before_the_moment_that_the_server_named_not_even_after_restarts(bench):
    bench.service.faults.append("429")
    bench.service.retry_after = 22_688
    assert "429" in str(failing(bench))
    bench.run(22_688 - 1, restarts=HOUR)
    assert len(bench.service.calls) == 1
    assert bench.trouble.kind is Failure.QUOTA
    snapshots, _ = bench.run(2 * TICK + 2)
    assert snapshots[0][0] - NOW < 22_688 + 2 * TICK
    assert bench.trouble.kind is None


def test_it_does_not_wait_inside_a_call(bench):
    bench.service.fault = "429"
    failing(bench)
    assert bench.clock.now == NOW


# Failures.


@pytest.mark.parametrize("fault", ["500", "502", "503", "reset", "silence", "slow body", "bomb"])
def test_an_outage_is_tried_again_twice_and_over_when_it_is_over(bench, fault):
    bench.service.faults.extend([fault, fault])
    snapshots, failures = bench.run(TICK)
    assert [moment - NOW for moment, _ in failures] == pytest.approx([0, TICK / 16 + 0.0], abs=0.3)
    assert len(snapshots) == 1
    assert snapshots[0][0] - NOW < TICK / 2
    assert bench.trouble.kind is None


@pytest.mark.parametrize("fault", ["html", "error", "empty", "cut", "truncated"])
def test_200_without_states_is_evidence_and_a_failure(bench, fault):
    bench.service.faults.append(fault)
    error = failing(bench, BadAnswer)
    assert error.evidence.source == "opensky"
    assert bench.trouble.kind is Failure.GARBAGE
    snapshots, _ = bench.run(TICK)
    assert len(snapshots) == 1


@pytest.mark.parametrize("fault", ["400", "403", "404"])
def test_a_mistake_of_ours_is_told_and_not_tried_again_for_15_minutes(bench, fault):
    bench.service.fault = fault
    _, failures = bench.run(HOUR)
    assert len(bench.service.calls) == 4
    assert all(fault in str(error) for _, error in failures)
    assert bench.trouble.kind is Failure.MISTAKE


def test_a_mistake_that_was_put_right_is_forgiven_a_minute_after_it_when_started_again(bench):
    bench.service.token_fault = "token 401"
    failing(bench)
    bench.service.token_fault = None
    bench.source = bench.start()
    snapshots, _ = bench.run(2 * MINUTE)
    assert MINUTE <= snapshots[0][0] - NOW <= MINUTE + TICK
    for _ in range(10):  # and a process that starts again and again does not hammer
        bench.service.fault = "400"
        bench.run(3 * MINUTE)
        calls = len(bench.service.calls)
        bench.source = bench.start()
        bench.run(10)
        assert len(bench.service.calls) - calls <= 1


def test_a_wrong_secret_costs_no_credit(bench):
    bench.service.token_fault = "token 401"
    _, failures = bench.run(HOUR)
    assert "OPENSKY_CLIENT_SECRET" in str(failures[0][1])
    assert bench.service.calls == []
    assert bench.budget.left == 4_000


@pytest.mark.parametrize("restarts", [0.0, 40 * MINUTE])
@pytest.mark.parametrize("anonymous", [True, False])
def test_24_hours_without_the_service_cost_three_calls_and_end_within_two_ticks(anonymous, restarts):
    bench = Bench(anonymous=anonymous)
    bench.run(HOUR)
    bench.service.down = True
    began = bench.clock.now
    bench.run(DAY, restarts=restarts)
    asked = [path for moment, path in bench.http.asked if moment >= began]
    assert asked.count("/api/states/all") <= breaker.OPENS_AFTER
    assert 0.9 * DAY / TICK <= len(asked) - asked.count("/api/states/all") <= 1.1 * DAY / TICK
    bench.service.down = False
    calls = len(bench.service.calls)
    snapshots, failures = bench.run(2 * TICK)
    assert snapshots, "not back within two ticks"
    assert not failures
    assert len(bench.service.calls) - calls == len(snapshots)
    assert bench.trouble.kind is None


@pytest.mark.parametrize("minutes", [1, 2, 3, 5, 10, 30, 120])
def test_an_outage_of_any_length_ends_within_two_ticks(bench, minutes):
    bench.run(HOUR)
    bench.service.down = True
    bench.run(minutes * MINUTE)
    bench.service.down = False
    snapshots, _ = bench.run(2 * TICK)
    assert snapshots


@pytest.mark.parametrize("minutes", [1, 5, 30, 24 * 60])
def test_without_a_network_nothing_is_spent_and_it_is_back_within_two_ticks(minutes):
    bench = Bench(anonymous=True)
    bench.run(3 * HOUR)
    bench.clock.now = bench.source.next_due()
    before, bench.http.offline = bench.budget, True
    _, failures = bench.run(minutes * MINUTE)
    assert failures
    assert bench.budget.left == (before.left if minutes < 24 * 60 else 400)
    assert bench.budget.earned_by <= max(before.earned_by, bench.clock.now)
    bench.http.offline = False
    snapshots, _ = bench.run(2 * TICK)
    assert len(snapshots) == 1


@pytest.mark.parametrize("fault", ["503", "html", "silence"])
@pytest.mark.parametrize("restarts", [0.0, 40 * MINUTE])
def test_24_hours_in_which_only_the_states_fail_cost_one_call_every_15_minutes(bench, fault, restarts):
    bench.run(HOUR)
    bench.service.fault, calls = fault, len(bench.service.calls)
    bench.run(DAY, restarts=restarts)
    moments = [call.time for call in bench.service.calls[calls:]]
    assert len(moments) <= breaker.OPENS_AFTER + DAY / breaker.PROBE_EVERY
    assert all(later - earlier >= breaker.PROBE_EVERY for earlier, later in pairwise(moments[2:]))
    bench.service.fault = None
    snapshots, _ = bench.run(breaker.PROBE_EVERY + TICK)
    first, second = snapshots[0][0], snapshots[1][0]
    assert second - first <= 4 * TICK, "after the first good answer the pace is the old one"


def test_a_service_that_comes_and_goes_misleads_once(bench):
    """It answers looks every other tick, and never with states: one call more, then 15 minutes count again."""
    bench.run(HOUR)
    bench.service.fault, bench.service.down = "503", True
    bench.run(10 * MINUTE)
    calls = len(bench.service.calls)
    for _ in range(120):
        bench.service.down = not bench.service.down
        bench.run(TICK)
    assert 1 <= len(bench.service.calls) - calls <= 1 + 120 * TICK / breaker.PROBE_EVERY


def test_looks_cost_nothing_and_leave_once_a_tick(bench):
    bench.run(HOUR)
    bench.service.fault = "503"
    bench.run(HOUR)
    looks = bench.service.looks
    assert looks
    assert len({moment // TICK for moment in looks}) == len(looks)


def test_a_503_that_names_a_moment_is_obeyed(bench, monkeypatch):
    real = bench.service.respond

    def busy(*request):
        reply = real(*request)
        if reply.status == 503:
            reply.headers["Retry-After"] = "120"
        return reply

    bench.service.respond = busy
    bench.service.faults.append("503")
    failing(bench)
    bench.run(119)
    assert len(bench.service.calls) == 1
    snapshots, _ = bench.run(TICK)
    assert len(snapshots) == 1


@pytest.mark.parametrize("fault", [*STATES_FAULTS, *TOKEN_FAULTS])
def test_no_failure_shows_a_credential_not_even_its_traceback(bench, fault):
    bench.service.fault = fault
    if fault in TOKEN_FAULTS:
        bench.service.token_fault = fault
    shown = ""
    try:
        bench.source.fetch()
    except Transient as error:
        shown = "".join(traceback.format_exception(error))
    assert bool(shown) == (fault not in ("null", "backwards"))
    assert "canary" not in f"{shown} {bench.budget} {bench.source.__dict__}"
