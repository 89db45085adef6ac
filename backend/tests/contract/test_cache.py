"""What every Cache promises. A new backend is one line in OPEN."""

import socket
from contextlib import closing

import pytest
from fakes import MemoryCache, MemoryMetrics
from fixtures.aws import running, tool
from fixtures.tls import certificate, terminating
from structlog.testing import capture_logs

from flightdata.backends.cache.counted import CountedCache
from flightdata.backends.cache.none import NoCache
from flightdata.backends.cache.redis import RedisCache

VALUE = bytes(range(256)) * 1_500


@pytest.fixture(params=["redis", "fake", "counted"])
def cache(request):
    if request.param == "fake":
        yield MemoryCache()
        return
    if request.param == "counted":
        yield CountedCache(MemoryCache(), MemoryMetrics(), "picture")
        return
    with closing(RedisCache(request.getfixturevalue("redis"))) as opened:
        yield opened


def test_what_was_put_is_got(cache):
    cache.put("a key: of the test", VALUE, 60)
    assert cache.get("a key: of the test") == VALUE


def test_what_was_not_put_is_missed(cache):
    assert cache.get("never put") is None


def test_the_last_value_counts(cache):
    cache.put("twice", b"one", 60)
    cache.put("twice", b"", 60)
    assert cache.get("twice") == b""


def test_hits_and_misses_are_counted():
    metrics = MemoryMetrics()
    counted = CountedCache(MemoryCache(), metrics, "picture")
    counted.put("there", b"", 60)
    for key in ("there", "not there", "there"):
        counted.get(key)
    assert metrics.counted == {"CacheHits": 2, "CacheHits.picture": 2, "CacheMisses": 1, "CacheMisses.picture": 1}


# What only Redis has.


def test_a_value_is_gone_after_its_time(redis):
    with closing(RedisCache(redis)) as cache:
        cache.put("short", VALUE, 0.2)
        assert 0 < cache._redis.ttl("short") <= 1


def test_without_a_server_there_is_no_cache_and_no_error():
    with closing(RedisCache("127.0.0.1:1")) as cache:
        cache.put("a", b"b", 60)
        assert cache.get("a") is None


def test_a_server_that_accepts_and_says_nothing_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with closing(RedisCache(f"127.0.0.1:{silent.getsockname()[1]}")) as cache:
            assert [cache.get("a") for _ in range(1_000)] == [None] * 1_000
        silent.settimeout(0)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):  # it was tried once and then left alone
            silent.accept()


def test_it_is_asked_again_when_it_is_back(tmp_path):
    port, endpoint = _reserved()
    with closing(RedisCache(endpoint, rest=0.0)) as cache:
        assert cache.get("a") is None
        command = [tool("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", tmp_path]
        with running(command, lambda: _put_and_got(cache)):
            assert cache.get("a") == b"b"
        assert cache.get("a") is None


def _reserved():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    return port, f"127.0.0.1:{port}"


def _put_and_got(cache):
    cache.put("a", b"b", 60)
    return cache.get("a") == b"b"


# Redis behind TLS, as the deployed API has it.

PATIENT = 5.0
"""Seconds: how fast a handshake is depends on who else works on the machine."""


@pytest.fixture
def behind_tls(redis, tmp_path):
    """The endpoint of a real Redis behind TLS, and the certificate to trust."""
    made, key = certificate(tmp_path)
    with terminating(redis, made, key) as endpoint:
        yield f"rediss://{endpoint}", made


def test_with_tls_and_a_certificate_that_is_trusted_there_is_a_cache(behind_tls, redis, monkeypatch):
    endpoint, made = behind_tls
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    with closing(RedisCache(endpoint, timeout=PATIENT)) as cache:
        cache.put("with TLS", VALUE, 60)
        assert cache.get("with TLS") == VALUE
    with closing(RedisCache(redis, timeout=PATIENT)) as inside:
        assert inside.get("with TLS") == VALUE


def test_with_a_certificate_that_is_not_trusted_there_is_no_cache_and_it_is_said_once(behind_tls):
    with closing(RedisCache(behind_tls[0], rest=0.0, timeout=PATIENT)) as cache, capture_logs() as logged:
        for _ in range(3):
            cache.put("not trusted", VALUE, 60)
            assert cache.get("not trusted") is None
    assert [one["event"] for one in logged] == ["no cache until it answers"]
    assert "certificate verify failed" in logged[0]["reason"]


def test_that_it_is_back_is_said_once(tmp_path):
    port, endpoint = _reserved()
    command = [tool("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", tmp_path]
    with closing(RedisCache(endpoint, rest=0.0, timeout=PATIENT)) as cache, capture_logs() as logged:
        assert cache.get("a") is None
        with running(command, lambda: _put_and_got(cache)):
            assert cache.get("a") == b"b"
    assert [one["event"] for one in logged] == ["no cache until it answers", "the cache answers again"]


# No cache at all.


def test_no_cache_keeps_nothing():
    NoCache().put("a", b"b", 60)
    assert NoCache().get("a") is None
