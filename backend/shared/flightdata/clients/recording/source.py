"""The source `recording`: answers as a server once gave them, at their own pace or another."""

import math
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import accumulate
from pathlib import Path

from flightdata.clients.recording.frames import Frame, frames, recordings
from flightdata.clients.recording.rebase import shifted
from flightdata.errors import ConfigurationError
from flightdata.models.snapshot import RawSnapshot, source_name
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import Clock

_LEAST_STEP: Seconds = 1.0


class Times(StrEnum):
    """The times in the answers: as recorded, or moved so that they happen now."""

    RECORDED = "recorded"
    NOW = "now"


class Recording:
    """Plays the files and folders `paths`, oldest first. Raises NotFound if there is none.

    `speed`: 1 is the recorded pace, `math.inf` as fast as it is asked. `loop`: over and over; with `times` NOW the
    place in the recording then follows from the clock, so that after a restart it goes on where it would have been.
    With recorded times, later rounds are moved by the length of the recording: time never starts again.
    `position` of `size` bytes (as they lie on disk) have been played.
    """

    def __init__(  # noqa: PLR0913, these are what a player has
        self,
        paths: Sequence[Path],
        *,
        clock: Clock = time.time,
        name: str | None = None,
        speed: float = 1.0,
        times: Times = Times.NOW,
        loop: bool = False,
    ) -> None:
        if not speed > 0:
            raise ConfigurationError(f"speed is {speed}; it must be greater than 0")
        self.name = name or source_name(f"recording-{_stem(paths[0])}")
        self._files = recordings(paths)
        sizes = [file.stat().st_size for file in self._files]
        self._starts = [0, *accumulate(sizes[:-1])]
        self.size = sum(sizes)
        self.position = 0
        self._clock = clock
        self._speed = speed
        self._times = times
        self._loop = loop
        self._frames = self._rounds()
        self._next: Frame | None = None
        self._started: tuple[EpochSeconds, EpochSeconds] | None = None
        if loop and times is Times.NOW and speed < math.inf:
            self._seek()
        else:
            self._advance()

    def next_due(self) -> EpochSeconds:
        if self._next is None:
            return math.inf
        return self._due(self._next) if self._speed < math.inf else -math.inf

    def fetch(self) -> RawSnapshot:
        if self._next is None:
            raise ConfigurationError(f"the recording {self.name} has ended")
        frame = self._next
        moment = frame.time if self._times is Times.RECORDED else self._clock()
        shift = moment - self._recorded_time(frame)
        body = shifted(frame.body, shift) if shift else frame.body
        self._due(frame)
        self.position = frame.end
        self._advance()
        return RawSnapshot(self.name, moment, body)

    def _due(self, frame: Frame) -> EpochSeconds:
        """When `frame` is due: the pace counts from the first frame played and the moment that was."""
        if self._started is None:
            self._started = (frame.time, self._clock())
        first, began = self._started
        return began + (frame.time - first) / self._speed

    def _advance(self) -> None:
        self._next = next(self._frames, None)

    def _rounds(self) -> Iterator[Frame]:
        """All frames; when looping, those of later rounds with later times."""
        self._offset = 0.0
        while True:
            first, last, count = math.inf, -math.inf, 0
            for file, before in zip(self._files, self._starts, strict=True):
                for frame in frames(file):
                    first, last, count = min(first, frame.time), max(last, frame.time), count + 1
                    yield Frame(frame.time + self._offset, frame.body, before + frame.end)
            if not self._loop or count == 0:
                return
            self._offset += (last - first) + max((last - first) / count, _LEAST_STEP)

    def _recorded_time(self, frame: Frame) -> EpochSeconds:
        """Before it was moved to a later round; frames are played one at a time, so the round is the current one."""
        return frame.time - self._offset

    def _seek(self) -> None:
        """To the frame that the clock points at, if the recording were played for ever."""
        times = [frame.time for file in self._files for frame in frames(file)]
        if not times:
            return
        span = max(times) - min(times) + max((max(times) - min(times)) / len(times), _LEAST_STEP)
        place = min(times) + (self._clock() * self._speed) % span
        for frame in self._frames:
            self._next = frame
            if frame.time >= place:
                break


def _stem(path: Path) -> str:
    name = path.resolve().name
    for suffix in (".gz", ".zst", ".json", ".jsonl", ".ndjson"):
        name = name.removesuffix(suffix)
    return name
