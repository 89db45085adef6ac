"""What a receiver answered: a snapshot, the last one again, or none, and then why."""

import math
from collections.abc import Callable

import orjson

from flightdata.errors import NothingNewer, Transient
from flightdata.models.snapshot import RawSnapshot
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import BadAnswer
from flightdata.utils.http import Answer, http_date
from flightdata.validation.decoded import Unreadable
from flightdata.validation.gate import decode

_LONGEST_MESSAGE = 120
_OK = 200
_REFUSED = {
    400: "it does not understand the request: check the address",
    401: "a name and password, or a key, are wanted: put them into the address",
    403: "it forbids this: check name, password or key in the address",
    404: "there is nothing at this address",
}
_THROTTLED = 429
_SERVER = 500
_NO_ERROR = {"", "no error"}


Hide = Callable[[str], str]
"""Takes secrets out of a text."""


class News:
    """Tells new answers from old ones, of one address."""

    def __init__(self) -> None:
        self._digest: str | None = None
        self._time: EpochSeconds | None = None
        self._evidence: str | None = None

    def take(self, snapshot: RawSnapshot, hide: Hide) -> RawSnapshot:
        """`snapshot` with its own time. Raises NothingNewer if its bytes or its time are those of the last one,
        BadAnswer if it is none, and without the evidence Transient if it is none again.
        """
        if snapshot.sha256 == self._digest:
            raise NothingNewer("the same answer again")
        try:
            found = checked(snapshot, hide)
        except BadAnswer as error:
            known, self._evidence = self._evidence, snapshot.sha256
            if known == self._evidence:
                raise Transient(str(error), kind=error.kind) from error
            raise
        self._evidence, self._digest = None, found.sha256
        last, self._time = self._time, found.time
        if found.time == last:
            raise NothingNewer("an answer of the same time again")
        return found


def checked(snapshot: RawSnapshot, hide: Hide) -> RawSnapshot:
    """`snapshot` with its own time. Raises BadAnswer if it is none; its message has passed `hide`."""
    try:
        time = decode(snapshot).time
    except Unreadable as error:
        reason = hide(_message(snapshot.body) or str(error))
        raise BadAnswer(f"the answer is no snapshot: {reason}", snapshot) from error
    message = _message(snapshot.body)
    if message and message.lower() not in _NO_ERROR:
        raise BadAnswer(f"it says {hide(message)!r}", snapshot, kind="refused")
    return RawSnapshot(snapshot.source, snapshot.received_at, snapshot.body, time)


def accepted(answer: Answer, now: EpochSeconds) -> bytes:
    """The body of a good answer. Raises Transient for any other status, with what the server orders."""
    if answer.status == _OK:
        return answer.body
    wait = retry_after(answer, now)
    if answer.status == _THROTTLED or wait is not None:
        told = "" if wait is None else f", not again before {wait:.0f} s are over"
        raise Transient(f"too many requests ({answer.status}){told}", kind="throttled", retry_after=wait)
    if answer.status >= _SERVER:
        raise Transient(f"the server has trouble ({answer.status})", kind="server")
    advice = _REFUSED.get(answer.status, "check the address")
    raise Transient(f"refused ({answer.status}): {advice}", kind="refused")


def retry_after(answer: Answer, now: EpochSeconds) -> Seconds | None:
    """What the header Retry-After orders: seconds, or a date."""
    value = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        moment = http_date(value)
        return None if moment is None else max(moment - now, 0.0)
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _message(body: bytes) -> str | None:
    """The `msg` of a v2 answer, the beginning of it."""
    if b'"msg"' not in body:
        return None
    try:
        message = orjson.loads(body)["msg"]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return None
    return message[:_LONGEST_MESSAGE] if isinstance(message, str) else None
