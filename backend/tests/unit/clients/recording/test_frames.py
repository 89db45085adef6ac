import gzip
import json
import os

import pytest
import zstandard
from samples import NOW, body, row

from flightdata.clients.recording.frames import Frame, frames, recordings
from flightdata.errors import NotFound

PACKINGS = {
    "": lambda content: content,
    ".gz": gzip.compress,
    ".zst": zstandard.compress,
}
LINES = [body(row(f"{number:06x}"), time=int(NOW) + number) for number in range(300)]
CONTENT = b"\n".join(LINES) + b"\n"
MODIFIED = 1_500_000_000.0


@pytest.fixture
def write(tmp_path):
    """Writes a file, last modified at MODIFIED."""

    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, (MODIFIED, MODIFIED))
        return path

    return write


def bodies(path):
    return [frame.body for frame in frames(path)]


def times(path):
    return [frame.time for frame in frames(path)]


def point(second, icao24="abc123"):
    return json.dumps({"hex": icao24, "now": NOW + second, "lat": 1.0, "lon": 2.0})


# What a file is.


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson"])
def test_a_file_of_lines_is_a_frame_a_line(write, packing, suffix):
    path = write(f"a{suffix}{packing}", PACKINGS[packing](CONTENT))
    assert bodies(path) == LINES
    assert times(path) == [NOW + number for number in range(300)]


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_json_file_is_one_frame_whole(write, packing):
    pretty = json.dumps(json.loads(LINES[0]), indent=2).encode()
    assert bodies(write(f"a.json{packing}", PACKINGS[packing](pretty))) == [pretty]


def test_a_file_that_is_named_some_other_way_is_one_frame(write):
    assert bodies(write("answer.txt", LINES[0])) == [LINES[0]]


def test_blank_lines_and_white_space_around_lines_are_no_frames(write):
    assert bodies(write("a.jsonl", b"\n  " + LINES[0] + b"  \r\n\n\n" + LINES[1])) == LINES[:2]


def test_an_empty_file_of_lines_has_no_frames(write):
    assert bodies(write("a.jsonl", b"\n \n")) == []


def test_an_empty_json_file_is_a_frame_that_the_gate_will_count(write):
    assert bodies(write("a.json", b"")) == [b""]


def test_a_line_that_is_no_json_is_a_frame_too(write):
    assert bodies(write("a.jsonl", b"<html>\n" + LINES[0])) == [b"<html>", LINES[0]]


def test_a_frame_tells_how_far_the_file_was_read(write):
    path = write("a.jsonl", CONTENT)
    ends = [frame.end for frame in frames(path)]
    assert ends == sorted(ends)
    assert ends[-1] == path.stat().st_size


