"""Who may ask the API: keys, made here, shown once and kept as hashes.

A key is 32 random bytes, so one round of SHA-256 is as good as any slow hash: there is nothing to guess.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence

from flightdata.errors import BadRequest, NotFound, Unauthorised
from flightdata.models.key import ApiKey
from flightdata.models.units import EpochSeconds, Seconds
from flightdata.ports import Clock, Keys

REMEMBERED: Seconds = 60.0
"""How long what is known of a key is used before it is looked up again: so long a revoked one works at most."""

_FORM = re.compile(r"fdp_[A-Za-z0-9_-]{43}")
_MOST = 10_000
_LONGEST_NAME = 100
_DAY: Seconds = 86_400.0


class Access:
    """Makes, checks and revokes keys."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._remembered: dict[str, tuple[EpochSeconds, ApiKey | None]] = {}

    def create(self, name: str, days: float | None = None) -> tuple[ApiKey, str]:
        """What is kept of a new key, and the key itself. Raises BadRequest."""
        if not (name.strip() and name.isprintable() and len(name) <= _LONGEST_NAME):
            raise BadRequest(f"the name of a key has 1 to {_LONGEST_NAME} characters that can be printed")
        if days is not None and not 0 < days <= 36_500:  # noqa: PLR2004, a hundred years
            raise BadRequest("a key expires after more than 0 days and at most 36500")
        text = f"fdp_{secrets.token_urlsafe(32)}"
        now = self._clock()
        key = ApiKey(_digest(text), name, now, None if days is None else now + days * _DAY)
        self._keys.put(key)
        return key, text

    def known(self) -> Sequence[ApiKey]:
        return self._keys.known()

    def revoke(self, identity: str) -> ApiKey:
        """The one with this id, or digest. Raises NotFound."""
        found = [key for key in self._keys.known() if identity in (key.id, key.digest)]
        if len(found) != 1:
            raise NotFound(f"no key {identity}; `flightdata keys ls` lists them")
        self._keys.revoke(found[0].digest)
        return found[0]

    def remembers(self, text: str) -> bool:
        """Whether `check` would answer without looking anything up."""
        at, _ = self._remembered.get(_digest(text), (float("-inf"), None))
        return not _FORM.fullmatch(text) or self._clock() - at < REMEMBERED

    def check(self, text: str) -> ApiKey:
        """Whose key it is. Raises Unauthorised, or Transient where keys cannot be looked up."""
        key = self._find(_digest(text)) if _FORM.fullmatch(text) else None
        if key is None:
            raise Unauthorised("this key is not known, or was revoked")
        if key.expires_at is not None and self._clock() >= key.expires_at:
            raise Unauthorised("this key has expired")
        return key

    def _find(self, digest: str) -> ApiKey | None:
        now = self._clock()
        at, key = self._remembered.get(digest, (float("-inf"), None))
        if now - at >= REMEMBERED:
            key = self._keys.find(digest)
            if len(self._remembered) >= _MOST:
                self._remembered = {}  # who tries keys at random fills it
            self._remembered[digest] = now, key
        return key


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
