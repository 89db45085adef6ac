"""Least privilege, proved: each grant of each deployed function is taken away, alone, and exactly the call that needs
it is refused.

`NEEDED` names them all, as (action, resource, partition keys of items), with what a function cannot do without it. A
grant that is in no table here makes a test fail, as does one of these that nothing needs.
"""

import json
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import count
from urllib.error import HTTPError

import pytest
from fixtures import aws, fake_opensky
from fixtures.deployment import ACCOUNT, ENVIRONMENT, INFRASTRUCTURE, collector_settings, get, invoke, until
from fixtures.opensky_service import CLIENT_ID, CLIENT_SECRET, OpenSkyService
from samples import NOW, archived, flight, flights, row, snapshot, state, states

from flightdata.errors import Transient
from flightdata.pipeline.recover import GRACE, look, publish_again
from flightdata.settings import Settings
from flightdata.wiring import House

FUNCTIONS = ("flight-data-fetcher", "flight-data-processor", "flight-api", "analytics-processor")

NEEDED = {
    "flight-data-fetcher": {
        ("ssm:GetParameter", "parameter/opensky/client_id", None): "client_id was not read",
        ("ssm:GetParameter", "parameter/opensky/client_secret", None): "client_secret was not read",
        ("dynamodb:GetItem", "table", "budget"): "the budget of 445a62f3124e is not known",
        ("dynamodb:PutItem", "table", "budget"): "the budget of 445a62f3124e was not written",
        ("dynamodb:UpdateItem", "table", "lease"): "was not taken",
        ("dynamodb:UpdateItem", "table", "health"): "the health of opensky was not written",
        ("s3:PutObject", "raw/source=*", None): "was not archived",
        ("events:PutEvents", "events", None): "the event was not put on the bus",
    },
    "flight-data-processor": {
        ("s3:GetObject", "raw/source=*", None): "fresh, late",
        ("s3:GetObject", "raw/live/*", None): "fresh, late",
        ("s3:PutObject", "raw/live/*", None): "fresh, late",
        ("s3:PutObject", "history/recent/*", None): "fresh, late",
        ("dynamodb:GetItem", "table", "live"): "fresh, late",
        ("dynamodb:UpdateItem", "table", "live"): "fresh, late",
        ("dynamodb:Query", "table", "live#*"): "fresh, late",
        ("dynamodb:BatchWriteItem", "table", "live#*"): "fresh, late",
        ("dynamodb:PutItem", "table", "flight#*"): "fresh, late",
        ("dynamodb:PutItem", "table", "account"): "fresh, late",
        ("dynamodb:GetItem", "table", "account"): "fresh, late",
        ("sqs:SendMessage", "dead-letters", None): "garbage",
    },
    "flight-api": {
        ("dynamodb:GetItem", "table", "live"): "ready",
        ("dynamodb:Query", "table", "live#*"): "ready",
        ("dynamodb:GetItem", "table", "key"): "moment, past, of an aircraft, arrivals, departures, of a callsign",
        ("dynamodb:Query", "table", "health"): "ready",
        ("dynamodb:Query", "table", "flight#*"): "of an aircraft",
        ("dynamodb:BatchGetItem", "table", "flight#*"): "arrivals, departures, of a callsign",
        ("dynamodb:Query", "table/index/by_arrival", None): "arrivals",
        ("dynamodb:Query", "table/index/by_departure", None): "departures",
        ("dynamodb:Query", "table/index/by_callsign", None): "of a callsign",
        ("s3:ListBucket", "history", None): "moment, past",
        ("s3:GetObject", "history/recent/*", None): "moment, past",
        ("s3:GetObject", "history/states/*", None): "moment, past",
        ("s3:GetObject", "history/last/*", None): "moment",
    },
    "analytics-processor": {
        ("dynamodb:Query", "table/index/by_time", "account"): "the ledger was not read",
        ("sqs:GetQueueAttributes", "snapshots", None): "the depth of the queue is not known",
        ("sqs:GetQueueAttributes", "dead-letters", None): "the depth of the queue is not known",
        ("dynamodb:GetItem", "table", "ledger"): "the ledger was not read",
        ("dynamodb:Query", "table", "account"): "the ledger was not read",
        ("s3:ListBucket", "raw", None): "the archive was not listed",
        ("events:PutEvents", "events", None): "the event was not put on the bus",
        ("dynamodb:PutItem", "table", "ledger"): "the ledger was not written",
        ("sqs:ReceiveMessage", "dead-letters", None): "no messages were received",
        ("s3:ListBucket", "history", None): "was not listed",
        ("s3:GetObject", "history/recent/*", None): "was not read",
        ("s3:GetObject", "history/states/*", None): "was not read",
        ("s3:GetObject", "history/last/*", None): "was not asked for",
        ("s3:PutObject", "history/states/*", None): "was not written",
        ("s3:PutObject", "history/last/*", None): "was not written",
        ("s3:DeleteObject", "history/recent/*", None): "were not deleted",
        ("sqs:ChangeMessageVisibility", "dead-letters", None): "a dead letter stays hidden",
    },
}
"""What is said without it; of the processor, the messages that are given back; of the API, what it cannot answer."""

