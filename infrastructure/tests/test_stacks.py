import re
import runpy
import subprocess
import sys
from collections import Counter
from operator import itemgetter
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from conftest import CONTEXT, FUNCTIONS, Templates
from test_grants import plain, text

from stacks.catalogue import COLUMNS
from stacks.deployments import named
from stacks.environment import build

BACKENDS = Path(__file__).parents[2] / "backend" / "shared" / "flightdata" / "backends"

# As a whole.


def test_cdk_nag_finds_nothing_in_ours_but_does_look(templates, tmp_path):
    assert len(templates.paths) == 6
    app = cdk.App(outdir=str(tmp_path), context=CONTEXT)
    s3.Bucket(cdk.Stack(app, "bare"), "Bare")
    with pytest.raises(RuntimeError, match="AwsSolutions-S10"):
        Templates(app, tmp_path)


def test_cfn_lint_finds_nothing(templates):
    command = [Path(sys.executable).with_name("cfn-lint"), "--ignore-checks", "W3005", "--", *templates.paths]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.stdout + found.stderr == ""


def test_an_environment_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="dev, staging, prod"):
        named("production")


def test_a_bundle_that_is_missing_is_named_with_what_makes_it(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"package-functions\.sh"):
        build(cdk.App(outdir=str(tmp_path / "out")), named("dev"), tmp_path)


def test_everything_that_can_be_is_tagged(templates, environment):
    """Which can be is what CloudFormation's own schemas say."""
    tagged = Counter()
    for name, resource in templates.all:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
        if not schema.get("tagging", {}).get("taggable"):
            continue
        tags = resource["Properties"].get(
            schema["tagging"].get("tagProperty", "/properties/Tags").rpartition("/")[2], []
        )
        found = tags if isinstance(tags, dict) else {one["Key"]: one["Value"] for one in tags}
        assert {"project": "flightdata", "environment": environment}.items() <= found.items(), name
        tagged[resource["Type"]] += 1
    assert tagged["AWS::Lambda::Function"] == tagged["AWS::SQS::Queue"] == 4
    assert len(tagged) > 15


def test_nothing_needs_a_nat_and_only_the_api_is_in_the_vpc(templates, environment):
    assert templates.of("AWS::EC2::NatGateway") == templates.of("AWS::EC2::InternetGateway") == {}
    inside = [one["FunctionName"] for one in templates.of("AWS::Lambda::Function").values() if "VpcConfig" in one]
    assert inside == [f"flightdata-flight-api-{environment}"]
    endpoints = templates.of("AWS::EC2::VPCEndpoint").values()
    assert [one["VpcEndpointType"] for one in endpoints] == ["Gateway", "Gateway"]


# Storage.


def test_the_table_is_as_the_backends_need_it(templates, environment):
    (table,) = templates.of("AWS::DynamoDB::Table").values()
    assert table["TableName"] == f"flightdata-flights-{environment}"
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    indexes = {
        one["IndexName"]: tuple(key["AttributeName"] for key in one["KeySchema"])
        for one in table["GlobalSecondaryIndexes"]
    }
    assert indexes == {
        "by_time": ("pk", "processed_at"),
        "by_departure": ("departure", "departed"),
        "by_arrival": ("arrival", "arrived"),
        "by_callsign": ("callsign", "sk"),
    }
    projections = {one["IndexName"]: one["Projection"]["ProjectionType"] for one in table["GlobalSecondaryIndexes"]}
    assert projections == dict.fromkeys(indexes, "KEYS_ONLY") | {"by_time": "ALL"}
    kinds = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    words = ("pk", "sk", "departure", "departed", "arrival", "arrived", "callsign")
    assert kinds == dict.fromkeys(words, "S") | {"processed_at": "N"}


