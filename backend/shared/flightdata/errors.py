"""The one tree of errors. A bad row is a value, not an exception; these are about whole requests and messages."""


class FlightDataError(Exception):
    """Everything this package raises on purpose."""


class Transient(FlightDataError):
    """Trying again later may help.

    `retry_after`: seconds to wait at least, where the other side said so. `kind`: what went wrong, in one word, such
    as unreachable, throttled, unreadable.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, kind: str = "unreachable") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.kind = kind


class Outrun(Transient):
    """Somebody else was quicker: starting again from what he left helps at once."""


class NotDue(FlightDataError):
    """It is too early, or somebody else does it: nothing failed."""


class NothingNewer(NotDue):
    """Somebody was asked and answered, but with nothing newer than the last time."""


class Poison(FlightDataError):
    """A message that will never be processed, however often it is tried: for the dead letters."""


class ConfigurationError(FlightDataError):
    """A setting or an argument that cannot work. The message says which one and what to do."""


class ClientError(FlightDataError):
    """The client asked for something it cannot have. `parameter` names what was wrong, where one thing was."""

    def __init__(self, message: str, *, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class BadRequest(ClientError):
    """The request makes no sense."""


class NotFound(ClientError):
    """There is no such thing."""


class Unauthorised(ClientError):
    """Who are you?"""


class Throttled(ClientError):
    """Too many requests; `retry_after` in seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after
