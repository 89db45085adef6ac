"""The clock: ours beside those of the servers that were asked, and beside the one that only counts."""

import time
from collections.abc import Iterable, Iterator
from statistics import median

from flightdata.cli.doctor.finding import Finding, passed, warned
from flightdata.models.units import Seconds
from flightdata.ports import Clock

_TOLERANCE: Seconds = 5.0
_JUMP: Seconds = 1.0
_ADVICE = "set the clock by NTP: states are live for minutes only, by our clock"


class Beside:
    """Watches the clock from now on for jumps."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock() - time.monotonic()

    def findings(self, ahead: Iterable[Seconds | None]) -> Iterator[Finding]:
        """`ahead`: by how much the clocks of servers are ahead of ours. One of them may be wrong, hence the median."""
        jumped = self._clock() - time.monotonic() - self._offset
        if abs(jumped) > _JUMP:
            yield warned("clock", f"jumped by {jumped:+.1f} s just now", _ADVICE)
        known = [one for one in ahead if one is not None]
        if not known:
            yield passed("clock", "was not compared: no source has a clock of its own")
            return
        behind = median(known)
        found = f"{abs(behind):.0f} s {'behind' if behind > 0 else 'ahead of'} that of {len(known)} source(s)"
        yield warned("clock", found, _ADVICE) if abs(behind) > _TOLERANCE else passed("clock", f"right: {found}")
