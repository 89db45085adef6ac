"""What every Publisher, Queue and DeadLetters promise together. A new backend is one line in OPEN."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Barrier, Event, Thread

import pytest
from fakes import SetClock
from samples import NOW, event

from flightdata.backends.queue.eventbridge import EventBridgePublisher
from flightdata.backends.queue.sqlite import SqliteQueue
from flightdata.backends.queue.sqs import UNHEARD, SqsQueue
from flightdata.models.events import SnapshotArchived
from flightdata.ports import QueueDepth


class AwsQueue(SqsQueue):
    """The queue with the bus in front of it."""

    def __init__(self, account, clock, *, max_attempts, urls):
        super().__init__(account.client("sqs"), *urls, clock, max_attempts=max_attempts)
        self.publish = EventBridgePublisher(account.client("events"), account.bus).publish


class AccountClock(SetClock):
    """Sets MiniStack's clock forward too; that one runs on by itself meanwhile."""

    def __init__(self, now, ministack):
        self._ministack = ministack
        self._now = now

    @property
    def now(self):
        return self._now

    @now.setter
    def now(self, now):
        self._ministack.forward(now - self._now)
        self._now = now


OPEN = {
    "sqlite": lambda folder, clock, **promises: SqliteQueue(folder / "queue.sqlite", clock, **promises),
}

VISIBILITY = 60.0
ATTEMPTS = 5
SAFE = 30.0
"""Seconds after which a thread that should have ended is given up."""


@pytest.fixture(params=[*OPEN, "sqs"])
def technology(request):
    return request.param


beyond_sqs = pytest.mark.parametrize("technology", OPEN, indirect=True)
"""For what SQS does not promise: it tells no reason of what it gave up itself, a receipt can be used twice, a waiting
receiver looks at no clock."""


@pytest.fixture
def moment(technology):
    """Seconds just before a time-out: MiniStack's clock runs on while a test does something."""
    return 10.0 if technology == "sqs" else 0.001


@pytest.fixture
def clock(request, technology):
    return AccountClock(NOW, request.getfixturevalue("ministack")) if technology == "sqs" else SetClock(NOW)


@pytest.fixture
def reopened(request, technology, tmp_path, clock):
    """Opens the same queue, again and again."""
    opened = []
    if technology == "sqs":
        account = request.getfixturevalue("account")
        urls = account.queues(visibility=int(VISIBILITY), max_attempts=ATTEMPTS)

    def reopen(clock=clock):
        if technology == "sqs":
            queue = AwsQueue(account, clock, max_attempts=ATTEMPTS, urls=urls)
        else:
            queue = OPEN[technology](tmp_path, clock, visibility=VISIBILITY, max_attempts=ATTEMPTS)
        opened.append(queue)
        return queue

    yield reopen
    for queue in opened:
        queue.close()


@pytest.fixture
def queue(reopened):
    return reopened()


def numbers(deliveries):
    """Which events were delivered."""
    return [int(one.event.correlation_id.removeprefix("id-")) for one in deliveries]


def publish(queue, *which):
    for number in which:
        queue.publish(event(number))


def take(queue):
    (delivery,) = queue.receive(1)
    return delivery


def exhaust(queue, reason="broken"):
    """Fail at the oldest message until it is given up."""
    for attempt in range(ATTEMPTS):
        queue.give_back(take(queue), f"{reason} {attempt + 1}")


def undecodable(number):
    """A message of another program: no event, as far as anybody here knows."""
    return SnapshotArchived.model_construct(correlation_id=f"id-{number}")


# Receiving and acknowledging.


def test_a_message_arrives_as_it_was_published(queue):
    queue.publish(event(7))
    delivery = take(queue)
    assert (delivery.event, delivery.attempt) == (event(7), 1)


def test_the_oldest_messages_come_first_and_no_more_than_asked_for(queue):
    publish(queue, *range(25))
    assert numbers(queue.receive(10)) == list(range(10))
    assert numbers(queue.receive(1)) == [10]
    assert numbers(queue.receive(100)) == list(range(11, 25))


def test_an_empty_queue_has_nothing(queue):
    assert list(queue.receive(10)) == []
    assert list(queue.receive(10, wait=0.01)) == []


