"""Against real sockets: what a server may do to its client."""

import gzip
import logging
import resource
import socket
import threading
import zlib
from itertools import chain, repeat

import pytest
from fixtures.speaker import HANG, RESET, answer, speaking

from flightdata.errors import ConfigurationError, Transient
from flightdata.utils import deadline
from flightdata.utils.http import Answer, Http, NoConnection, Truncated, http_date

SECRET = "hush-hush"
SHORT = 0.2
"""A deadline (s) for what does not answer; whoever keeps it ends, whoever does not hangs in the test."""


@pytest.fixture
def http():
    http = Http(timeout=30.0, limit=1_000_000)
    yield http
    http.close()


@pytest.fixture
def hasty():
    http = Http(timeout=SHORT)
    yield http
    http.close()


def refused(kind, ask, *words):
    """What `ask` raises, which tells of `words` and of no secret."""
    with pytest.raises(kind) as caught:
        ask()
    error = caught.value
    said = []
    while error is not None:
        said.append(str(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    for word in words:
        assert word in said[0]
    assert SECRET not in "".join(said)
    return caught.value


# What it sends and what comes back.


def test_an_answer_has_status_headers_and_body(http):
    with speaking([answer(b"hello", "X-Rate-Limit-Remaining: 17", status=404)]) as server:
        result = http.get(f"{server.url}/path?a=1", query={"b": "ü &"}, headers={"Authorization": "Bearer x"})
    assert (result.status, result.body, result.headers["x-rate-limit-remaining"]) == (404, b"hello", "17")
    request = server.requests[0]
    assert request.startswith("GET /path?a=1&b=%C3%BC+%26 HTTP/1.1\r\n")
    for line in ("Authorization: Bearer x", "Accept-Encoding: gzip", f"Host: 127.0.0.1:{server.port}"):
        assert f"{line}\r\n".lower() in request.lower()
    assert "user-agent: flightdata/" in request.lower()


def test_a_form_is_posted(http):
    with speaking([answer(b"{}")]) as server:
        assert http.post(f"{server.url}/token", form={"client_id": "me", "client_secret": "a&b"}).body == b"{}"
    head, _, body = server.requests[0].partition("\r\n\r\n")
    assert head.startswith("POST /token HTTP/1.1\r\n")
    assert "content-type: application/x-www-form-urlencoded" in head.lower()
    assert body == "client_id=me&client_secret=a%26b"


def test_a_name_and_password_in_the_address_become_a_header(http):
    with speaking([answer()]) as server:
        http.get(server.url.replace("//", "//me:p%40ss@"))
    assert "authorization: basic bwu6cebzcw==" in server.requests[0].lower()
    assert "@" not in server.requests[0]


def test_a_connection_is_used_again(http):
    with speaking([answer(b"1")], [answer(b"2")], [answer(b"3")]) as server:
        assert [http.get(server.url).body for _ in range(3)] == [b"1", b"2", b"3"]
    assert server.connections == 1


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again(http):
    with speaking([answer(b"1", "Connection: close")], [answer(b"2")]) as server:
        assert [http.get(server.url).body for _ in range(2)] == [b"1", b"2"]


@pytest.mark.parametrize("limit", [5, 7])
def test_chunks_and_lengths_and_the_end_of_the_connection_end_an_answer(limit):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    until_closed = b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nhello"
    http = Http(limit=limit)
    with speaking([chunked], [answer(b"hello")], [until_closed]) as server:
        assert [http.get(server.url).body for _ in range(3)] == [b"hello"] * 3
    http.close()


@pytest.mark.parametrize("pieces", [1, 7, 10_000])
def test_gzip_is_decompressed_however_it_arrives(http, pieces):
    text = bytes(range(256)) * 300
    packed = gzip.compress(text[:40_000]) + gzip.compress(text[40_000:])  # a file of two members is one text
    whole = answer(packed, "Content-Encoding: gzip")
    size = len(whole) // pieces + 1
    with speaking([whole[start : start + size] for start in range(0, len(whole), size)]) as server:
        assert http.get(server.url).body == text


# What goes wrong.


@pytest.mark.parametrize(
    "script",
    [
        [HANG],
        [b"HTTP/1.1 200 OK\r\n", HANG],
        [answer(b"abc", length=10), HANG],
        chain([b"HTTP/1.1 200 OK\r\n"], *repeat((b"X: y\r\n", 0.01), 10_000)),
        chain([answer(length=10**6)], *repeat((b"x", 0.01), 10_000)),
        chain(*repeat((b"HTTP/1.1 100 Continue\r\n\r\n", 0.01), 10_000)),
    ],
    ids=["silence", "half a head", "half a body", "slow head", "slow body", "continue for ever"],
)
def test_the_deadline_holds_for_the_whole_answer(hasty, script):
    with speaking(list(script)) as server:
        refused(Transient, lambda: hasty.get(server.url), f"127.0.0.1:{server.port}", "no complete answer within 0.2 s")


def test_the_deadline_holds_over_redirections(hasty):
    hop = [0.08, answer(b"", "Location: /again", status=302)]
    with speaking(*[hop] * 10) as server:
        refused(Transient, lambda: hasty.get(server.url), "no complete answer")


def test_the_deadline_holds_for_a_name_that_is_not_resolved(hasty, monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(deadline.socket, "getaddrinfo", lambda *_, **__: over.wait(30) and [])
    refused(NoConnection, lambda: hasty.get("http://slow.example/"), "slow.example", "no connection within 0.2 s")
    over.set()


def test_a_name_that_does_not_exist_is_told(http):
    refused(NoConnection, lambda: http.get("http://nowhere.invalid/"), "nowhere.invalid", "cannot be resolved")


def test_nobody_there_is_told(http):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    refused(NoConnection, lambda: http.get(f"http://127.0.0.1:{port}"), f"127.0.0.1:{port}", "refused")


def test_the_next_address_is_tried_where_the_first_does_not_answer(http, monkeypatch):
    real = socket.getaddrinfo

    def two(host, *rest, **named):
        if host != "two.example":
            return real(host, *rest, **named)
        return real("::1", *rest, **named) + real("127.0.0.1", *rest, **named)

    monkeypatch.setattr(deadline.socket, "getaddrinfo", two)
    with speaking([answer(b"here")]) as server:
        assert http.get(f"http://two.example:{server.port}").body == b"here"


@pytest.mark.parametrize("script", [[RESET], [b"HTTP/1.1 200", RESET], [b""]], ids=["at once", "in the head", "closed"])
def test_a_connection_that_breaks_is_told(http, script):
    with speaking([*script, RESET]) as server:
        refused(Transient, lambda: http.get(server.url), f"127.0.0.1:{server.port}", "the connection broke")


def test_what_is_no_http_is_told(http):
    with speaking([b"SSH-2.0-OpenSSH_9.9\r\n\r\n", RESET]) as server:
        refused(Transient, lambda: http.get(server.url), "is no HTTP")


@pytest.mark.parametrize(
    ("whole", "came"),
    [
        (answer(b'{"time"', "Connection: close", length=1000), b'{"time"'),
        (answer(gzip.compress(b"x" * 5000)[:-9], "Content-Encoding: gzip", "Connection: close"), None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n", b"hello"),
    ],
    ids=["length", "gzip", "chunks"],
)
def test_a_truncated_answer_is_told_and_what_came_is_kept(http, whole, came):
    with speaking([whole]) as server:
        error = refused(Truncated, lambda: http.get(server.url), "truncated")
    assert error.answer.status == 200
    assert error.answer.body == came if came is not None else error.answer.body.startswith(b"x")


def test_a_broken_gzip_is_told(http):
    with speaking([answer(b"no gzip at all", "Content-Encoding: gzip")]) as server:
        refused(Transient, lambda: http.get(server.url), "no valid gzip")


def test_an_encoding_that_was_not_asked_for_is_told(http):
    with speaking([answer(b"x", "Content-Encoding: br")]) as server:
        refused(Transient, lambda: http.get(server.url), "'br'")


def test_an_answer_may_be_as_large_as_the_limit_and_no_larger(http):
    with speaking([answer(bytes(1_000_000))], [answer(bytes(1_000_001))]) as server:
        assert len(http.get(server.url).body) == 1_000_000
        refused(Transient, lambda: http.get(server.url), "larger than 1,000,000 bytes")


def test_a_gzip_bomb_is_given_up_at_the_limit(http):
    """3 MB that would be 3 GB; more than half a gigabyte of them would show in the peak."""
    packer = zlib.compressobj(9, wbits=31)
    head = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)  # depends on nothing before it
    bomb = head + again * (3 * 1024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with speaking([answer(bomb, "Content-Encoding: gzip")]) as server:
        refused(Transient, lambda: http.get(server.url), "larger than")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


@pytest.mark.parametrize(
    "address", ["opensky", "ftp://host/", "http://", "http://a:b:c/", f"http://[{SECRET}/", "file:/x"]
)
def test_an_address_that_is_none_is_refused(http, address):
    refused(ConfigurationError, lambda: http.get(address), "https://host/path")


# Credentials.


def test_no_message_holds_a_credential(http):
    hidden = {"headers": {"Authorization": SECRET}, "query": {"key": SECRET}}
    echo = answer(SECRET.encode(), f"X-Echo: {SECRET}", "Connection: close", length=1000)
    with speaking([echo], [RESET], [f"HTTP/1.1 {SECRET}\r\n\r\n".encode(), RESET]) as server:
        for _ in range(3):
            refused(Transient, lambda: http.get(server.url.replace("//", f"//me:{SECRET}@"), **hidden))


def test_a_header_that_http_does_not_allow_is_refused_without_showing_it(http):
    for value in (f"{SECRET}\n", f"{SECRET}é"):
        with speaking([answer()]) as server:
            refused(ConfigurationError, lambda: http.get(server.url, headers={"Authorization": value}))  # noqa: B023


def test_nothing_is_logged_even_when_everything_is(http, caplog):
    caplog.set_level(logging.DEBUG)
    with speaking([answer(SECRET.encode(), f"X-Echo: {SECRET}")]) as server:
        http.get(server.url, headers={"Authorization": SECRET})
    assert SECRET not in caplog.text


def test_an_answer_does_not_show_what_it_holds():
    assert SECRET not in repr(Answer(200, {"x-echo": SECRET}, SECRET.encode()))


# Redirections.


def test_a_redirection_on_the_same_host_keeps_the_headers(http):
    with speaking([answer(b"", "Location: /there/", status=301)], [answer(b"here")]) as server:
        assert http.get(server.url, query={"a": "1"}, headers={"X-Key": SECRET}).body == b"here"
    assert server.requests[1].startswith("GET /there/ HTTP/1.1\r\n")
    assert SECRET in server.requests[1]


def test_a_redirection_to_another_host_goes_without_the_headers(http):
    with speaking([answer(b"here")]) as other, speaking([answer(b"", f"Location: {other.url}", status=302)]) as server:
        url = server.url.replace("//", f"//me:{SECRET}@")
        assert http.get(url, query={"key": SECRET}, headers={"X-Key": SECRET}).body == b"here"
    assert SECRET not in other.requests[0]
    assert "authorization" not in other.requests[0].lower()


def test_a_redirection_in_circles_ends(http):
    with speaking(*[[answer(b"", "Location: /", status=302)]] * 10) as server:
        refused(Transient, lambda: http.get(server.url), "redirects in circles")
    assert len(server.requests) == 6


@pytest.mark.parametrize("target", ["ftp://elsewhere/", "http://[", "mailto:me"])
def test_a_redirection_to_nowhere_is_the_answer(http, target):
    with speaking([answer(b"", f"Location: {target}", status=302)]) as server:
        assert http.get(server.url).status == 302


def test_a_form_is_not_sent_on(http):
    with speaking([answer(b"", "Location: /", status=307)], [answer()]) as server:
        assert http.post(server.url, form={"client_secret": SECRET}).status == 307
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", 1_700_000_000),
        ("Tue, 14 Nov 2023 22:13:20 -0000", 1_700_000_000),
        ("yesterday", None),
        ("Tue, 99 Nov 2023 22:13:20 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_in_a_header_is_a_moment_or_nothing(text, moment):
    assert http_date(text) == moment
