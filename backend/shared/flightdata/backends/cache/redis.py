"""A cache in Redis. While it does not answer there is no cache; nobody waits for it, nothing fails."""

import time
from math import ceil

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from flightdata.models.units import Seconds
from flightdata.utils.logs import logger

log = logger(__name__)

TIMEOUT: Seconds = 0.05

REST: Seconds = 5.0
"""How long it is left alone after it did not answer."""


class RedisCache:
    """A Cache at `endpoint`: `host:port`, or a URL (`rediss://…` with TLS, if its certificate is one to trust)."""

    def __init__(self, endpoint: str, *, rest: Seconds = REST, timeout: Seconds = TIMEOUT) -> None:
        url = endpoint if "://" in endpoint else f"redis://{endpoint}"
        self._redis: Redis = Redis.from_url(
            url,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
        )
        self._rest = rest
        self._again_at = 0.0
        self._away = False

    def get(self, key: str) -> bytes | None:
        if self._resting():
            return None
        try:
            found = self._redis.get(key)
        except RedisError as error:
            self._missed(error)
            return None
        self._answered()
        return found if isinstance(found, bytes) else None

    def put(self, key: str, value: bytes, ttl: Seconds) -> None:
        if self._resting():
            return
        try:
            self._redis.set(key, value, ex=max(1, ceil(ttl)))
        except RedisError as error:
            self._missed(error)
            return
        self._answered()

    def close(self) -> None:
        self._redis.close()

    def _resting(self) -> bool:
        return time.monotonic() < self._again_at

    def _missed(self, error: RedisError) -> None:
        self._again_at = time.monotonic() + self._rest
        if not self._away:
            log.warning("no cache until it answers", reason=str(error))
        self._away = True

    def _answered(self) -> None:
        if self._away:
            log.info("the cache answers again")
        self._away = False
