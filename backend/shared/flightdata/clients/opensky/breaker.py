"""What follows a failure: two retries, then hands off.

A retry waits a random part (full jitter) of an eighth of a tick, the second one of a quarter. After three failures in
a row the breaker is open: a call that costs credits leaves every 15 minutes at most. Meanwhile each tick looks whether
the service answers at all, by a request that costs nothing; when it begins to answer again, a call leaves at once.
Where that call fails all the same the looks have misled us, and until a call goes well only the 15 minutes count.
"""

from dataclasses import replace

from flightdata.models.credits import Failure, Trouble
from flightdata.models.units import EpochSeconds, Seconds

OPENS_AFTER = 3
PROBE_EVERY: Seconds = 900.0

_BROKEN = {Failure.OUTAGE, Failure.GARBAGE}
_FIRST_WAIT = 1 / 8


def failed(trouble: Trouble, kind: Failure, reason: str, now: EpochSeconds, jitter: Seconds) -> Trouble:
    """The trouble after another failure; `jitter` is a random part of a tick."""
    count = trouble.count + 1 if trouble.kind is kind or {trouble.kind, kind} <= _BROKEN else 1
    retries = kind is not Failure.MISTAKE and count < OPENS_AFTER
    wait = jitter * _FIRST_WAIT * 2 ** (count - 1) if retries else PROBE_EVERY
    since = trouble.since or now
    return Trouble(kind, reason, count, since=since, retry_at=now + wait, looked_at=now, misled=trouble.misled)


def is_open(trouble: Trouble) -> bool:
    return trouble.kind in _BROKEN and trouble.count >= OPENS_AFTER


def looks(trouble: Trouble) -> bool:
    """Whether the next thing to do is to look, free of charge."""
    return is_open(trouble) and not trouble.alive


def looked(trouble: Trouble, now: EpochSeconds, *, alive: bool) -> Trouble:
    """The trouble after a look; one that finds the service back calls for a try at once."""
    back = alive and trouble.alive is False and not trouble.misled
    return replace(
        trouble,
        looked_at=now,
        alive=alive,
        misled=trouble.misled or back,
        retry_at=now if back else trouble.retry_at,
    )