def test_the_table_is_the_one_that_the_scripts_and_the_tests_make(templates, environment):
    layout = runpy.run_path(str(BACKENDS / "layout.py"))
    (table,) = templates.of("AWS::DynamoDB::Table").values()
    made = layout["create_table_arguments"](f"flightdata-flights-{environment}")
    for part in ("AttributeDefinitions", "GlobalSecondaryIndexes"):
        order = next(iter(made[part][0]))
        made[part], table[part] = (sorted(one[part], key=itemgetter(order)) for one in (made, table))
    assert {name: table[name] for name in made} == made
    assert table["TimeToLiveSpecification"]["AttributeName"] == layout["TTL"]


def flights_days(templates):
    (function,) = [
        one for one in templates.of("AWS::Lambda::Function").values() if "flight-data-processor" in one["FunctionName"]
    ]
    return function["Environment"]["Variables"]["FLIGHTS_RETENTION_DAYS"]


def test_flights_are_forgotten_in_time(templates, environment):
    assert flights_days(templates) == {"dev": "7", "staging": "30", "prod": "30"}[environment]


def test_flights_are_kept_for_as_long_as_is_said(tmp_path, bundles):
    app = cdk.App(outdir=str(tmp_path), context=CONTEXT | {"FLIGHTS_RETENTION_DAYS": "0"})
    build(app, named("prod"), bundles)
    assert flights_days(Templates(app, tmp_path)) == "0"


def bucket(templates, what):
    (found,) = [one for name, one in templates.of("AWS::S3::Bucket").items() if name.startswith(what)]
    return found


