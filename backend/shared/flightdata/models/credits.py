"""What is known about the credits of an account, as it is kept between calls and restarts."""

from dataclasses import dataclass
from enum import StrEnum

from flightdata.models.units import EpochSeconds, Seconds


class AccountClass(StrEnum):
    """OpenSky's kinds of accounts; what each has is in `clients/opensky/governor.py`."""

    ANONYMOUS = "anonymous"
    STANDARD = "standard"
    FEEDER = "feeder"
    LICENSED = "licensed"


class Failure(StrEnum):
    """What kind of failure it was, because each has its own way on."""

    QUOTA = "quota"
    OUTAGE = "outage"
    MISTAKE = "mistake"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a tick asks for: `areas` in words, `price` in credits, `tick` the schedule's step."""

    areas: str
    price: int
    tick: Seconds


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong since the last call that went well; `kind` None: nothing.

    `count`: calls that failed in a row. `retry_at`: no call that costs credits before. `alive`: whether the service
    answered when it was last looked for at `looked_at`, free of charge; None: not looked for since the last failure.
    `misled`: it answered once, and the call that followed failed all the same.
    """

    kind: Failure | None = None
    reason: str = ""
    count: int = 0
    since: EpochSeconds = 0.0
    retry_at: EpochSeconds = 0.0
    looked_at: EpochSeconds = 0.0
    alive: bool | None = None
    misled: bool = False


@dataclass(frozen=True, slots=True)
class Budget:
    """The credits of `account` (a name that shows no credential) and how its calls fare.

    `left`: credits by the server's last word, less what was charged since; all are there again by `renewed_by` at the
    latest. `earned_by`: when the calls made so far are paid for at an even pace. `blocked_until`: the server wants no
    call before.
    """

    account: str
    account_class: AccountClass
    plan: Plan
    left: int
    renewed_by: EpochSeconds
    earned_by: EpochSeconds = 0.0
    last_call: EpochSeconds = 0.0
    blocked_until: EpochSeconds = 0.0
    trouble: Trouble = Trouble()
