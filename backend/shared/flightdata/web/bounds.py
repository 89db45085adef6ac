"""How large an answer may be and how long it may take, where API Gateway and Lambda in front of us give up."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from flightdata.errors import BadRequest
from flightdata.models.units import Seconds
from flightdata.utils.waiting import Late, within

T = TypeVar("T")

_INSTEAD = (
    "ask for less time, a smaller area or fewer aircraft, or see docs/history.md for `flightdata export` and Athena"
)


@dataclass(frozen=True)
class Bounds:
    """`size`: bytes; `time`: seconds; 0: no bound."""

    size: int = 0
    time: Seconds = 0.0

    def __bool__(self) -> bool:
        return bool(self.size or self.time)

    def whole(self, pieces: Generator[bytes]) -> bytes:
        """All of it. Raises BadRequest when it is too much or takes too long."""
        unwanted = Event()

        def collect() -> bytes:
            parts, size = list[bytes](), 0
            try:
                for piece in pieces:
                    if unwanted.is_set():
                        break
                    parts.append(piece)
                    size += len(piece)
                    self.check(size)
            finally:
                pieces.close()
            return b"".join(parts)

        try:
            return self.run(collect)
        finally:
            unwanted.set()

    def run(self, work: Callable[[], T]) -> T:
        """What `work` answers. Raises BadRequest when that is bytes and too many, or takes too long; then nobody waits
        for it any more.
        """
        answer = _in_time(work, self.time) if self.time else work()
        if isinstance(answer, bytes):
            self.check(len(answer))
        return answer

    def check(self, size: int) -> None:
        """Raises BadRequest for an answer of `size` bytes that is too much."""
        if self.size and size > self.size:
            raise BadRequest(f"the answer is larger than {self.size / 1e6:g} MB, the most there is here; {_INSTEAD}")


NO_BOUNDS = Bounds()


def _in_time(work: Callable[[], T], time: Seconds) -> T:
    try:
        return within(time, work, "bounded")
    except Late:
        raise BadRequest(f"the answer takes longer than {time:g} s, the most there is here; {_INSTEAD}") from None
