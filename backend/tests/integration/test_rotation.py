"""A secret in the Parameter Store is rotated while the pipeline runs: no restart is needed."""

import pytest
from fakes import SetClock
from fixtures.fake_opensky import serving
from fixtures.opensky_service import CLIENT_ID, CLIENT_SECRET, OpenSkyService
from samples import NOW

from flightdata.backends.secrets.ssm import FRESH
from flightdata.settings import Settings
from flightdata.wiring import House

HOUR = 3_600.0


@pytest.fixture
def clock():
    return SetClock(NOW)


@pytest.fixture
def opensky(clock):
    with serving(OpenSkyService(clock)) as fake:
        yield fake


@pytest.fixture
def store(account):
    """Puts a parameter."""

    def put(name, value):
        path = f"/flightdata/dev/opensky/{name}"
        account.client("ssm").put_parameter(Name=path, Value=value, Type="SecureString", Overwrite=True)

    put("client_id", CLIENT_ID)
    put("client_secret", CLIENT_SECRET)
    return put


@pytest.fixture
def house(tmp_path, account, opensky, clock, store, monkeypatch):  # noqa: PLR0913, all that it stands between
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    embedded = ("archive", "publisher", "queue", "live", "ledger", "health", "flights", "budgets", "lease", "metrics")
    settings = Settings(
        _env_file=None,
        environment="dev",
        backends=dict.fromkeys(embedded, "embedded"),
        data_dir=tmp_path,
        aws_endpoint_url=account.ministack.url,
        opensky_api_url=opensky.api_url,
        opensky_token_url=opensky.token_url,
    )
    house = House(settings, clock)
    yield house
    house.close()


def fetched(house, clock, source):
    clock.now = max(clock.now, source.next_due())
    return house.fetch.tick(source) is not None


@pytest.mark.parametrize("after", [HOUR, FRESH / 2], ids=["when the token has ended", "when the token is refused"])
def test_the_next_token_is_asked_for_with_the_new_secret(house, clock, opensky, store, after):
    source = house.source("opensky")
    assert fetched(house, clock, source)
    opensky.service.secret = "canary-rotated"
    store("client_secret", "canary-rotated")
    opensky.service._tokens.clear()
    clock.now += after
    assert fetched(house, clock, source)
    assert fetched(house, clock, source)
    assert len(opensky.service.logins) == (2 if after == HOUR else 3)
    assert [one.error for one in house.health.sources()] == [None]
