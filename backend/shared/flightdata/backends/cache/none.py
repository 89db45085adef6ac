"""No cache: every look-up misses."""

from flightdata.models.units import Seconds


class NoCache:
    """A Cache that keeps nothing."""

    def get(self, key: str) -> bytes | None:  # noqa: ARG002, the port's
        return None

    def put(self, key: str, value: bytes, ttl: Seconds) -> None:
        pass
