import json
import math

import pytest
from fakes import SetClock
from samples import NOW, body, row

from flightdata.clients.recording import Recording, Times
from flightdata.errors import ConfigurationError, NotFound
from flightdata.validation.gate import decode

THEN = 1_600_000_000
"""When it was recorded."""

STEPS = (0, 10, 20, 40)
"""Seconds after THEN of each answer."""

ROUND = 40 + 10
"""A round is as long as the recording and one more step (40 s over 4 answers)."""


def answers(steps=STEPS):
    return [body(row(f"{step:06x}", seen=THEN + step), time=THEN + step) for step in steps]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "Some Recording.jsonl"
    path.write_bytes(b"\n".join(answers()))
    return path


@pytest.fixture
def clock():
    return SetClock(NOW)


@pytest.fixture
def play(path, clock):
    """Opens the recording."""
    return lambda **how: Recording([path], clock=clock, **how)


def run(recording, clock, most):
    """(seconds since NOW, what was played) of each fetch, each made when it was due."""
    played = []
    while len(played) < most and (due := recording.next_due()) < math.inf:
        clock.now = max(clock.now, due)
        played.append((clock.now - NOW, recording.fetch()))
    return played


def step(snapshot):
    """Which answer of the recording this is."""
    return int(json.loads(snapshot.body)["states"][0][0], 16)


def at(snapshot):
    return json.loads(snapshot.body)["time"]


# Its pace.


@pytest.mark.parametrize(("speed", "moments"), [(1, [0, 10, 20, 40]), (10, [0, 1, 2, 4]), (0.5, [0, 20, 40, 80])])
@pytest.mark.parametrize("times", Times)
def test_answers_are_due_at_the_recorded_pace_times_the_speed(play, clock, speed, moments, times):
    assert [moment for moment, _ in run(play(speed=speed, times=times), clock, 9)] == moments


def test_at_infinite_speed_everything_is_due_at_once(play, clock):
    recording = play(speed=math.inf)
    assert recording.next_due() == -math.inf
    assert [(moment, step(one)) for moment, one in run(recording, clock, 9)] == [(0, one) for one in STEPS]


def test_one_who_is_late_catches_up(play, clock):
    recording = play()
    recording.next_due()
    clock.now = NOW + 25
    due = []
    while recording.next_due() <= clock.now:
        due.append(step(recording.fetch()))
    assert due == [0, 10, 20]
    assert recording.next_due() == NOW + 40


def test_the_pace_counts_from_the_first_look(play, clock):
    recording = play()
    clock.now = NOW + 100
    assert recording.next_due() == NOW + 100
    clock.now = NOW + 103
    recording.fetch()
    assert recording.next_due() == NOW + 110


@pytest.mark.parametrize("speed", [0, -1, math.nan])
def test_a_speed_that_is_none_is_refused(play, speed):
    with pytest.raises(ConfigurationError, match="speed"):
        play(speed=speed)


# Its times.


def test_with_its_own_times_the_bodies_are_as_recorded(play, clock):
    played = [one for _, one in run(play(times=Times.RECORDED), clock, 9)]
    assert [one.body for one in played] == answers()
    assert [one.received_at for one in played] == [THEN + step for step in STEPS]


@pytest.mark.parametrize("speed", [1, 10, math.inf])
def test_as_if_it_were_now_every_answer_is_of_the_moment_it_was_fetched(play, clock, speed):
    for moment, snapshot in run(play(speed=speed), clock, 9):
        decoded = decode(snapshot)
        assert snapshot.received_at == NOW + moment
        assert decoded.time == NOW + moment
        assert decoded.states["last_contact"].to_list() == [NOW + moment]


def test_ages_stay_as_they_were_recorded(tmp_path, clock):
    path = tmp_path / "a.json"
    path.write_bytes(body(row(seen=THEN - 120), time=THEN))
    snapshot = Recording([path], clock=clock).fetch()
    assert decode(snapshot).states["last_contact"].to_list() == [NOW - 120]


def test_a_body_that_is_no_answer_is_played_word_for_word(tmp_path, clock):
    path = tmp_path / "a.jsonl"
    path.write_bytes(answers()[0] + b"\n<html>")
    assert [one.body for _, one in run(Recording([path], clock=clock), clock, 9)][1] == b"<html>"


@pytest.mark.parametrize("odd", ["[]", '["abc123"]', "{}", '"abc123"', "5", "null"])
def test_an_answer_with_an_odd_row_is_played_and_the_recording_goes_on(tmp_path, clock, odd):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"time":1600000000,"states":[%b]}\n' % odd.encode() + answers([10])[0])
    assert [at(one) for _, one in run(Recording([path], clock=clock), clock, 9)] == [NOW, NOW + 10]


