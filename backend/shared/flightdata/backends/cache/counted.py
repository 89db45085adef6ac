"""A cache whose hits and misses are counted."""

from flightdata.models.units import Seconds
from flightdata.ports import Cache, Metrics


class CountedCache:
    """A Cache around `cache`."""

    def __init__(self, cache: Cache, metrics: Metrics) -> None:
        self._cache = cache
        self._metrics = metrics

    def get(self, key: str) -> bytes | None:
        found = self._cache.get(key)
        self._metrics.count({"CacheMisses" if found is None else "CacheHits": 1})
        return found

    def put(self, key: str, value: bytes, ttl: Seconds) -> None:
        self._cache.put(key, value, ttl)