_LOG = "Lambda writes the log with it; MiniStack writes it without asking"
_TRACES = "Lambda's X-Ray daemon sends the segments with it; MiniStack has none"
_POLL = "Lambda polls the queue with it; MiniStack polls without asking"
_INTERFACE = "Lambda puts the function into the VPC with it; MiniStack's functions are processes of this machine"


def _polled(queue):
    return {(f"sqs:{action}", queue): _POLL for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")}


NOT_TRIED = {
    "flight-data-fetcher": _polled("late-ticks"),
    "flight-data-processor": {
        **_polled("snapshots"),
        ("s3:ListBucket", "raw"): "S3 says with it that an object is missing, else 403; MiniStack says so always",
    },
    "flight-api": {
        ("ec2:CreateNetworkInterface", "*"): _INTERFACE,
        ("ec2:DescribeNetworkInterfaces", "*"): _INTERFACE,
        ("ec2:DescribeSubnets", "*"): _INTERFACE,
        ("ec2:DeleteNetworkInterface", "*"): _INTERFACE,
        ("ec2:AssignPrivateIpAddresses", "*"): _INTERFACE,
        ("ec2:UnassignPrivateIpAddresses", "*"): _INTERFACE,
    },
    "analytics-processor": {
        ("sqs:SendMessage", "failed-hours"): "Lambda says with it why an hour failed; MiniStack says so without asking",
    },
}
"""(action, resource) with the reason why its absence shows nothing here."""

for _function, _grants in NOT_TRIED.items():
    _grants[("logs:CreateLogStream", f"log-group:/aws/lambda/{_function}")] = _LOG
    _grants[("logs:PutLogEvents", f"log-group:/aws/lambda/{_function}")] = _LOG
    _grants[("xray:PutTraceSegments", "*")] = _TRACES
    _grants[("xray:PutTelemetryRecords", "*")] = _TRACES


@dataclass(frozen=True)
class Role:
    """A function's role: its inline policy, each grant apart. `grants`: statement by grant as `NEEDED` has them."""

    iam: object
    name: str
    policy: str
    grants: dict = field(repr=False)
    denials: list = field(repr=False)

    def put(self, but=None):
        """The policy with all its grants but one."""
        kept = [statement for grant, statement in self.grants.items() if grant != but]
        document = json.dumps({"Version": "2012-10-17", "Statement": kept + self.denials})
        self.iam.put_role_policy(RoleName=self.name, PolicyName=self.policy, PolicyDocument=document)

    @contextmanager
    def without(self, grant):
        self.put(but=grant)
        try:
            yield
        finally:
            self.put()


def role_of(deployed, function):
    iam, configuration = deployed.client("iam"), configured(deployed, function)
    role = configuration["Role"].rpartition("/")[2]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    statements = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
    grants = {
        (action, short(deployed, resource), item): _statement(action, resource, item)
        for one in statements
        if one["Effect"] == "Allow"
        for action in listed(one["Action"])
        for resource in listed(one["Resource"])
        for item in _items(one)
    }
    return Role(iam, role, policy, grants, [one for one in statements if one["Effect"] == "Deny"])


def _items(statement):
    """The patterns of partition keys that it is for; None for those of all items. No other condition is known here."""
    if "Condition" not in statement:
        return [None]
    (((operator, ((key, patterns),)),),) = [
        [(operator, tuple(keys.items())) for operator, keys in statement["Condition"].items()]
    ]
    assert (operator, key) == ("ForAllValues:StringLike", "dynamodb:LeadingKeys")
    return listed(patterns)


def _statement(action, resource, item):
    allowed = {"Effect": "Allow", "Action": action, "Resource": resource}
    condition = {"Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [item]}}}
    return allowed | (condition if item else {})


def listed(value):
    return [value] if isinstance(value, str) else value


def short(deployed, resource):
    """An ARN in the words of the tables here."""
    known = {f"arn:aws:s3:::{deployed.bucket}": "raw", f"arn:aws:s3:::{deployed.history}": "history"}
    for arn, name in known.items():
        if resource.startswith(arn):
            return resource.replace(arn, name)
    name = resource.split(":", 5)[-1].removesuffix(":*")
    names = {deployed.table: "", "flightdata/dev/": "", "flightdata-": "", "-dev": "", "event-bus/": ""}
    for long, none in names.items():
        name = name.replace(long, none)
    return name.replace("table/", "table", 1) if name.startswith("table") else name


def configured(deployed, function, **variables):
    """Its configuration, with these environment variables too; such a function starts anew."""
    client, name = deployed.client("lambda"), f"flightdata-{function}-dev"
    configuration = client.get_function_configuration(FunctionName=name)
    if variables:
        whole = configuration["Environment"]["Variables"] | variables
        client.update_function_configuration(FunctionName=name, Environment={"Variables": whole})
    return configuration


def covers(deployed, grant, refused):
    """Whether it is this grant that would have allowed the call."""
    action, resource, item = grant
    return (
        refused["action"] == action
        and fnmatchcase(short(deployed, refused["resource"]), resource.replace("[", "[[]"))
        and (item is None or all(fnmatchcase(key, item) for key in refused["items"]))
    )


# What the functions do, so that each of their grants is used.


class Work:
    """Each of its methods is named for a function, and has it do everything once. What goes wrong it returns as text,
    nothing where all goes well.
    """

    numbers = count(int(time.time()) % 10**6 * 10)

    def __init__(self, deployed, collector):
        self.deployed = deployed
        self.collector = collector
        self.key = None

    def flight_data_fetcher(self, grant=None):
        # Anew each time: secrets are read once, and a tick that was taken need not be taken again.
        configured(self.deployed, "flight-data-fetcher", STARTED=str(next(self.numbers)))

        def fetched():
            """Once a tick is due again."""
            error, answer = invoke(self.deployed, "flightdata-flight-data-fetcher-dev", {})
            if error:
                return answer["errorMessage"]
            if answer["failed"]:
                return next(one.error for one in self.collector.health.sources() if one.name == "opensky")
            return "archived" if answer["archived"] else None

        return until(fetched, "a fetch").removeprefix("archived")

    def flight_data_processor(self, grant=None):
        self._publish()
        records = [{"messageId": "garbage", "body": "garbage"}]
        for name, one in {"fresh": self.fresh(), "late": self.fresh(before=5)}.items():
            self.collector.archive.put(one)
            records.append({"messageId": name, "body": archived(one).model_dump_json()})
        error, answer = invoke(self.deployed, "flightdata-flight-data-processor-dev", {"Records": records})
        if error:
            return answer["errorMessage"]
        return ", ".join(sorted(one["itemIdentifier"] for one in answer["batchItemFailures"]))

    def flight_api(self, grant=None):
        if self.key is None or grant == ("dynamodb:GetItem", "table", "key"):  # they are remembered for a minute
            _, self.key = self.collector.access.create("the tests of grants")
        self._publish()
        self.remember(NOW + 3600)
        # An empty list takes no second step.
        self.collector.flights.put(flights(flight("abcdef", callsign="TEST1", departure="KATL", arrival="KATL")), 1)
        hour = int(NOW) // 3600 * 3600
        questions = {
            "ready": "/health/ready",
            "moment": f"/flights?limit=1&time={hour + 3600}.{next(self.numbers)}",  # an answer is kept for a while
            "past": f"/history?begin={hour}&end={hour + 7200}.{next(self.numbers)}",
            "of an aircraft": "/flights/abcdef/history",
            "arrivals": "/airports/KATL/arrivals",
            "departures": "/airports/KATL/departures",
            "of a callsign": "/callsigns/TEST1/flights",
        }
        answered = {}
        for name, path in questions.items():
            answered[name] = self._answered(path)
            if answered[name] is None:
                return "everything"
        return ", ".join(name for name, well in answered.items() if not well)

    def recovered(self):
        """Until the API has left the table alone for long enough, after it was refused, and has a picture again."""
        if self.key is None:
            _, self.key = self.collector.access.create("the tests of grants")
        self._publish()
        until(lambda: self._answered("/health/ready"), "a picture that is not degraded")

    def analytics_processor(self, grant=None):
        self.remember(NOW)
        self._lose()
        error, answer = invoke(self.deployed, "flightdata-analytics-processor-dev", {})
        return answer["errorMessage"] if error else ""

    def remember(self, moment):
        """A state of then, in the history, not compacted."""
        self.collector.history.add(self.fresh().key, states(state("abcdef", last_contact=moment)))

    def fresh(self, before=0):
        """One aircraft, as it was so many seconds ago."""
        moment = time.time() - before
        seen = row("abcdef", seen=moment, callsign=f"T{next(self.numbers)}")
        return snapshot(seen, time=moment, source="grants")

    def _lose(self):
        """A snapshot that was archived and never published, long before the newest one that has an account; and a dead
        letter, since these are looked through then.
        """
        self.deployed.client("sqs").send_message(QueueUrl=self.deployed.dead, MessageBody="garbage")
        settled = self.collector.ledger.settled() or time.time() - GRACE - 1
        self.collector.archive.put(self.fresh(before=time.time() - settled - 0.01))
        self._publish()

    def _publish(self):
        """A version of the picture that the functions do not have yet."""
        fresh = self.fresh()
        self.collector.archive.put(fresh)
        assert self.collector.process.batch([archived(fresh)]).stored

    def _answered(self, path):
        """False where that is refused, or what is new or known is not in it; None where the function failed."""
        try:
            _, document = get(self.deployed, path, {"X-API-Key": self.key})
            return not any(one.startswith(("live picture:", "sources:")) for one in document.get("degraded", ()))
        except HTTPError as error:
            if error.code < 500:
                raise
            return False if error.headers["Content-Type"] == "application/problem+json" else None


def from_opensky(opensky):
    """The settings of who fetches there, twice a second."""
    return {
        "SOURCES": "opensky",
        "OPENSKY_API_URL": opensky.api_url,
        "OPENSKY_TOKEN_URL": opensky.token_url,
        "OPENSKY_ACCOUNT": "licensed",
        "OPENSKY_AREAS": "48,49,2,3",
        "OPENSKY_TICK_SECONDS": "0.5",
    }


@pytest.fixture(scope="module")
def work(deployed, collector):
    """With OpenSky as source, which has credentials and a budget; with keys; and with something in the past."""
    ssm = deployed.client("ssm")
    for name, value in {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}.items():
        path = f"/flightdata/dev/opensky/{name}"
        ssm.put_parameter(Name=path, Value=value, Type="SecureString", Overwrite=True)
    work = Work(deployed, collector)
    work.remember(NOW)
    collector.history.compact(NOW // 3600 * 3600)
    with fake_opensky.serving(OpenSkyService(time.time, account="licensed")) as opensky:
        before = {
            "flight-data-fetcher": configured(
                deployed,
                "flight-data-fetcher",
                **from_opensky(opensky),
            ),
            "flight-api": configured(deployed, "flight-api", API_AUTH="required"),
        }
        yield work
        for name, configuration in before.items():
            deployed.client("lambda").update_function_configuration(
                FunctionName=f"flightdata-{name}-dev", Environment=configuration["Environment"]
            )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_grant_is_needed_or_is_named_with_the_reason_why_that_is_not_tried(deployed, function):
    not_tried = {(action, resource, None) for action, resource in NOT_TRIED[function]}
    assert set(role_of(deployed, function).grants) == set(NEEDED[function]) | not_tried


@pytest.mark.parametrize("function", FUNCTIONS)
def test_with_all_its_grants_a_function_does_everything_and_is_refused_nothing(deployed, work, function):
    assert getattr(work, function.replace("-", "_"))() == ""
    assert deployed.ministack.refused() == []


@pytest.mark.parametrize(
    ("function", "grant"),
    [
        pytest.param(function, grant, id=" ".join(filter(None, (function, *grant))))
        for function, grants in NEEDED.items()
        for grant in grants
    ],
)
def test_without_one_grant_exactly_the_call_that_needs_it_is_refused(deployed, work, function, grant):
    role = role_of(deployed, function)
    if function == "flight-api":
        work.recovered()
    deployed.ministack.refused()
    with role.without(grant):
        lost = getattr(work, function.replace("-", "_"))(grant)
    refused = deployed.ministack.refused()
    assert refused
    assert [one for one in refused if one["role"] != role.name or not covers(deployed, grant, one)] == []
    if function in ("flight-data-processor", "flight-api"):
        assert lost == NEEDED[function][grant]
    else:
        assert NEEDED[function][grant] in lost


# People and machines outside, with the policies that `docs/operations.md` offers them.


@pytest.fixture
def outside(deployed, tmp_path, monkeypatch):
    """Makes houses with the credentials of a user who has one policy of `infrastructure/policies`."""
    houses = ExitStack()

    def make(name, **settings):
        iam, policy = deployed.client("iam"), (INFRASTRUCTURE / "policies" / f"{name}.json").read_text("utf-8")
        for word, value in {"ENVIRONMENT": ENVIRONMENT, "ACCOUNT": ACCOUNT, "REGION": aws.REGION}.items():
            policy = policy.replace(word, value)
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        given = {name.lower(): value for name, value in collector_settings(deployed).items()}
        house = House(Settings(_env_file=None, data_dir=tmp_path / name, **given, **settings))
        return houses.enter_context(closing(house))

    with houses:
        yield make


def test_a_collector_needs_no_more_than_its_policy(deployed, work, outside):
    deployed.ministack.refused()
    with fake_opensky.serving(OpenSkyService(time.time, account="licensed")) as opensky:
        settings = {name.lower(): value for name, value in from_opensky(opensky).items()}
        house = outside("collector", **settings)
        (source,) = house.scheduled
        assert until(lambda: house.fetch.all_due(source), "a tick that is due")[0].source == "opensky"
    assert deployed.ministack.refused() == []
    for forbidden in (house.keys.known, lambda: house.archive.get(work.fresh().key), house.queue.depth):
        with pytest.raises(Transient, match="AccessDenied"):
            forbidden()


def test_an_operator_needs_no_more_than_his_policy(deployed, work, outside):
    work.remember(NOW)
    deployed.ministack.refused()
    deployed.ministack.forward(60)  # dead letters that somebody looked through are hidden from others for so long
    house = outside("operator")
    assert house.live.shown().version
    assert house.ledger.totals().snapshots
    assert house.health.sources()
    assert house.budgets.known()
    assert house.queue.depth().dead == len(house.queue.dead_letters()) > 0
    assert house.queue.redrive([house.queue.dead_letters()[0].id]) == 1
    key, _ = house.access.create("an operator's")
    assert key in house.access.known()
    house.access.revoke(key.id)
    keys = list(house.archive.keys())
    assert look(keys, house.ledger).newest
    publish_again(keys[0], house.publisher)
    assert house.keep.round().compacted
    assert deployed.ministack.refused() == []