def test_what_was_received_is_invisible_until_its_time_is_up(queue, clock, moment):
    publish(queue, 1)
    take(queue)
    clock.now += VISIBILITY - moment
    assert list(queue.receive(1)) == []
    clock.now += moment
    assert numbers(queue.receive(1)) == [1]


def test_what_was_acknowledged_never_comes_back(queue, clock):
    publish(queue, 1, 2, 3)
    first, second, third = queue.receive(3)
    queue.acknowledge([first, third])
    clock.now += 10 * VISIBILITY
    assert numbers(queue.receive(3)) == [2]
    assert queue.depth() == QueueDepth(waiting=0, in_flight=1, dead=0)
    assert second.event == event(2)


def test_acknowledging_nothing_is_fine(queue):
    queue.acknowledge([])
    assert queue.depth() == QueueDepth(0, 0, 0)


def test_the_same_event_published_twice_is_two_messages(queue):
    publish(queue, 1, 1)
    assert numbers(queue.receive(10)) == [1, 1]


# Failing, trying again, giving up.


def test_attempts_are_counted(queue, clock):
    publish(queue, 1)
    for attempt in range(1, ATTEMPTS + 1):
        assert take(queue).attempt == attempt
        clock.now += VISIBILITY


@beyond_sqs
def test_what_is_never_acknowledged_is_given_up_after_five_attempts(queue, clock):
    publish(queue, 1)
    for _ in range(ATTEMPTS):
        take(queue)
        clock.now += VISIBILITY
    assert list(queue.receive(1)) == []
    (letter,) = queue.dead_letters()
    assert (letter.attempts, letter.died_at) == (ATTEMPTS, clock.now)
    assert letter.reason
    assert queue.depth() == QueueDepth(waiting=0, in_flight=0, dead=1)


def test_what_fails_five_times_is_given_up_at_once_for_the_last_reason(queue, clock):
    publish(queue, 1)
    exhaust(queue)
    (letter,) = queue.dead_letters()
    assert (letter.attempts, letter.reason, letter.died_at) == (ATTEMPTS, "broken 5", clock.now)
    assert SnapshotArchived.model_validate_json(letter.body) == event(1)
    assert list(queue.receive(1)) == []


@beyond_sqs
def test_the_reason_survives_when_the_last_attempt_is_not_heard_of(queue, clock):
    publish(queue, 1)
    queue.give_back(take(queue), "broken")
    for _ in range(ATTEMPTS - 1):
        take(queue)
        clock.now += VISIBILITY
    queue.receive(1)
    assert [letter.reason for letter in queue.dead_letters()] == ["broken"]


def test_given_back_it_comes_again_at_once(queue):
    publish(queue, 1)
    queue.give_back(take(queue), "not now")
    assert take(queue).attempt == 2


def test_given_back_with_a_delay_it_comes_again_after_it(queue, clock, moment):
    publish(queue, 1)
    queue.give_back(take(queue), "not now", delay=20)
    clock.now += 20 - moment
    assert list(queue.receive(1)) == []
    clock.now += moment
    assert take(queue).attempt == 2


def test_a_delay_may_be_longer_than_the_visibility(queue, clock):
    publish(queue, 1)
    queue.give_back(take(queue), "not now", delay=3 * VISIBILITY)
    clock.now += 2 * VISIBILITY
    assert list(queue.receive(1)) == []


def test_given_back_it_keeps_its_place(queue):
    publish(queue, 1, 2)
    queue.give_back(take(queue), "not now")
    assert numbers(queue.receive(2)) == [1, 2]


def test_poison_is_given_up_at_the_first_attempt(queue, clock):
    publish(queue, 1)
    queue.give_back(take(queue), "never", poison=True)
    (letter,) = queue.dead_letters()
    assert (letter.attempts, letter.reason) == (1, "never")
    clock.now += 10 * VISIBILITY
    assert list(queue.receive(1)) == []


def test_giving_up_one_leaves_the_others_alone(queue):
    publish(queue, 1, 2, 3)
    _, second, _ = queue.receive(3)
    queue.give_back(second, "never", poison=True)
    assert queue.depth() == QueueDepth(waiting=0, in_flight=2, dead=1)


