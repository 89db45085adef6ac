"""What every Secrets promises."""

import pytest
from fakes import SetClock
from pydantic import SecretStr
from samples import NOW

from flightdata.backends.secrets.environment import EnvironmentSecrets
from flightdata.backends.secrets.ssm import FRESH, SsmSecrets


def put(account, value, path="/flightdata/dev/opensky/client_secret"):
    account.client("ssm").put_parameter(Name=path, Value=value, Type="SecureString", Overwrite=True)


@pytest.fixture(params=["environment", "ssm"])
def secrets(request):
    if request.param == "environment":
        return EnvironmentSecrets({"opensky/client_secret": SecretStr("s3cret"), "opensky/client_id": None})
    account = request.getfixturevalue("account")
    put(account, "s3cret")
    return SsmSecrets(account.client("ssm"), "/flightdata/dev", SetClock(NOW))


def test_a_secret_is_had_by_its_name(secrets):
    assert secrets.get("opensky/client_secret").get_secret_value() == "s3cret"


@pytest.mark.parametrize("fresh", [False, True])
def test_a_secret_that_is_not_there_is_none(secrets, fresh):
    assert secrets.get("opensky/client_id", fresh=fresh) is None


def test_a_secret_is_not_seen_where_it_is_printed(secrets):
    assert "s3cret" not in repr(secrets.get("opensky/client_secret"))


# What only the Parameter Store has.


def test_a_rotated_secret_counts_after_five_minutes(account):
    clock = SetClock(NOW)
    secrets = SsmSecrets(account.client("ssm"), "/flightdata/dev", clock)
    put(account, "old")
    assert secrets.get("opensky/client_secret").get_secret_value() == "old"
    put(account, "new")
    clock.now += FRESH - 0.001
    assert secrets.get("opensky/client_secret").get_secret_value() == "old"
    clock.now += 0.001
    assert secrets.get("opensky/client_secret").get_secret_value() == "new"


def test_a_rotated_secret_counts_at_once_for_who_asks_past_what_is_remembered(account):
    secrets = SsmSecrets(account.client("ssm"), "/flightdata/dev", SetClock(NOW))
    put(account, "old")
    assert secrets.get("opensky/client_secret").get_secret_value() == "old"
    put(account, "new")
    assert secrets.get("opensky/client_secret", fresh=True).get_secret_value() == "new"
    assert secrets.get("opensky/client_secret").get_secret_value() == "new"
