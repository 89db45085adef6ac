"""Who may do what: every grant of the templates is named here, and none is named that is not there.

A grant of a function is one line: action, resource, and of items their partition keys. That each of these is needed is
proved in the backend's tests of the deployment.
"""

import json
import re

import aws_cdk as cdk
import pytest
from conftest import CONTEXT, Templates

import stacks.accepted
from stacks.deployments import named
from stacks.environment import build

ALWAYS = {
    "logs:CreateLogStream {function}Logs",
    "logs:PutLogEvents {function}Logs",
    "xray:PutTelemetryRecords *",
    "xray:PutTraceSegments *",
}
GRANTS = {
    "flightdatafetcher": {
        "dynamodb:GetItem Flights budget",
        "dynamodb:PutItem Flights budget",
        "dynamodb:UpdateItem Flights health",
        "dynamodb:UpdateItem Flights lease",
        "events:PutEvents Bus",
        "s3:PutObject Raw/source=*",
        "sqs:DeleteMessage LateTicks",
        "sqs:GetQueueAttributes LateTicks",
        "sqs:ReceiveMessage LateTicks",
        "ssm:GetParameter parameter/flightdata/{environment}/opensky/client_id",
        "ssm:GetParameter parameter/flightdata/{environment}/opensky/client_secret",
    },
    "flightdataprocessor": {
        "dynamodb:BatchWriteItem Flights live#*",
        "dynamodb:GetItem Flights account",
        "dynamodb:GetItem Flights live",
        "dynamodb:PutItem Flights account",
        "dynamodb:PutItem Flights flight#*",
        "dynamodb:Query Flights live#*",
        "dynamodb:UpdateItem Flights live",
        "s3:GetObject Raw/live/*",
        "s3:GetObject Raw/source=*",
        "s3:ListBucket Raw",
        "s3:PutObject History/recent/*",
        "s3:PutObject Raw/live/*",
        "sqs:DeleteMessage Snapshots",
        "sqs:GetQueueAttributes Snapshots",
        "sqs:ReceiveMessage Snapshots",
        "sqs:SendMessage DeadLetters",
    },
    "flightapi": {
        "dynamodb:BatchGetItem Flights flight#*",
        "dynamodb:GetItem Flights live",
        "dynamodb:Query Flights flight#*",
        "dynamodb:Query Flights health",
        "dynamodb:Query Flights live#*",
        "dynamodb:Query Flights/index/by_arrival",
        "dynamodb:Query Flights/index/by_callsign",
        "dynamodb:Query Flights/index/by_departure",
        "ec2:AssignPrivateIpAddresses *",
        "ec2:CreateNetworkInterface *",
        "ec2:DeleteNetworkInterface *",
        "ec2:DescribeNetworkInterfaces *",
        "ec2:DescribeSubnets *",
        "ec2:UnassignPrivateIpAddresses *",
        "s3:GetObject History/last/*",
        "s3:GetObject History/recent/*",
        "s3:GetObject History/states/*",
        "s3:ListBucket History",
    },
    "analyticsprocessor": {
        "dynamodb:GetItem Flights ledger",
        "dynamodb:PutItem Flights ledger",
        "dynamodb:Query Flights account",
        "dynamodb:Query Flights/index/by_time account",
        "events:PutEvents Bus",
        "s3:DeleteObject History/recent/*",
        "s3:GetObject History/last/*",
        "s3:GetObject History/recent/*",
        "s3:GetObject History/states/*",
        "s3:ListBucket History",
        "s3:ListBucket Raw",
        "s3:PutObject History/last/*",
        "s3:PutObject History/states/*",
        "sqs:ChangeMessageVisibility DeadLetters",
        "sqs:GetQueueAttributes DeadLetters",
        "sqs:GetQueueAttributes Snapshots",
        "sqs:ReceiveMessage DeadLetters",
        "sqs:SendMessage FailedHours",
    },
}
WITH_KEYS = {"dynamodb:GetItem Flights key"}
"""What the API may do too with `--context auth=required`."""

TO_OTHERS = {
    "AllowEventRule: events.amazonaws.com lambda:InvokeFunction analyticsprocessorFunction from Hourly",
    "AllowEventRule: events.amazonaws.com lambda:InvokeFunction flightdatafetcherFunction from Ticks",
    "Permission: apigateway.amazonaws.com lambda:InvokeFunction flightapiFunction from Gateway/*/*",
    "AlarmsPolicy: cloudwatch.amazonaws.com sns:Publish Alarms from flightdata-*-{environment}",
    *(
        f"{queue}Policy: events.amazonaws.com sqs:{action} {queue} from {rule}"
        for queue, rule in {"Snapshots": "Archived", "LateTicks": "Ticks"}.items()
        for action in ("GetQueueAttributes", "GetQueueUrl", "SendMessage")
    ),
    "DeadLettersPolicy: events.amazonaws.com sqs:SendMessage DeadLetters from Archived",
    "FailedHoursPolicy: events.amazonaws.com sqs:SendMessage FailedHours from Hourly",
    *(
        f"VpcDynamoDb: * {one}"
        for action in ("GetItem", "BatchGetItem", "Query")
        for one in (
            f"dynamodb:{action} Flights",
            *(f"dynamodb:{action} Flights/index/by_{end}" for end in ("arrival", "callsign", "departure")),
        )
    ),
    "VpcS3: * s3:ListBucket History",
    *(f"VpcS3: * s3:GetObject History/{folder}/*" for folder in ("last", "recent", "states")),
}
"""What resources grant, and to whom: queues, functions, the topic, and what the endpoints let through."""

