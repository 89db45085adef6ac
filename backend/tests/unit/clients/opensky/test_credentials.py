import json

import pytest
from fakes import SetClock
from fixtures.opensky_service import CLIENT_ID, CLIENT_SECRET, TOKEN, Direct, OpenSkyService
from pydantic import SecretStr
from samples import NOW

from flightdata.clients.opensky.credentials import Credentials, Tokens, credentials
from flightdata.clients.opensky.failures import Failed
from flightdata.errors import ConfigurationError, Transient
from flightdata.models.credits import Failure
from flightdata.utils.http import Answer

ID, SECRET = SecretStr(CLIENT_ID), SecretStr(CLIENT_SECRET)


@pytest.fixture
def clock():
    return SetClock(NOW)


@pytest.fixture
def service(clock):
    return OpenSkyService(clock)


@pytest.fixture
def tokens(service, clock):
    return Tokens(Direct(service), "https://fake/token", Credentials(ID, SECRET), clock)


# Where they come from.


def test_without_any_access_is_anonymous():
    assert credentials(None, None, None) is None


def test_they_are_two_values_or_openskys_own_file(tmp_path):
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps({"clientId": "from-file", "clientSecret": "also"}))
    assert credentials(ID, SECRET, None) == Credentials(ID, SECRET)
    assert credentials(None, None, file) == Credentials(SecretStr("from-file"), SecretStr("also"))
    assert credentials(ID, SECRET, file) == Credentials(ID, SECRET)


@pytest.mark.parametrize(
    ("given", "missing"), [((ID, None), "OPENSKY_CLIENT_SECRET"), ((None, SECRET), "OPENSKY_CLIENT_ID")]
)
def test_one_half_is_refused_with_the_name_of_the_other(given, missing):
    with pytest.raises(ConfigurationError, match=f"{missing} is missing"):
        credentials(*given, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        f'{{"clientId": "{CLIENT_ID}"}}',
        f'{{"clientId": "{CLIENT_ID}", "clientSecret": ""}}',
        f'{{"clientId": "{CLIENT_ID}", "clientSecret": ["{CLIENT_SECRET}"]}}',
        f"{CLIENT_ID}:{CLIENT_SECRET}",
    ],
)
def test_a_file_that_is_none_is_refused_without_showing_what_is_in_it(tmp_path, text):
    file = tmp_path / "credentials.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"OPENSKY_CREDENTIALS_FILE .*clientId and clientSecret") as caught:
        credentials(None, None, file)
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="No such file"):
        credentials(None, None, tmp_path / "nowhere.json")


def test_neither_they_nor_the_name_of_their_account_show_them():
    known = Credentials(ID, SECRET)
    assert "canary" not in f"{known} {known!r} {known.account}"
    assert known.account == Credentials(ID, SecretStr("another")).account != Credentials(SECRET, SECRET).account


# Tokens.


def test_a_token_is_kept_and_fetched_again_30_s_before_it_ends(tokens, service, clock):
    assert tokens.header() == {"Authorization": f"Bearer {TOKEN}-1"}
    clock.now += 1769
    assert tokens.header() == {"Authorization": f"Bearer {TOKEN}-1"}
    clock.now += 1
    assert tokens.header() == {"Authorization": f"Bearer {TOKEN}-2"}
    assert len(service.logins) == 2


