"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum

from flightdata.models.units import Seconds


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105, not that kind of pass
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """`found`: what is so. `advice`: what to do about it, where it is not as it should be. `seconds`: how long it took.

    None of the texts has a secret in it.
    """

    check: str
    verdict: Verdict
    found: str
    advice: str = ""
    seconds: Seconds | None = None


def passed(check: str, found: str) -> Finding:
    return Finding(check, Verdict.PASS, found)


def warned(check: str, found: str, advice: str) -> Finding:
    return Finding(check, Verdict.WARN, found, advice)


def failed(check: str, found: str, advice: str) -> Finding:
    return Finding(check, Verdict.FAIL, found, advice)


def worst(findings: list[Finding]) -> Verdict:
    """The verdict on all of them."""
    order = list(Verdict)
    return max((one.verdict for one in findings), key=order.index, default=Verdict.PASS)
