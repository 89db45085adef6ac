"""OAuth2 client credentials, and the tokens that they are good for.

Source: https://openskynetwork.github.io/opensky-api/rest.html (the form, `expires_in`, `credentials.json`). What the
token route answers is never shown: it may repeat what it was sent.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from flightdata.clients.opensky.failures import Failed
from flightdata.errors import ConfigurationError, Transient
from flightdata.models.credits import Failure
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import Clock
from flightdata.utils.http import Answer
from flightdata.utils.logs import logger

log = logger(__name__)

ANONYMOUS = "anonymous"

_REFRESH_EARLY: Seconds = 30.0
_REFUSED = {400, 401, 403}
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_OK = 200
_SERVER_ERROR = 500


class Poster(Protocol):
    """What tokens need of HTTP."""

    def post(self, url: str, *, form: Mapping[str, str]) -> Answer: ...


@dataclass(frozen=True)
class Credentials:
    client_id: SecretStr
    client_secret: SecretStr

    @property
    def account(self) -> str:
        """A name for what belongs to the account, which does not show it."""
        return hashlib.sha256(self.client_id.get_secret_value().encode()).hexdigest()[:12]


class _File(BaseModel):
    """OpenSky's `credentials.json`."""

    model_config = ConfigDict(hide_input_in_errors=True)

    client_id: SecretStr = Field(alias="clientId", min_length=1)
    client_secret: SecretStr = Field(alias="clientSecret", min_length=1)


def credentials(client_id: SecretStr | None, client_secret: SecretStr | None, file: Path | None) -> Credentials | None:
    """What is set, the two values before the file; None: anonymous. Raises ConfigurationError for one half."""
    if client_id and client_secret:
        return Credentials(client_id, client_secret)
    if client_id or client_secret:
        missing = "OPENSKY_CLIENT_SECRET" if client_id else "OPENSKY_CLIENT_ID"
        raise ConfigurationError(f"{missing} is missing; set both, or neither for anonymous access")
    return _read(file) if file else None


def _read(file: Path) -> Credentials:
    try:
        read = _File.model_validate_json(file.expanduser().read_bytes())
    except OSError as error:
        raise ConfigurationError(f"OPENSKY_CREDENTIALS_FILE {file}: {error.strerror}") from None
    except ValidationError:
        raise ConfigurationError(
            f"OPENSKY_CREDENTIALS_FILE {file}: not the credentials.json of OpenSky, which has clientId and clientSecret"
        ) from None
    return Credentials(read.client_id, read.client_secret)


def confidential(url: str) -> str:
    """`url`, if credentials may go there. Raises ConfigurationError where they would be read on the way."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname in _THIS_MACHINE:
        return url
    raise ConfigurationError(f"credentials go over https only, not to {parts.scheme}://{parts.hostname}")


class Keeper(Protocol):
    """Where credentials are kept, which may be rotated at any time."""

    def __call__(self, *, fresh: bool) -> Credentials | None:
        """`fresh`: past whatever remembers them. Raises Transient or ConfigurationError where they cannot be had."""
        ...


class Tokens:
    """The token of the moment, fetched when it is needed and again 30 s before it ends.

    Each is asked for with the credentials that `keeper` has then, and once more with its newest where they are refused.
    """

    def __init__(self, http: Poster, url: str, known: Credentials, clock: Clock, keeper: Keeper | None = None) -> None:
        self._http = http
        self._url = confidential(url)
        self._known = known
        self._clock = clock
        self._keeper = keeper
        self._token: SecretStr | None = None
        self._fresh_until: EpochSeconds = 0.0

    def header(self) -> dict[str, str]:
        """The header that shows a valid token. Raises Failed, or Transient where nobody answers."""
        if self._token is None or self._clock() >= self._fresh_until:
            self._refresh()
        assert self._token is not None  # noqa: S101, for mypy
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"}

    def forget(self) -> None:
        """The server does not take the token."""
        self._token = None

    def _refresh(self) -> None:
        self._look_up(fresh=False)
        answer = self._post()
        if answer.status in _REFUSED and self._look_up(fresh=True):
            answer = self._post()
        if answer.status in _REFUSED:
            raise Failed(
                Failure.MISTAKE,
                f"OpenSky refuses the credentials ({answer.status} from the token route): check OPENSKY_CLIENT_ID and"
                " OPENSKY_CLIENT_SECRET, or the credentials.json",
            )
        if answer.status != _OK:
            kind = Failure.OUTAGE if answer.status >= _SERVER_ERROR else Failure.MISTAKE
            raise Failed(kind, f"{answer.status} from the token route")
        self._token, lifetime = _parse(answer.body)
        self._fresh_until = self._clock() + lifetime - _REFRESH_EARLY

    def _post(self) -> Answer:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._known.client_id.get_secret_value(),
            "client_secret": self._known.client_secret.get_secret_value(),
        }
        return self._http.post(self._url, form=form)

    def _look_up(self, *, fresh: bool) -> bool:
        """Whether they are others now; those that are known serve on where there are none to be had."""
        try:
            kept = self._keeper(fresh=fresh) if self._keeper else None
        except (Transient, ConfigurationError) as error:
            log.warning("the credentials were not read again", reason=str(error))
            kept = None
        if kept is None or kept == self._known:
            return False
        log.info("the credentials were rotated")
        self._known = kept
        return True


def _parse(body: bytes) -> tuple[SecretStr, Seconds]:
    try:
        document = orjson.loads(body)
        token, lifetime = str(document["access_token"]), float(document["expires_in"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise Failed(Failure.OUTAGE, "the token route answers without a token") from None
    if not re.fullmatch(r"[!-~]+", token):
        raise Failed(Failure.OUTAGE, "the token route answers with something that is no token")
    return SecretStr(token), lifetime
