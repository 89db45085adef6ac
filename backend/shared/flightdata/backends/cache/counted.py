"""A cache whose hits and misses are counted, by what it was asked for."""

from flightdata.models.units import Seconds
from flightdata.ports import Cache, Metrics


class CountedCache:
    """A Cache around `cache`, asked for things of one `kind`."""

    def __init__(self, cache: Cache, metrics: Metrics, kind: str) -> None:
        self._cache = cache
        self._metrics = metrics
        self._kind = kind

    def get(self, key: str) -> bytes | None:
        found = self._cache.get(key)
        self._metrics.count({"CacheMisses" if found is None else "CacheHits": {self._kind: 1}})
        return found

    def put(self, key: str, value: bytes, ttl: Seconds) -> None:
        self._cache.put(key, value, ttl)