# Its end, and over and over.


def test_at_its_end_it_is_never_due_again(play, clock):
    recording = play()
    assert len(run(recording, clock, 99)) == len(STEPS)
    assert recording.next_due() == math.inf
    with pytest.raises(ConfigurationError, match="has ended"):
        recording.fetch()


@pytest.mark.parametrize("speed", [1, math.inf])
def test_over_and_over_with_its_own_times_time_never_starts_again(play, clock, speed):
    played = [one for _, one in run(play(times=Times.RECORDED, loop=True, speed=speed), clock, 10)]
    assert [step(one) for one in played] == [*STEPS, *STEPS, 0, 10]
    times = [THEN + number * ROUND + step for number in range(3) for step in STEPS][:10]
    assert [one.received_at for one in played] == times
    assert [at(one) for one in played] == times


def test_over_and_over_the_pace_goes_on_across_the_rounds(play, clock):
    moments = [moment for moment, _ in run(play(times=Times.RECORDED, loop=True), clock, 6)]
    assert moments == [0, 10, 20, 40, ROUND, ROUND + 10]


def test_a_single_answer_over_and_over_is_one_a_second(tmp_path, clock):
    path = tmp_path / "a.json"
    path.write_bytes(answers()[0])
    recording = Recording([path], clock=clock, times=Times.RECORDED, loop=True)
    assert [moment for moment, _ in run(recording, clock, 4)] == [0, 1, 2, 3]


@pytest.mark.parametrize("speed", [1, 7])
def test_over_and_over_as_if_it_were_now_its_place_follows_from_the_clock(play, clock, speed):
    """So that after a restart it goes on where it would have been."""
    uninterrupted = [(moment, step(one)) for moment, one in run(play(loop=True, speed=speed), clock, 30)]
    for number, (moment, _) in enumerate(uninterrupted[1:20], 1):
        clock.now = NOW + moment - 0.01  # just before it is due
        again = [step(one) for _, one in run(play(loop=True, speed=speed), clock, 5)]
        assert again == [one for _, one in uninterrupted[number : number + 5]]


def test_after_a_restart_in_a_gap_the_next_answer_is_the_next_one(play, clock):
    for moment in range(2 * ROUND):
        clock.now = NOW + moment
        expected = next((one for one in STEPS if one >= clock.now % ROUND), STEPS[0])
        assert step(play(loop=True).fetch()) == expected


@pytest.mark.parametrize("how", [{}, {"loop": True}, {"loop": True, "speed": math.inf}, {"times": Times.RECORDED}])
def test_a_recording_without_answers_is_over_from_the_start(tmp_path, clock, how):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n")
    assert Recording([path], clock=clock, **how).next_due() == math.inf


# Its name and its progress.


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Some Recording.jsonl", "recording-some-recording"),
        ("paris-20211007.jsonl.gz", "recording-paris-20211007"),
        ("a.b.json.zst", "recording-a.b"),
        ("x.ndjson", "recording-x"),
    ],
)
def test_its_name_is_that_of_its_file(tmp_path, clock, file, name):
    (tmp_path / file).write_bytes(b"")
    assert Recording([tmp_path / file], clock=clock).name == name


def test_its_name_may_be_given(play):
    assert play(name="mine").fetch().source == "mine"


def test_it_plays_several_files_as_one(tmp_path, clock):
    for number, step_ in enumerate(reversed(STEPS)):
        (tmp_path / f"{number}.json").write_bytes(answers([step_])[0])
    assert [step(one) for _, one in run(Recording([tmp_path], clock=clock), clock, 9)] == list(STEPS)


def test_it_knows_how_much_of_it_has_been_played(tmp_path, clock):
    for number, step_ in enumerate(STEPS):
        (tmp_path / f"{number}.json").write_bytes(answers([step_])[0])
    recording = Recording([tmp_path], clock=clock, speed=math.inf)
    sizes = [path.stat().st_size for path in sorted(tmp_path.iterdir())]
    assert (recording.position, recording.size) == (0, sum(sizes))
    for number in range(len(STEPS)):
        recording.fetch()
        assert recording.position == sum(sizes[: number + 1])


def test_a_path_that_is_not_there_is_not_found(tmp_path, clock):
    with pytest.raises(NotFound):
        Recording([tmp_path / "nowhere"], clock=clock)
