"""Answers as HTTP sends them: named by an ETag, compressed where the client takes that, or 304 where it has them still.

Source: RFC 9110 (8.8.3 ETag, 12.5.3 Accept-Encoding, 13.1.2 If-None-Match), RFC 9111 (5.2 Cache-Control). The tags are
weak ones: plain and compressed, an answer has the same.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache, partial

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from flightdata.models.units import EpochSeconds, Seconds
from flightdata.pipeline.answer import Answer, Written
from flightdata.pipeline.answers import Answers

_ANY = "any answer"
"""`*`; no tag has a blank."""
_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]+)"')
_NOT_MODIFIED = 304


class Replies:
    """`private`: an answer is for who asked, not for caches on the way. `vary`: which request headers, beside
    `Accept-Encoding`, an answer depends on.
    """

    def __init__(self, answers: Answers, *, private: bool = False, vary: Iterable[str] = ()) -> None:
        self._answers = answers
        self._private = private
        self._vary = ", ".join(("Accept-Encoding", *vary))

    async def live(self, request: Request, question: bytes, make: Callable[[], Written], media_type: str) -> Response:
        """What there is now. A client that has the answer to this question from this picture costs no work."""
        known = _known(request)
        if known and (tag := self._answers.tag(question)) in known:
            self._answers.unchanged()
            return self._not_modified(tag, 0.0)
        ask = partial(self._answers.live, question, make)
        answer = await run_in_threadpool(ask) if self._answers.wait else ask()
        if answer.slow and _takes_gzip(request):
            return await run_in_threadpool(self._reply, request, answer, media_type)
        return self._reply(request, answer, media_type)

    def past(
        self,
        request: Request,
        question: bytes,
        end: EpochSeconds | None,
        make: Callable[[], Written],
        media_type: str,
    ) -> Response:
        """What was until `end`, None: until now."""
        return self._reply(request, self._answers.past(question, end, make), media_type)

    def _reply(self, request: Request, answer: Answer, media_type: str) -> Response:
        lasting, known = self._answers.lasting(answer), _known(request)
        if answer.tag in known or _ANY in known:
            return self._not_modified(answer.tag, lasting)
        headers = {**answer.headers, **self._headers(answer.tag, lasting)}
        packed = answer.packed if _takes_gzip(request) else None
        if packed is None:
            return Response(answer.body, media_type=media_type, headers=headers)
        return Response(packed, media_type=media_type, headers={**headers, "Content-Encoding": "gzip"})

    def _not_modified(self, tag: str, lasting: Seconds) -> Response:
        return Response(status_code=_NOT_MODIFIED, headers=self._headers(tag, lasting))

    def _headers(self, tag: str, lasting: Seconds) -> dict[str, str]:
        control = f"max-age={int(lasting)}" if lasting >= 1 else "no-cache"
        headers = {"Cache-Control": f"private, {control}" if self._private else control, "Vary": self._vary}
        return {**headers, "ETag": f'W/"{tag}"'} if tag else headers


def _known(request: Request) -> frozenset[str]:
    """The tags of the answers that the client has."""
    given = request.headers.getlist("if-none-match")
    return _tags(", ".join(given)) if given else frozenset()


def _takes_gzip(request: Request) -> bool:
    return _gzip_among(", ".join(request.headers.getlist("accept-encoding")))


def _tags(header: str) -> frozenset[str]:
    return frozenset({_ANY}) if header.strip() == "*" else frozenset(_TAG.findall(header))


@lru_cache(maxsize=256)
def _gzip_among(header: str) -> bool:
    weights = dict(_weighed(coding) for coding in header.lower().split(","))
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weighed(coding: str) -> tuple[str, float]:
    name, _, parameters = coding.partition(";")
    weight = re.search(r"\bq\s*=\s*([0-9.]+)", parameters)
    try:
        return name.strip(), float(weight[1]) if weight else 1.0
    except ValueError:
        return name.strip(), 0.0
