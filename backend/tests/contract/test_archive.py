"""What every RawArchive promises. A new backend is one line in OPEN."""

import math
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import pytest
import zstandard
from fakes import MemoryArchive, kept
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import NOW, snapshot

from flightdata.backends.archive.folder import FolderArchive
from flightdata.backends.archive.s3 import S3Archive
from flightdata.errors import Poison
from flightdata.models.snapshot import RawSnapshot, SnapshotKey, source_name
from flightdata.utils.files import sweep

OPEN = {
    "s3": lambda account: S3Archive(account.client("s3"), account.bucket),
    "folder": FolderArchive,
    "fake": kept(MemoryArchive),
}

AWS = {"s3"}
"""These are opened with an AWS account, the others with a folder."""

SNAPSHOT = RawSnapshot("test", NOW, b'{"time":1,"states":[]}' * 20)
GARBAGE = [
    "",
    "\0",
    "nothing",
    "../../../../etc/passwd",
    "/etc/passwd",
    f"{SNAPSHOT.key}/",
    f"../{SNAPSHOT.key}",
    f"{SNAPSHOT.key}.json.zst",
    f"{SNAPSHOT.key}\n",
    SNAPSHOT.key.upper(),
    SNAPSHOT.key.replace("T2213", "T9999"),
    SNAPSHOT.key.replace("source=test", "source=" + "a" * 300),
    SNAPSHOT.key.replace("source=test", "source=.."),
    SNAPSHOT.key.replace("2023", "٢٠٢٣"),
]

milliseconds = st.integers(0, 7_258_118_400_000).map(lambda time: time / 1000)  # until 2200
snapshots = st.builds(RawSnapshot, st.text(max_size=90).map(source_name), milliseconds, st.binary(max_size=300))


@pytest.fixture(params=OPEN)
def reopened(request, tmp_path):
    """Opens the same archive, again and again."""
    place = request.getfixturevalue("account") if request.param in AWS else tmp_path
    return lambda: OPEN[request.param](place)


@pytest.fixture
def archive(reopened):
    return reopened()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "folder"


@pytest.fixture
def on_disk(folder):
    return FolderArchive(folder)


@given(given_one=snapshots)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_put_comes_back(archive, reopened, given_one):
    key = archive.put(given_one)
    assert archive.get(key) == reopened().get(key) == given_one


def test_put_returns_the_snapshot_s_key(archive):
    assert archive.put(SNAPSHOT) == SNAPSHOT.key


def test_an_empty_body_is_kept_too(archive, reopened):
    empty = RawSnapshot("test", NOW, b"")
    assert reopened().get(archive.put(empty)) == empty


def test_another_instance_has_what_was_put(reopened):
    key = reopened().put(SNAPSHOT)
    assert reopened().get(key) == SNAPSHOT
    assert list(reopened().keys()) == [key]


def test_the_same_snapshot_again_changes_nothing(archive):
    assert archive.put(SNAPSHOT) == archive.put(SNAPSHOT)
    assert list(archive.keys()) == [SNAPSHOT.key]
    assert archive.get(SNAPSHOT.key) == SNAPSHOT


def test_another_source_another_moment_and_another_body_are_other_snapshots(archive, reopened):
    others = [
        SNAPSHOT,
        RawSnapshot("other", SNAPSHOT.received_at, SNAPSHOT.body),
        RawSnapshot("test", SNAPSHOT.received_at + 0.001, SNAPSHOT.body),
        RawSnapshot("test", SNAPSHOT.received_at, SNAPSHOT.body + b" "),
    ]
    keys = [archive.put(one) for one in others]
    assert [archive.get(key) for key in keys] == [reopened().get(key) for key in keys] == others


def test_an_unknown_key_is_poison(archive):
    archive.put(SNAPSHOT)
    with pytest.raises(Poison):
        archive.get(RawSnapshot("test", NOW + 1, SNAPSHOT.body).key)


@pytest.mark.parametrize("key", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_key_is_poison(archive, key):
    archive.put(SNAPSHOT)
    with pytest.raises(Poison):
        archive.get(key)


def test_an_archive_without_snapshots_has_no_keys(archive):
    assert list(archive.keys()) == []


def test_keys_are_the_oldest_first_within_a_source(archive):
    moments = [NOW + 86_400 * 40, NOW, NOW + 0.001, NOW + 3600, NOW - 86_400 * 400]
    for moment in moments:
        for source in ("b", "a", "a-b"):
            archive.put(snapshot(time=moment, source=source))
    keys = list(archive.keys())
    assert len(keys) == len(set(keys)) == 15
    for source in ("a", "b", "a-b"):
        times = [archive.get(key).received_at for key in keys if key.startswith(f"source={source}/")]
        assert times == sorted(moments)


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (0.0, math.inf, [-3600.0, 0.0, 0.001, 59.999, 3600.0, 90_000.0]),
        (NOW, NOW + 3600, [0.0, 0.001, 59.999]),
        (NOW + 0.001, NOW + 3600.001, [0.001, 59.999, 3600.0]),
        (NOW + 3601, math.inf, [90_000.0]),
        (-600.0, NOW, [-3600.0]),
        (NOW + 60, NOW + 3600, []),
        (NOW + 3600, NOW, []),
    ],
)
def test_keys_of_a_time_are_those_received_from_its_start_to_before_its_end(archive, start, end, found):
    for source in ("a", "a-b", "b"):
        for step in (-3600.0, 0.0, 0.001, 59.999, 3600.0, 90_000.0):
            archive.put(snapshot(time=NOW + step, source=source))
    keys = [SnapshotKey.parse(key) for key in archive.keys(start, end)]
    steps = {source: [round(key.received_at - NOW, 3) for key in keys if key.source == source] for source in "ab"}
    assert steps == {"a": found, "b": found}
    assert len(keys) == 3 * len(found)
    changes = [key.source for before, key in pairwise([None, *keys]) if before is None or before.source != key.source]
    assert len(changes) == len(set(changes)), "one source after the other"


