from fakes import MemoryArchive, MemoryHistory, SetClock
from samples import NOW, row, snapshot, state, states

from flightdata.pipeline.keep import Keep, Kept, Retention

DAY = 86_400
YESTERDAY = NOW - 2 * DAY


def kept(retention, *, now=NOW):
    """A round over one snapshot and its state of two days ago, and the two stores afterwards."""
    archive, history = MemoryArchive(), MemoryHistory()
    key = archive.put(snapshot(row(seen=YESTERDAY), time=YESTERDAY))
    history.add(key, states(state("abc123", last_contact=YESTERDAY)))
    return Keep(history, archive, SetClock(now), retention).round(), archive, history


def test_closed_hours_are_compacted_and_nothing_is_forgotten_by_default():
    result, archive, history = kept(Retention())
    assert result == Kept(compacted=1)
    assert len(history.compacted) == len(list(archive.keys())) == 1


def test_an_open_hour_is_left_alone():
    result, _, _ = kept(Retention(), now=YESTERDAY)
    assert result == Kept()


def test_what_is_too_old_is_forgotten_each_by_its_own_days():
    result, archive, history = kept(Retention(raw_days=1, history_days=7))
    assert result == Kept(compacted=1, forgotten_snapshots=1)
    assert not archive.snapshots
    assert len(history.track("abc123", 0, NOW)) == 1
    result, archive, history = kept(Retention(raw_days=7, history_days=1))
    assert result == Kept(compacted=1, forgotten_hours=1)
    assert history.track("abc123", 0, NOW).is_empty()