@pytest.mark.parametrize("what", ["Raw", "History"])
def test_a_bucket_is_encrypted_private_and_taken_by_tls_only(templates, what):
    assert "BucketEncryption" in bucket(templates, what)
    assert set(bucket(templates, what)["PublicAccessBlockConfiguration"].values()) == {True}
    (policy,) = [one for name, one in templates.of("AWS::S3::BucketPolicy").items() if name.startswith(what)]
    assert any(
        one["Effect"] == "Deny" and one["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for one in policy["PolicyDocument"]["Statement"]
    )


def test_only_prod_keeps_its_data_when_a_stack_is_deleted_and_nothing_else(templates, environment):
    kept = {
        plain(name): (one["DeletionPolicy"], one["UpdateReplacePolicy"])
        for name, one in templates.all
        if one.get("DeletionPolicy", "Delete") != "Delete" or one.get("UpdateReplacePolicy", "Delete") != "Delete"
    }
    data = dict.fromkeys(("Raw", "History", "Flights"), ("RetainExceptOnCreate", "Retain"))
    assert kept == (data if environment == "prod" else {})


def test_the_guide_names_what_prod_leaves_so_that_it_can_be_taken_over(prod):
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    kept = {name for name, one in prod.all if one.get("DeletionPolicy", "Delete") != "Delete"}
    assert set(re.findall(r'"(\w+)": {"(?:Bucket|Table)Name"', guide)) == kept


def test_only_prod_protects_its_table_and_makes_it_last_since_no_rollback_could_remove_it(templates, environment):
    ((_, table),) = templates.resources("AWS::DynamoDB::Table").items()
    assert table["Properties"].get("DeletionProtectionEnabled", False) is (environment == "prod")
    before = {*templates.of("AWS::S3::Bucket"), *templates.of("AWS::S3::BucketPolicy")}
    assert set(table["DependsOn"]) == before


def test_only_prod_keeps_the_archive_for_ever(templates, environment):
    rules = bucket(templates, "Raw")["LifecycleConfiguration"]["Rules"]
    (rule,) = [one for one in rules if "Prefix" not in one]
    assert rule.get("ExpirationInDays") == {"dev": 7, "staging": 30, "prod": None}[environment]


def test_what_versions_carry_is_deleted_after_a_day(templates):
    rules = bucket(templates, "Raw")["LifecycleConfiguration"]["Rules"]
    (rule,) = [one for one in rules if one.get("Prefix") == "live/"]
    assert (rule["ExpirationInDays"], rule["Status"]) == (1, "Enabled")


def test_only_prod_keeps_the_history_for_ever_and_nothing_keeps_answers_of_athena(templates, environment):
    rules = bucket(templates, "History")["LifecycleConfiguration"]["Rules"]
    days = {one["Prefix"]: one["ExpirationInDays"] for one in rules if "Prefix" in one}
    kept = {"dev": 30, "staging": 90, "prod": None}[environment]
    assert days.pop("queries/") == 7
    assert days == (dict.fromkeys(("recent/", "states/", "last/"), kept) if kept else {})


# Functions.


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_traced_and_runs_what_the_tests_run_on(templates, environment, name):
    function = templates.one("AWS::Lambda::Function", FunctionName=f"flightdata-{name}-{environment}")
    assert (function["Runtime"], function["Architectures"]) == ("python3.11", ["arm64"])
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["Environment"]["Variables"]["ENVIRONMENT"] == environment


def test_whoever_publishes_is_told_the_bus(templates, environment):
    for name in ("flight-data-fetcher", "analytics-processor"):
        function = templates.one("AWS::Lambda::Function", FunctionName=f"flightdata-{name}-{environment}")
        assert "EVENTBRIDGE_BUS_NAME" in function["Environment"]["Variables"]


def test_whoever_works_on_the_history_is_told_its_bucket(templates, environment):
    for name in ("flight-data-processor", "flight-api", "analytics-processor"):
        function = templates.one("AWS::Lambda::Function", FunctionName=f"flightdata-{name}-{environment}")
        assert "S3_HISTORY_BUCKET" in function["Environment"]["Variables"]


# The pipeline.


def test_a_tick_comes_every_minute_and_again_30_s_later(templates, environment):
    ticks = templates.one("AWS::Events::Rule", Name=f"flightdata-ticks-{environment}")
    assert ticks["ScheduleExpression"] == "rate(1 minute)"
    assert len(ticks["Targets"]) == 2
    late = templates.one("AWS::SQS::Queue", QueueName=f"flightdata-late-ticks-{environment}")
    assert late["DelaySeconds"] == 30
    assert ticks["State"] == "ENABLED"


def test_the_past_is_worked_on_every_hour_once_it_is_closed(templates, environment):
    hourly = templates.one("AWS::Events::Rule", Name=f"flightdata-analytics-{environment}")
    assert (hourly["ScheduleExpression"], hourly["State"]) == ("cron(5 * * * ? *)", "ENABLED")


def test_what_cannot_be_delivered_or_done_waits_where_one_looks(templates, environment):
    """A tick is none of these: the next one comes in a minute."""
    dead = {
        rule["Name"]: [
            text(target["DeadLetterConfig"]["Arn"]) for target in rule["Targets"] if "DeadLetterConfig" in target
        ]
        for rule in templates.of("AWS::Events::Rule").values()
    }
    assert dead == {
        f"flightdata-snapshot-archived-{environment}": ["DeadLetters"],
        f"flightdata-analytics-{environment}": ["FailedHours"],
        f"flightdata-ticks-{environment}": [],
    }
    failing = {
        text(one["FunctionName"]): one.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        for one in templates.of("AWS::Lambda::EventInvokeConfig").values()
    }
    assert text(failing.pop("analyticsprocessorFunction")) == "FailedHours"
    assert failing == {"flightdatafetcherFunction": None}
    queue = templates.one("AWS::SQS::Queue", QueueName=f"flightdata-snapshots-{environment}")
    assert text(queue["RedrivePolicy"]["deadLetterTargetArn"]) == "DeadLetters"


def test_snapshots_are_given_up_after_five_attempts_and_are_hidden_for_six_times_the_time_out(templates, environment):
    queue = templates.one("AWS::SQS::Queue", QueueName=f"flightdata-snapshots-{environment}")
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert queue["VisibilityTimeout"] == 6 * 60
    (mapping,) = [one for one in templates.of("AWS::Lambda::EventSourceMapping").values() if one["BatchSize"] == 10]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    processor = templates.one("AWS::Lambda::Function", FunctionName=f"flightdata-flight-data-processor-{environment}")
    assert processor["Environment"]["Variables"]["QUEUE_MAX_ATTEMPTS"] == "5"


def test_every_queue_is_encrypted_and_taken_by_tls_only(templates):
    queues, policies = templates.of("AWS::SQS::Queue"), templates.of("AWS::SQS::QueuePolicy")
    assert all(one["SqsManagedSseEnabled"] for one in queues.values())
    denied = [
        policy
        for policy in policies.values()
        if any(
            one["Effect"] == "Deny" and "aws:SecureTransport" in str(one)
            for one in policy["PolicyDocument"]["Statement"]
        )
    ]
    assert len(denied) == len(queues) == 4


# The API.


def test_the_cache_is_encrypted_and_open_to_the_api_function_alone(templates):
    (cache,) = templates.of("AWS::ElastiCache::ReplicationGroup").values()
    assert cache["TransitEncryptionEnabled"] is cache["AtRestEncryptionEnabled"] is True
    inside = templates.of("AWS::EC2::SecurityGroup")["CacheAccess"]
    (rule,) = inside["SecurityGroupIngress"]
    assert (rule["FromPort"], rule["ToPort"]) == (6379, 6379)
    assert "SourceSecurityGroupId" in rule
    assert "CidrIp" not in rule


def test_the_gateway_throttles_and_logs(templates):
    (stage,) = templates.of("AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"] == {"ThrottlingBurstLimit": 200, "ThrottlingRateLimit": 100}
    assert "AccessLogSettings" in stage


def test_the_api_refuses_answers_before_the_gateway_cuts_them_off(templates, environment):
    function = templates.one("AWS::Lambda::Function", FunctionName=f"flightdata-flight-api-{environment}")
    variables = function["Environment"]["Variables"]
    assert int(variables["MAX_ANSWER_BYTES"]) * 4 / 3 < 6_000_000
    assert int(variables["MAX_ANSWER_SECONDS"]) < function["Timeout"] == 30
    assert float(variables["AWS_TIMEOUT_SECONDS"]) * int(variables["AWS_MAX_ATTEMPTS"]) < 5


# The catalogue.


@pytest.mark.parametrize("name", ["states", "recent"])
def test_a_table_is_projected_onto_the_folders_of_its_name(templates, environment, name):
    (table,) = [
        one["TableInput"] for one in templates.of("AWS::Glue::Table").values() if one["TableInput"]["Name"] == name
    ]
    assert templates.one("AWS::Glue::Database")["DatabaseInput"]["Name"] == f"flightdata_{environment}"
    assert table["PartitionKeys"] == [{"Name": "date", "Type": "string"}, {"Name": "hour", "Type": "string"}]
    parameters = table["Parameters"]
    assert parameters["projection.enabled"] == "true"
    assert parameters["projection.hour.digits"] == "2"
    *_, last = parameters["storage.location.template"]["Fn::Join"][1]
    assert last == f"/{name}/date=${{date}}/hour=${{hour}}"


def test_the_columns_are_those_that_the_backend_writes(templates):
    for table in templates.of("AWS::Glue::Table").values():
        columns = table["TableInput"]["StorageDescriptor"]["Columns"]
        assert {one["Name"]: one["Type"] for one in columns} == COLUMNS
        assert list(COLUMNS)[:3] == ["icao24", "callsign", "origin_country"]


def test_questions_in_sql_have_a_limit_and_their_answers_are_encrypted(templates, environment):
    group = templates.one("AWS::Athena::WorkGroup", Name=f"flightdata-history-{environment}")
    settings = group["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == 100_000_000_000
    assert settings["ResultConfiguration"]["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}


# Observability.


def test_logs_are_not_kept_for_ever(templates):
    groups = templates.of("AWS::Logs::LogGroup").values()
    assert len(groups) == len(FUNCTIONS) + 1
    assert all(one["RetentionInDays"] for one in groups)