def test_a_forgotten_token_is_fetched_again(tokens, service):
    tokens.header()
    tokens.forget()
    assert tokens.header() == {"Authorization": f"Bearer {TOKEN}-2"}


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("401", Failure.MISTAKE, "OPENSKY_CLIENT_ID"),
        ("echo", Failure.MISTAKE, "OPENSKY_CLIENT_ID"),
        ("500", Failure.OUTAGE, "500 from the token route"),
        ("404", Failure.MISTAKE, "404 from the token route"),
        ("html", Failure.OUTAGE, "without a token"),
    ],
)
def test_a_token_route_that_gives_none_is_told_without_what_it_said(tokens, service, fault, kind, words):
    service.token_fault = f"token {fault}"
    with pytest.raises(Failed, match=words) as caught:
        tokens.header()
    assert caught.value.kind is kind
    assert "canary" not in f"{caught.value!r} {caught.value.__cause__!r}"
    service.token_fault = None
    assert tokens.header()


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"1", b"{}"),
        b'{"access_token": "x"}',
        b'{"access_token": "a b", "expires_in": 1}',
        b'{"access_token": "x\\ny", "expires_in": 1}',
        '{"access_token": "é", "expires_in": 1}'.encode(),
    ],
)
def test_an_answer_that_has_no_token_is_an_outage(clock, body):
    class Odd:
        def post(self, url, *, form):
            return Answer(200, {}, body)

    with pytest.raises(Failed) as caught:
        Tokens(Odd(), "https://fake/token", Credentials(ID, SECRET), clock).header()
    assert caught.value.kind is Failure.OUTAGE


def test_a_token_route_that_does_not_answer_is_transient(tokens, service):
    service.token_fault = "token reset"
    with pytest.raises(Transient):
        tokens.header()


@pytest.mark.parametrize("url", ["http://auth.example/token", "ftp://localhost.example/", "token", ""])
def test_credentials_do_not_go_where_others_read_them(service, clock, url):
    with pytest.raises(ConfigurationError, match="https only"):
        Tokens(Direct(service), url, Credentials(ID, SECRET), clock)


@pytest.mark.parametrize("url", ["https://auth.example/token", "http://localhost:8002/token", "http://[::1]/"])
def test_on_this_machine_they_may_go_without_tls(service, clock, url):
    Tokens(Direct(service), url, Credentials(ID, SECRET), clock)


# Rotation.


class Kept:
    """A keeper: what it has, and what it still remembers. `secret` may be an error."""

    def __init__(self):
        self.secret = self.remembered = CLIENT_SECRET
        self.asked = []

    def __call__(self, *, fresh):
        self.asked.append(fresh)
        if fresh:
            self.remembered = self.secret
        if isinstance(self.remembered, Exception):
            raise self.remembered
        return Credentials(ID, SecretStr(self.remembered)) if self.remembered else None


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def rotating(service, clock, kept):
    return Tokens(Direct(service), "https://fake/token", Credentials(ID, SECRET), clock, kept)


def test_a_rotated_secret_is_used_for_the_next_token(rotating, service, clock, kept):
    rotating.header()
    service.secret = kept.secret = kept.remembered = "canary-rotated"
    assert rotating.header() == {"Authorization": f"Bearer {TOKEN}-1"}
    clock.now += 1770
    assert rotating.header() == {"Authorization": f"Bearer {TOKEN}-2"}
    assert (len(service.logins), kept.asked) == (2, [False, False])


def test_a_refused_secret_is_looked_up_past_what_is_remembered(rotating, service, clock, kept):
    rotating.header()
    service.secret = kept.secret = "canary-rotated"
    clock.now += 1770
    assert rotating.header() == {"Authorization": f"Bearer {TOKEN}-3"}  # the second one was refused
    assert kept.asked == [False, False, True]


def test_a_refused_secret_that_was_not_rotated_is_not_shown_again(rotating, service):
    service.secret = "canary-other"
    with pytest.raises(Failed, match="refuses the credentials"):
        rotating.header()
    assert len(service.logins) == 1


@pytest.mark.parametrize("gone", [None, Transient("away"), ConfigurationError("half of it")])
def test_where_there_are_none_to_be_had_those_that_are_known_serve_on(rotating, service, clock, kept, gone):
    kept.secret = kept.remembered = gone
    rotating.header()
    clock.now += 1770
    assert rotating.header() == {"Authorization": f"Bearer {TOKEN}-2"}