def test_what_somebody_else_took_and_gives_up_is_a_dead_letter_that_can_be_redriven(queue, clock):
    publish(queue, 1)
    queue.acknowledge([take(queue)])
    queue.bury(json.dumps({"detail": event(1).model_dump()}), 3, "broken \x00 beyond repair")
    queue.bury("garbage", 1, "not an event")
    assert queue.depth() == QueueDepth(waiting=0, in_flight=0, dead=2)
    letters = {letter.attempts: letter for letter in queue.dead_letters()}
    assert letters[3].reason.startswith("broken ")
    assert (letters[1].body, letters[1].reason, letters[1].died_at) == ("garbage", "not an event", clock.now)
    assert queue.redrive([letters[3].id]) == 1
    assert [(one.event, one.attempt) for one in queue.receive(10)] == [(event(1), 1)]


# Void receipts: the message was handed out again meanwhile.


@pytest.fixture
def late(queue, clock):
    """The first delivery of a message that was handed out again; the second one is in flight."""
    publish(queue, 1)
    first = take(queue)
    clock.now += VISIBILITY
    take(queue)
    return first


@pytest.mark.parametrize(
    "too_late",
    [
        lambda queue, late: queue.acknowledge([late]),
        lambda queue, late: queue.give_back(late, "late"),
        lambda queue, late: queue.give_back(late, "late", poison=True),
    ],
    ids=["acknowledge", "give back", "poison"],
)
def test_a_void_receipt_does_nothing(queue, clock, late, too_late):
    too_late(queue, late)
    assert queue.depth() == QueueDepth(waiting=0, in_flight=1, dead=0)
    clock.now += VISIBILITY
    assert take(queue).attempt == 3


@beyond_sqs
def test_a_receipt_is_void_once_it_was_used(queue):
    publish(queue, 1)
    delivery = take(queue)
    queue.give_back(delivery, "not now")
    queue.acknowledge([delivery])
    assert take(queue).attempt == 2


# Messages that are no events.


def test_what_is_no_event_goes_to_the_dead_letters_with_the_reason(queue):
    queue.publish(undecodable(1))
    assert list(queue.receive(1)) == []
    (letter,) = queue.dead_letters()
    assert json.loads(letter.body)["correlation_id"] == "id-1"
    assert letter.reason
    assert queue.depth() == QueueDepth(waiting=0, in_flight=0, dead=1)


def test_what_is_no_event_does_not_cost_its_neighbours(queue):
    publish(queue, 1)
    queue.publish(undecodable(2))
    publish(queue, 3)
    assert numbers(queue.receive(3)) == [1, 3]


def test_receiving_goes_on_behind_what_is_no_event(queue):
    for number in range(10):
        queue.publish(undecodable(number))
    publish(queue, 10)
    assert numbers(queue.receive(10)) == [10], "nothing was received though a good message waits: callers stop there"


def test_receiving_goes_on_behind_what_has_no_attempts_left(queue, clock):
    publish(queue, 1)
    for _ in range(ATTEMPTS):
        take(queue)
        clock.now += VISIBILITY
    publish(queue, 2)
    assert numbers(queue.receive(1)) == [2], "nothing was received though a good message waits: callers stop there"


# Dead letters.


def kill(queue, *which):
    publish(queue, *which)
    for delivery in queue.receive(len(which)):
        queue.give_back(delivery, f"reason of {delivery.event.correlation_id}", poison=True)


def dead(queue):
    return [int(json.loads(letter.body)["correlation_id"].removeprefix("id-")) for letter in queue.dead_letters()]


def test_a_queue_without_dead_letters_has_none_to_redrive(queue):
    assert list(queue.dead_letters()) == []
    assert queue.redrive() == 0


def test_all_dead_letters_are_redriven_with_fresh_attempts(queue):
    publish(queue, 1)
    exhaust(queue)
    kill(queue, 2)
    assert queue.redrive() == 2
    assert [(one.event, one.attempt) for one in queue.receive(10)] == [(event(1), 1), (event(2), 1)]
    assert list(queue.dead_letters()) == []


