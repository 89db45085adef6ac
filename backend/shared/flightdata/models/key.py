"""A key of the API, as far as it is kept: never the key itself."""

from dataclasses import dataclass

from flightdata.models.units import EpochSeconds

_SHOWN = 12


@dataclass(frozen=True)
class ApiKey:
    """`digest`: SHA-256 of the key, hex. `expires_at` None: never."""

    digest: str
    name: str
    created_at: EpochSeconds
    expires_at: EpochSeconds | None = None

    @property
    def id(self) -> str:
        """How people refer to it."""
        return self.digest[:_SHOWN]
