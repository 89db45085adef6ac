"""The four Lambda functions as they start: settings checked and stages made, before the first event.

Lambda imports a handler in its INIT phase, which lasts 10 s at most and has a whole processor, where an invocation has
memory's share of one. What is raised in it, each invocation answers with. So what fails here is what no second try puts
right; AWS is only asked for what the first event would ask for anyway, not for long, and may be away.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from flightdata.errors import ConfigurationError
from flightdata.models.units import Seconds
from flightdata.reference import shipped
from flightdata.settings import Port, in_function
from flightdata.utils.logs import logger
from flightdata.utils.waiting import within
from flightdata.wiring import House, house

log = logger(__name__)

PATIENCE: Seconds = 3.0
"""So long INIT waits for AWS: with the imports it shall stay below 10 s."""


class Function(StrEnum):
    """By the names of their folders."""

    FETCHER = "flight-data-fetcher"
    PROCESSOR = "flight-data-processor"
    API = "flight-api"
    ANALYTICS = "analytics-processor"


@dataclass(frozen=True)
class _Start:
    """`ports`: those that settings may lack. `make`: the stages, without the network. `ask`: what is asked of AWS."""

    ports: tuple[Port, ...]
    make: Callable[[House], object]
    ask: Callable[[House], object] | None = None


def _processor(made: House) -> object:
    return made.process, made.queue, shipped.aircraft(), shipped.airlines(), shipped.blocks()


_STARTS: Mapping[Function, _Start] = {
    # To make a source may take a secret.
    Function.FETCHER: _Start(("archive", "publisher"), lambda made: made.fetch, ask=lambda made: made.scheduled),
    Function.PROCESSOR: _Start(("archive", "queue", "live", "history"), _processor),
    Function.API: _Start(("history",), lambda made: made.gateway, ask=lambda made: made.query.refresh()),
    Function.ANALYTICS: _Start(
        ("queue", "history", "archive", "publisher"), lambda made: (made.analyze, made.recover, made.keep)
    ),
}


def start(function: Function) -> None:
    """For a handler's module, when Lambda imports it. Elsewhere nothing: there each thing is made when first asked for.

    Raises ConfigurationError, which names all settings that are missing, or all that cannot be.
    """
    if not in_function():
        return
    needed = _STARTS[function]
    try:
        made = house()
        made.check(needed.ports)
        needed.make(made)
        if needed.ask:
            _asked(needed.ask, made)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{function} cannot start: {error}. Put it right in the function's environment, which the CDK app writes:"
            " docs/operations.md"
        ) from error


def _asked(ask: Callable[[House], object], made: House) -> None:
    try:
        within(PATIENCE, lambda: ask(made), "start")
    except ConfigurationError:
        raise
    except Exception as error:
        log.exception("not there at the start, the first event asks again", reason=str(error))
