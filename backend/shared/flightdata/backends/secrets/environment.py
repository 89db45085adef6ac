"""Secrets from the settings, which have them from the environment or `.env`."""

from collections.abc import Mapping

from pydantic import SecretStr


class EnvironmentSecrets:
    """Secrets that were given at the start."""

    def __init__(self, given: Mapping[str, str | SecretStr | None]) -> None:
        self._given = {name: value for name, value in given.items() if value}

    def get(self, name: str, *, fresh: bool = False) -> SecretStr | None:  # noqa: ARG002, they do not change
        value = self._given.get(name)
        return SecretStr(value) if isinstance(value, str) else value
