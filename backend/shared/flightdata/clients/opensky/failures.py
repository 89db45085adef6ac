"""A failure and its kind: what an answer that brings no states means."""

import re

import orjson

from flightdata.errors import Transient
from flightdata.models.credits import Failure
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.utils.http import Answer, Truncated

_OK = 200
_THROTTLED = 429
_FORBIDDEN = {401, 403}
_PASSING = {408, 425}
_TIME = re.compile(rb'\s*\{\s*"time"\s*:\s*(\d{1,12})\b')
_BEGINS = re.compile(rb'\s*\{\s*"time"\s*:\s*-?\d+(\.\d+)?\s*,\s*"states"\s*:\s*(null|\[)')
_ENDS = re.compile(rb"(\]|null)\s*\}\s*")
_LONGEST_END = 100


class Failed(Transient):
    """A call that brought no states."""

    kind: Failure

    def __init__(
        self, kind: Failure, reason: str, *, retry_after: Seconds | None = None, evidence: bytes | None = None
    ) -> None:
        super().__init__(reason, retry_after=retry_after, kind=kind)
        self.evidence = evidence


def check(answer: Answer) -> None:
    """Raises Failed, with its kind, unless `answer` brings states."""
    status = answer.status
    if status == _OK:
        if what := _what_else(answer.body):
            raise Failed(Failure.GARBAGE, f"OpenSky answers 200, but with {what}", evidence=answer.body)
        return
    if status == _THROTTLED:
        wait = _retry_after(answer)
        until = f" for {wait:,.0f} s" if wait else ""
        raise Failed(Failure.QUOTA, f"429: OpenSky gives no more credits{until}", retry_after=wait)
    if status in _FORBIDDEN:
        raise Failed(
            Failure.MISTAKE,
            f"{status}: OpenSky refuses this account or this address (it blocks some clouds); check the credentials",
        )
    if 400 <= status < 500 and status not in _PASSING:  # noqa: PLR2004, the class of client errors
        raise Failed(Failure.MISTAKE, f"{status}: OpenSky does not take our request; check OPENSKY_API_URL and areas")
    raise Failed(Failure.OUTAGE, f"{status} from OpenSky", retry_after=_retry_after(answer))


def own_time(answer: Answer) -> EpochSeconds | None:
    """The time that the answer says it is of, where that stands at its beginning."""
    found = _TIME.match(answer.body)
    return float(found[1]) if found else None


def truncated(error: Truncated) -> Failed:
    """What an answer means that ended in the middle."""
    if error.answer.status == _OK:
        return Failed(Failure.GARBAGE, str(error), evidence=error.answer.body)
    return Failed(Failure.OUTAGE, f"{error.answer.status} from OpenSky, and {error}")


def remaining(answer: Answer) -> int | None:
    """The server's count of the credits left; None where it says none that makes sense."""
    text = answer.headers.get("x-rate-limit-remaining", "").strip()
    return int(text) if text.isascii() and text.isdecimal() else None


def _retry_after(answer: Answer) -> Seconds | None:
    for name in ("x-rate-limit-retry-after-seconds", "retry-after"):
        text = answer.headers.get(name, "").strip()
        if text.isascii() and text.isdecimal():
            return float(text)
    return None


def _what_else(body: bytes) -> str | None:
    """What `body` is if it is no `{"time": …, "states": …}`; the rows are the gate's to judge."""
    if not body.strip():
        return "an empty body"
    if _BEGINS.match(body):
        return None if _ends_well(body) else "a truncated body"
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "HTML" if body.lstrip().startswith(b"<") else "no JSON"
    if isinstance(document, dict) and "time" in document and "states" in document:
        return None
    return "an error object" if isinstance(document, dict) and "error" in document else "JSON that has no states"


def _ends_well(body: bytes) -> bool:
    end = body[-_LONGEST_END:]
    return any(match.end() == len(end) for match in _ENDS.finditer(end))
