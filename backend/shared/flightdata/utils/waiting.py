"""Work that is not waited for longer than so long."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class Late(Exception):
    """It takes longer."""


def within(seconds: float, work: Callable[[], T], name: str) -> T:
    """What `work` answers or raises, in a thread of this name. Raises Late when that takes longer; then it goes on, and
    nobody waits for it any more.
    """
    outcome: Future[T] = Future()

    def fill() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001, raised where it is waited for
            outcome.set_exception(error)

    Thread(target=fill, name=name, daemon=True).start()
    try:
        return outcome.result(seconds)
    except TimeoutError:
        if outcome.done():
            raise
        raise Late(f"{name} takes longer than {seconds:g} s") from None
