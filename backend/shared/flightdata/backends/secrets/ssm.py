"""Secrets from Systems Manager's Parameter Store (SecureString): `/flightdata/<environment>/<name>`."""

from typing import Any

from botocore.exceptions import ClientError
from pydantic import SecretStr

from flightdata.backends.aws import code, transient
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import Clock

FRESH: Seconds = 300.0
"""How long a value is used before it is asked for again: a rotated secret counts after five minutes."""


class SsmSecrets:
    """Secrets under `prefix`. `client` is boto3's for SSM."""

    def __init__(self, client: Any, prefix: str, clock: Clock) -> None:
        self._client = client
        self._prefix = prefix.rstrip("/")
        self._clock = clock
        self._known: dict[str, tuple[EpochSeconds, SecretStr | None]] = {}

    def get(self, name: str, *, fresh: bool = False) -> SecretStr | None:
        now = self._clock()
        at, value = self._known.get(name, (float("-inf"), None))
        if fresh or now - at >= FRESH:
            value = self._ask(f"{self._prefix}/{name}")
            self._known[name] = now, value
        return value

    def close(self) -> None:
        self._client.close()

    def _ask(self, path: str) -> SecretStr | None:
        with transient(f"the parameter {path} was not read"):
            try:
                answer = self._client.get_parameter(Name=path, WithDecryption=True)
            except ClientError as error:
                if code(error) == "ParameterNotFound":
                    return None
                raise
        return SecretStr(answer["Parameter"]["Value"])