def test_some_dead_letters_are_redriven_and_the_others_stay(queue):
    kill(queue, 1, 2, 3)
    first, _, third = queue.dead_letters()
    assert queue.redrive([third.id, first.id, 10**9]) == 2
    assert dead(queue) == [2]
    assert numbers(queue.receive(10)) == [1, 3]


def test_redriving_none_of_them_does_nothing(queue):
    kill(queue, 1)
    assert queue.redrive([]) == 0
    assert dead(queue) == [1]


def test_what_was_redriven_may_die_again(queue):
    publish(queue, 1)
    exhaust(queue, "first life")
    queue.redrive()
    exhaust(queue, "second life")
    assert [(one.attempts, one.reason) for one in queue.dead_letters()] == [(ATTEMPTS, "second life 5")]


def test_dead_letters_have_numbers_of_their_own(queue):
    kill(queue, 1)
    before = queue.dead_letters()[0].id
    queue.redrive()
    queue.acknowledge(queue.receive(1))
    kill(queue, 2)
    assert before not in {one.id for one in queue.dead_letters()}


def test_the_depth_tells_waiting_in_flight_delayed_and_dead(queue, clock):
    publish(queue, 1, 2, 3, 4, 5)
    first, second, third = queue.receive(3)
    queue.give_back(first, "later", delay=10)
    queue.give_back(second, "never", poison=True)
    assert queue.depth() == QueueDepth(waiting=2, in_flight=2, dead=1)
    clock.now += 10
    assert queue.depth() == QueueDepth(waiting=3, in_flight=1, dead=1)
    assert third.event == event(3)


# Several at once.


def test_another_instance_sees_it_all(reopened, clock):
    one, other = reopened(), reopened()
    publish(one, 1, 2, 3, 4)
    first, second, _ = one.receive(3)
    one.acknowledge([first])
    one.give_back(second, "never", poison=True)
    assert other.depth() == one.depth() == QueueDepth(waiting=1, in_flight=1, dead=1)
    assert dead(other) == [2]
    clock.now += VISIBILITY
    assert numbers(other.receive(10)) == [3, 4]
    assert other.redrive() == 1
    assert numbers(one.receive(10)) == [2]


def test_a_receipt_is_good_at_another_instance(reopened, clock):
    one, other = reopened(), reopened()
    publish(one, 1)
    other.acknowledge([take(one)])
    clock.now += VISIBILITY
    assert list(one.receive(1)) == []


def test_two_receivers_never_get_the_same_message(reopened):
    many, receivers = 120, 4
    publish(reopened(), *range(many))
    together = Barrier(receivers)

    def drain(queue):
        together.wait(SAFE)
        found = []
        while batch := queue.receive(7):
            found += numbers(batch)
        return found

    with ThreadPoolExecutor(receivers) as pool:
        found = [number for part in pool.map(drain, [reopened() for _ in range(receivers)]) for number in part]
    assert sorted(found) == list(range(many))


@contextmanager
def waiting(reopen):
    """A queue with a receiver that waits, and what it finds; when it looks at the clock, it has begun."""
    begun, found = Event(), []

    def clock():
        begun.set()
        return NOW

    queue = reopen(clock)
    receiver = Thread(target=lambda: found.extend(queue.receive(1, wait=4 * SAFE)), daemon=True)
    receiver.start()
    assert begun.wait(SAFE)
    yield queue, found
    receiver.join(SAFE)
    assert not receiver.is_alive(), "the receiver still waits though there is a message"


@beyond_sqs
def test_a_waiting_receiver_is_woken_by_a_publication(reopened):
    with waiting(reopened) as (queue, found):
        publish(queue, 1)
    assert numbers(found) == [1]


@beyond_sqs
def test_a_waiting_receiver_finds_what_another_instance_published(reopened):
    with waiting(reopened) as (_, found):
        publish(reopened(), 1)
    assert numbers(found) == [1]


@beyond_sqs
def test_a_waiting_receiver_is_woken_by_a_redrive(reopened):
    kill(reopened(), 1)
    with waiting(reopened) as (queue, found):
        queue.redrive()
    assert numbers(found) == [1]


# What only SQLite has.


@pytest.fixture
def sqlite_file(tmp_path):
    return tmp_path / "queue.sqlite"