# Files that are damaged or of several parts.


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_a_truncated_file_gives_what_there_is(write, packing):
    lines = [body(row(f"{number:06x}"), time=int(NOW) + number) for number in range(3000)]  # more than zstd's blocks
    packed = PACKINGS[packing](b"\n".join(lines))
    found = bodies(write(f"a.jsonl{packing}", packed[: len(packed) * 2 // 3]))
    whole = [one for one in found if one in lines]
    assert 100 < len(whole) < len(lines)
    assert whole == lines[: len(whole)]
    assert len(found) <= len(whole) + 1


def test_a_truncated_gz_file_leaves_evidence_for_the_gate_to_count(write):
    found = bodies(write("a.jsonl.gz", gzip.compress(CONTENT)[:-20]))
    assert found[-1] not in LINES


def test_a_gz_file_cut_anywhere_is_no_accident(write):
    packed = gzip.compress(CONTENT)
    for length in range(0, len(packed), 29):
        list(frames(write("a.jsonl.gz", packed[:length])))


@pytest.mark.parametrize("packing", [".gz", ".zst"])
@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
def test_a_file_with_a_damaged_byte_is_no_accident(write, packing, suffix):
    packed = PACKINGS[packing](CONTENT)
    for place in range(0, len(packed), 31):
        path = write(f"a{suffix}{packing}", packed[:place] + bytes([packed[place] ^ 0xFF]) + packed[place + 1 :])
        list(frames(path))
        assert recordings([path]) == [path]


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_a_file_that_is_not_packed_as_its_name_says_is_no_accident(write, packing):
    assert [one for one in bodies(write(f"a.jsonl{packing}", CONTENT)) if one in LINES] == []


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_a_file_of_several_packed_parts_is_read_to_its_end(write, packing):
    packed = b"".join(PACKINGS[packing](line + b"\n") for line in LINES)
    assert bodies(write(f"a.jsonl{packing}", packed)) == LINES


def test_a_damaged_json_file_keeps_its_readable_beginning(write):
    packed = gzip.compress(CONTENT)
    (found,) = bodies(write("a.json.gz", packed[: len(packed) // 2]))
    assert found
    assert CONTENT.startswith(found)


# The time of a frame.


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ('{"time":1700000000,"states":[]}', NOW),
        ('{"states": [], "time" : 1700000000}', NOW),
        ('{"now":1700000000.25,"aircraft":[]}', NOW + 0.25),
        ('{"ac":[],"now":1700000000250}', NOW + 0.25),
        ('{"icao":"abc123","timestamp":1700000000.5,"trace":[[0],[1.5],[2.25]]}', NOW + 2.75),
        ('{"icao":"abc123","timestamp":1700000000.5,"trace":[]}', NOW + 0.5),
        ('{"time":99999999999999999999,"states":[]}', MODIFIED),
        ('{"time":"now","states":[]}', MODIFIED),
        ("<html>", MODIFIED),
        ("", MODIFIED),
    ],
)
def test_the_time_is_what_the_body_says_or_else_the_file_s(write, text, time):
    assert times(write("a.json", text)) == [time]


def test_a_line_without_a_time_has_that_of_the_line_before(write):
    assert times(write("a.jsonl", b"<html>\n" + LINES[5] + b"\n<html>\n" + LINES[7])) == [
        MODIFIED,
        NOW + 5,
        NOW + 5,
        NOW + 7,
    ]


# Flat points.


def test_flat_points_come_many_in_a_frame_with_the_time_of_the_latest(write):
    points = [point(second) for second in (3, 9, 4)]
    (frame,) = frames(write("a.jsonl", "\n".join(points)))
    assert frame.body == "\n".join(points).encode()
    assert frame.time == NOW + 9


def test_five_thousand_points_are_a_frame(write):
    path = write("a.jsonl", "\n".join(point(second) for second in range(10_001)))
    assert [one.count(b"\n") + 1 for one in bodies(path)] == [5_000, 5_000, 1]
    assert times(path) == [NOW + 4_999, NOW + 9_999, NOW + 10_000]


@pytest.mark.parametrize("key", ["aircraft", "ac", "states", "trace"])
def test_whole_answers_are_not_taken_for_points(write, key):
    line = json.dumps({"now": NOW, key: [{"hex": "abc123"}]})
    assert bodies(write("a.jsonl", f"{line}\n{line}")) == [line.encode()] * 2


# Which files.


def test_the_files_of_a_folder_come_the_oldest_first_whatever_their_names(write, tmp_path):
    second = write("a.jsonl", LINES[1])
    third = write("deep/er/b.json.gz", gzip.compress(LINES[2]))
    first = write("z.json.zst", zstandard.compress(LINES[0]))
    assert recordings([tmp_path]) == [first, second, third]


def test_files_and_folders_named_together_are_sorted_together(write, tmp_path):
    second, first = write("one/a.json", LINES[1]), write("z.json", LINES[0])
    third = write("two/a.json", LINES[2])
    assert recordings([third, tmp_path / "one", first]) == [first, second, third]


def test_files_of_the_same_time_come_by_name(write, tmp_path):
    later, earlier = write("b.json", LINES[0]), write("a.json", LINES[0])
    assert recordings([tmp_path]) == [earlier, later]


def test_a_file_named_twice_is_played_once(write, tmp_path):
    path = write("a.json", LINES[0])
    assert recordings([path, tmp_path, path]) == [path]


def test_what_is_no_recording_is_left_out_of_a_folder(write, tmp_path):
    path = write("a.json", LINES[0])
    for name in ("README.md", "b.json.bak", "c.gz", "d.csv.gz", "e.json.zip"):
        write(name, LINES[0])
    (tmp_path / "folder.json").mkdir()
    assert recordings([tmp_path]) == [path]


def test_a_file_without_any_time_and_without_frames_does_not_stop_the_others(write, tmp_path):
    empty, one = write("empty.jsonl", b""), write("a.json", LINES[0])
    assert recordings([tmp_path]) == [empty, one]


def test_traces_come_by_the_time_they_are_played_at(write, tmp_path):
    def trace(end, points):
        rows = [[end * number / points, 1.0, 2.0, 1000, 1, 1, 0, 0, None] for number in range(1, points + 1)]
        return json.dumps({"icao": "abc123", "timestamp": NOW, "trace": rows})

    short, long = write("short.json", trace(1000, 10)), write("long.json", trace(2000, 5000))
    assert [time for path in recordings([tmp_path]) for time in times(path)] == [NOW + 1000, NOW + 2000]
    assert {short, long} == set(recordings([tmp_path]))


@pytest.mark.parametrize(
    ("made", "reason"),
    [(None, "no such file or folder"), ("empty", "no recording there"), ("others", "no recording there")],
)
def test_a_path_without_any_recording_is_not_found_and_named(write, tmp_path, made, reason):
    path = tmp_path / "here"
    if made:
        path.mkdir()
    if made == "others":
        write("here/README.md", "no recording")
    with pytest.raises(NotFound, match=reason) as caught:
        recordings([write("a.json", LINES[0]), path])
    assert str(path) in str(caught.value)


def test_a_frame_does_not_show_its_body_in_messages():
    assert "secret" not in repr(Frame(NOW, b"secret"))