KINDS = {
    "AWS::EC2::VPCEndpoint",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}
"""Kinds of resources that grant something."""


def statements(properties, effect="Allow"):
    return [one for one in properties["PolicyDocument"]["Statement"] if one["Effect"] == effect]


def several(value):
    return value if isinstance(value, list) else [value]


def plain(name):
    """A logical id without the hash that CDK appends."""
    return re.sub(r"[0-9A-F]{8}$", "", name)


def text(value):
    """An ARN by the name of the resource, without the places where it is."""
    if isinstance(value, str):
        return value
    ((function, of),) = value.items()
    if function == "Fn::Join":
        return "".join(map(text, of[1])).rpartition(":")[2]
    if function == "Fn::ImportValue":
        return re.search(r"FnGetAtt(\w+?)[0-9A-F]{8}Arn", of)[1]
    return plain(of[0] if function == "Fn::GetAtt" else of)


def lines(statement):
    items = [""]
    if "Condition" in statement:
        items = [f" {one}" for one in statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]]
        assert len(statement["Condition"]) == 1
    return {
        f"{action} {text(resource)}{item}"
        for action in several(statement["Action"])
        for resource in several(statement["Resource"])
        for item in items
    }


def grants_of(templates, function):
    (policy,) = [one for name, one in templates.of("AWS::IAM::Policy").items() if name.startswith(function)]
    return {line for statement in statements(policy) for line in lines(statement)}


@pytest.mark.parametrize("function", GRANTS)
def test_a_function_may_do_just_what_is_named(templates, environment, function):
    expected = {one.format(function=function, environment=environment) for one in GRANTS[function] | ALWAYS}
    assert grants_of(templates, function) == expected


def test_only_with_keys_the_api_may_look_them_up_and_no_other_function_ever(tmp_path, bundles, prod):
    app = cdk.App(outdir=str(tmp_path), context=CONTEXT | {"auth": "required"})
    build(app, named("prod"), bundles)
    templates = Templates(app, tmp_path)
    for function in GRANTS:
        more = grants_of(templates, function) - grants_of(prod, function)
        assert more == (WITH_KEYS if function == "flightapi" else set())


def test_what_runs_in_the_api_function_may_not_touch_network_interfaces(templates, environment):
    (policy,) = [one for name, one in templates.of("AWS::IAM::Policy").items() if name.startswith("flightapi")]
    (denial,) = statements(policy, "Deny")
    allowed = {line.split()[0] for line in GRANTS["flightapi"] if line.startswith("ec2:")}
    assert (set(denial["Action"]), denial["Resource"]) == (allowed, "*")
    itself = denial["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]
    assert text(itself) == f"flightdata-flight-api-{environment}"


def test_roles_are_of_functions_have_one_policy_and_none_of_aws_s_own(templates):
    roles, policies = templates.of("AWS::IAM::Role"), templates.of("AWS::IAM::Policy")
    assert len(roles) == len(policies) == len(GRANTS)
    for role in roles.values():
        assert role.keys() <= {"AssumeRolePolicyDocument", "Tags"}
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_resources_grant_just_what_is_named(templates, environment):
    found = set()
    for name, one in templates.of("AWS::Lambda::Permission").items():
        kind = "AllowEventRule" if "AllowEventRule" in name else "Permission"
        found.add(
            f"{kind}: {one['Principal']} {one['Action']} {text(one['FunctionName'])} from {text(one['SourceArn'])}"
        )
    for kind in KINDS - {"AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Lambda::Permission"}:
        for name, one in templates.of(kind).items():
            for statement in statements(one):
                ((_, principal),) = statement["Principal"].items()
                source = statement.pop("Condition", {})
                for line in lines(statement):
                    found.add(f"{plain(name)}: {principal} {line}" + (f" from {_source(source)}" if source else ""))
    assert found == {one.format(environment=environment) for one in TO_OTHERS}


def _source(condition):
    ((operator, keys),) = condition.items()
    assert (operator, list(keys)) in [("ArnEquals", ["aws:SourceArn"]), ("ArnLike", ["aws:SourceArn"])]
    return text(keys["aws:SourceArn"])


def test_nothing_else_grants_anything(templates):
    granting = {
        kind
        for kind in {one["Type"] for _, one in templates.all}
        for one in templates.of(kind).values()
        if {"PolicyDocument", "Policies", "Principal", "AssumeRolePolicyDocument", "Policy"} & one.keys()
    }
    assert granting <= KINDS


# cdk-nag.


def test_each_finding_that_is_accepted_is_one_and_has_a_reason(tmp_path, bundles, monkeypatch):
    accepted = []

    class Recorder:
        def __init__(self, construct):
            self.path = construct.node.path

        @classmethod
        def of(cls, construct):
            return cls(construct)

        def acknowledge(self, acknowledgment):
            accepted.append((self.path, acknowledgment.id, acknowledgment.reason))

    monkeypatch.setattr(stacks.accepted, "Validations", Recorder)
    app = cdk.App(outdir=str(tmp_path), context=CONTEXT)
    build(app, named("dev"), bundles)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        Templates(app, tmp_path)
    (report,) = json.loads((tmp_path / "validation-report.json").read_text())["pluginReports"]
    found = {
        (one["ruleName"], construct["constructPath"])
        for one in report["violations"]
        for construct in one["violatingConstructs"]
    }
    for path, rule, reason in accepted:
        assert any(rule == name and at.startswith(path) for name, at in found), f"{path} has no {rule} any more"
        assert reason.endswith(".")
    explained = {(rule, at) for rule, at in found for path, name, _ in accepted if rule == name and at.startswith(path)}
    assert found == explained