@pytest.fixture
def sqlite_queue(sqlite_file, clock):
    with closing(SqliteQueue(sqlite_file, clock, visibility=VISIBILITY, max_attempts=ATTEMPTS)) as queue:
        yield queue


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "null", "{", '"\ud7ff"'], ids=range(6))
def test_a_body_that_is_no_event_at_all_is_kept_word_for_word(sqlite_queue, sqlite_file, text):
    with closing(sqlite3.connect(sqlite_file)) as sql, sql:
        sql.execute("INSERT INTO messages (body) VALUES (?)", (text,))
    assert list(sqlite_queue.receive(1)) == []
    assert [letter.body for letter in sqlite_queue.dead_letters()] == [text]


def test_recovering_hands_out_again_what_was_in_flight_but_not_what_is_delayed(sqlite_queue):
    publish(sqlite_queue, 1, 2, 3)
    _, second = sqlite_queue.receive(2)
    sqlite_queue.give_back(second, "later", delay=10)
    assert sqlite_queue.recover() == 1
    assert [(numbers([one]), one.attempt) for one in sqlite_queue.receive(10)] == [([1], 2), ([3], 1)]
    assert sqlite_queue.depth() == QueueDepth(waiting=0, in_flight=3, dead=0)


# What only SQS has.


@pytest.fixture
def sqs(account):
    urls = account.queues(visibility=int(VISIBILITY), max_attempts=ATTEMPTS)
    clock = AccountClock(NOW, account.ministack)
    return AwsQueue(account, clock, max_attempts=ATTEMPTS, urls=urls)


def test_what_sqs_gave_up_itself_is_a_dead_letter_too(sqs):
    publish(sqs, 1)
    for _ in range(ATTEMPTS):
        take(sqs)
        sqs._clock.now += VISIBILITY
    assert list(sqs.receive(1)) == []
    (letter,) = sqs.dead_letters()
    assert (letter.attempts, letter.reason) == (ATTEMPTS, UNHEARD)
    assert SnapshotArchived.model_validate_json(letter.body) == event(1)


def test_what_eventbridge_could_not_deliver_is_a_dead_letter_and_is_redriven(sqs):
    """Such a message is as AWS documents it: the emulator knows no dead letters of a rule."""
    attributes = {
        "RULE_ARN": "arn:aws:events:us-east-1:000000000000:rule/events/snapshot-archived",
        "TARGET_ARN": "arn:aws:sqs:us-east-1:000000000000:snapshots",
        "ERROR_CODE": "NO_PERMISSIONS",
        "ERROR_MESSAGE": "Access to the resource is denied",
        "RETRY_ATTEMPTS": "0",
    }
    sqs._client.send_message(
        QueueUrl=sqs._dead,
        MessageBody=json.dumps({"detail-type": "SnapshotArchived", "detail": json.loads(event(1).model_dump_json())}),
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )
    (letter,) = sqs.dead_letters()
    assert (letter.attempts, letter.reason) == (
        0,
        "never reached the queue: NO_PERMISSIONS: Access to the resource is denied",
    )
    assert sqs.redrive() == 1
    assert take(sqs).event == event(1)


def test_looking_at_dead_letters_leaves_them_there(sqs):
    kill(sqs, 1, 2)
    assert [one.id for one in sqs.dead_letters()] == [one.id for one in sqs.dead_letters()]
    assert sqs.redrive() == 2


def test_a_receiver_that_waits_at_sqs_finds_what_comes(sqs):
    found = []
    receiver = Thread(target=lambda: found.extend(sqs.receive(1, wait=SAFE)), daemon=True)
    receiver.start()
    publish(sqs, 1)
    receiver.join(SAFE)
    assert numbers(found) == [1]


def test_a_reason_of_any_length_and_a_body_of_none_are_given_up(sqs):
    publish(sqs, 1)
    sqs.give_back(take(sqs), "x" * 5_000, poison=True)
    sqs._client.send_message(QueueUrl=sqs._url, MessageBody="no JSON")
    assert list(sqs.receive(1)) == []
    assert {letter.body[:7] for letter in sqs.dead_letters()} == {"no JSON", event(1).model_dump_json()[:7]}