def test_hours_that_are_over_can_be_forgotten(archive, reopened):
    hour = NOW // 3600 * 3600
    moments = [hour - 0.001, hour, hour + 1, hour + 3600]
    for moment in moments:
        for source in ("a", "b"):
            archive.put(snapshot(time=moment, source=source))
    assert archive.expire(hour + 3599) == 2
    assert archive.expire(hour + 3600) == 4
    assert archive.expire(hour + 3600) == 0
    assert [SnapshotKey.parse(key).received_at for key in reopened().keys()] == [hour + 3600] * 2  # noqa: SIM118


# What only the folder has.


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_lies_in_a_folder_of_its_source_day_and_hour(folder, on_disk):
    on_disk.put(SNAPSHOT)
    digest = SNAPSHOT.sha256[:16]
    path = folder / "source=test" / "date=2023-11-14" / "hour=22" / f"20231114T221320.000Z-{digest}.json.zst"
    assert files(folder) == [path]


def test_a_file_is_read_by_any_zstd(folder, on_disk):
    on_disk.put(SNAPSHOT)
    assert zstandard.ZstdDecompressor().decompress(files(folder)[0].read_bytes()) == SNAPSHOT.body


def test_the_same_snapshot_again_does_not_touch_the_file(folder, on_disk):
    on_disk.put(SNAPSHOT)
    before = files(folder)[0].stat()
    on_disk.put(SNAPSHOT)
    after = files(folder)[0].stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_cut_anywhere_is_poison(folder, on_disk):
    on_disk.put(SNAPSHOT)
    path, whole = files(folder)[0], files(folder)[0].read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(Poison):
            FolderArchive(folder).get(SNAPSHOT.key)


@pytest.mark.parametrize("flip", [0x01, 0x10, 0x80, 0xFF])
def test_a_file_with_a_damaged_byte_is_poison_or_still_the_same(folder, on_disk, flip):
    on_disk.put(SNAPSHOT)
    path, whole = files(folder)[0], files(folder)[0].read_bytes()
    rejected = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
        try:
            assert FolderArchive(folder).get(SNAPSHOT.key) == SNAPSHOT
        except Poison:
            rejected += 1
    assert rejected >= len(whole) - 2  # a byte or two of the frame's header have no meaning


def test_a_file_with_another_snapshot_s_bytes_is_poison(folder, on_disk):
    on_disk.put(SNAPSHOT)
    files(folder)[0].write_bytes(zstandard.compress(SNAPSHOT.body + b" "))
    with pytest.raises(Poison):
        FolderArchive(folder).get(SNAPSHOT.key)


def test_unfinished_files_are_no_snapshots_and_are_swept(folder, on_disk):
    on_disk.put(SNAPSHOT)
    whole = files(folder)[0]
    killed = whole.with_name(f"{whole.name}.0123456789abcdef.unfinished")
    killed.write_bytes(b"half of i")
    assert list(on_disk.keys()) == [SNAPSHOT.key]
    assert sweep(folder) == 1
    assert files(folder) == [whole]
    assert sweep(folder) == 0


def test_what_another_process_is_writing_is_not_swept(folder):
    folder.mkdir(exist_ok=True)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as writer:
        half = folder / f"a.json.zst.{writer.pid}-{'0' * 32}.unfinished"
        half.write_bytes(b"half of i")
        assert sweep(folder) == 0
        writer.kill()
    assert sweep(folder) == 1
    assert not half.exists()


def test_what_is_forgotten_by_its_key_is_gone_and_its_neighbour_is_not(folder, on_disk):
    other = replace(SNAPSHOT, body=b"{}")
    on_disk.put(SNAPSHOT)
    on_disk.put(other)
    on_disk.forget(SNAPSHOT.key)
    assert list(on_disk.keys()) == [other.key]
    on_disk.forget(other.key)
    on_disk.forget(other.key)
    assert list(folder.iterdir()) == [folder / f"source={other.source}"]


def test_sweeping_a_folder_that_is_not_there_finds_nothing(tmp_path):
    assert sweep(tmp_path / "nowhere") == 0


def test_nothing_unfinished_is_left_behind(folder, on_disk):
    on_disk.put(SNAPSHOT)
    assert [path.suffix for path in files(folder)] == [".zst"]
