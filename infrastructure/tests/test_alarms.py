"""Every alarm and every graph: one that is added, or changed, has to be named here, and what it looks at has to be
something that there is.
"""

import json
import re
import runpy
from pathlib import Path

import aws_cdk as cdk
import pytest
from conftest import CONTEXT, Templates
from test_grants import plain

from stacks.deployments import named
from stacks.environment import build

FLIGHTDATA = Path(__file__).parents[2] / "backend" / "shared" / "flightdata"
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"

OURS = {"Environment": "{environment}"}
ONCE = (1, 1)

ALARMS = {
    # metric, dimensions, statistic, period in s, threshold, and in how many of how many periods
    **{
        f"{short}-{what}": (f"AWS/Lambda {metric}", {"FunctionName": f"{name}Function"}, statistic, 300, limit, ONCE)
        for short, name, seconds in (
            ("fetcher", "flightdatafetcher", 300),
            ("processor", "flightdataprocessor", 60),
            ("api", "flightapi", 30),
            ("analytics", "analyticsprocessor", 600),
        )
        for what, metric, statistic, limit in (
            ("errors", "Errors", "Sum", 1),
            ("throttles", "Throttles", "Sum", 1),
            ("duration", "Duration", "Maximum", 800 * seconds),
        )
    },
    "dead-letters": (
        "AWS/SQS ApproximateNumberOfMessagesVisible",
        {"QueueName": "DeadLetters"},
        "Maximum",
        300,
        1,
        ONCE,
    ),
    "failed-hours": (
        "AWS/SQS ApproximateNumberOfMessagesVisible",
        {"QueueName": "FailedHours"},
        "Maximum",
        300,
        1,
        ONCE,
    ),
    "backlog": ("AWS/SQS ApproximateAgeOfOldestMessage", {"QueueName": "Snapshots"}, "Maximum", 300, 300, ONCE),
    "stale": ("FlightDataPipeline PictureAge", OURS, "Minimum", 300, 300, (3, 3)),
    "fetch-failures": ("FlightDataPipeline FetchFailures", OURS, "Sum", 900, 1, (3, 4)),
    "unreadable": ("FlightDataPipeline SnapshotsUnreadable", OURS, "Sum", 900, 1, (3, 4)),
    "snapshot-archived-undelivered": (
        "AWS/Events FailedInvocations",
        {"EventBusName": "flightdata-events-{environment}", "RuleName": "flightdata-snapshot-archived-{environment}"},
        "Sum",
        300,
        1,
        ONCE,
    ),
    **{
        f"{rule}-undelivered": (
            "AWS/Events FailedInvocations",
            {"RuleName": f"flightdata-{rule}-{{environment}}"},
            "Sum",
            300,
            1,
            ONCE,
        )
        for rule in ("ticks", "analytics")
    },
    "api-5xx": ("AWS/ApiGateway 5xx", {"ApiId": "Gateway"}, "Sum", 300, 1, ONCE),
}
PATIENT = ALARMS | {"stale": ("FlightDataPipeline PictureAge", OURS, "Minimum", 900, 300, (2, 2))}
"""Where it may be an anonymous account of OpenSky, which fetches every 870 to 900 s."""


def of(value):
    """What a dimension is of, by the name of the resource."""
    if isinstance(value, str):
        return value
    ((function, inside),) = value.items()
    if function == "Fn::ImportValue":
        return re.search(r":ExportsOutput(?:Ref|FnGetAtt)(\w+?)[0-9A-F]{8}", inside)[1]
    return plain(inside[0] if function == "Fn::GetAtt" else inside)


def graphs(templates):
    """The metrics of each widget, by its title: namespace, name, dimensions, statistic."""
    (dashboard,) = templates.of("AWS::CloudWatch::Dashboard").values()
    _, parts = dashboard["DashboardBody"]["Fn::Join"]
    body = json.loads("".join(one if isinstance(one, str) else of(one) for one in parts))
    return {
        widget["properties"]["title"]: [_shown(*metric) for metric in widget["properties"]["metrics"]]
        for widget in body["widgets"]
    }


def _shown(space, name, *rest):
    *dimensions, options = rest if isinstance(rest[-1], dict) else (*rest, {})
    pairs = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
    return f"{space} {name}", pairs, options.get("stat", "Average")


def watched(metric, environment):
    """Namespace and name of a metric of an alarm, and its dimensions."""
    dimensions = {one["Name"]: of(one["Value"]) for one in metric["Dimensions"]}
    return f"{metric['Namespace']} {metric['MetricName']}", dimensions


def alarms_of(templates, environment):
    alarms = {}
    for alarm in templates.of("AWS::CloudWatch::Alarm").values():
        name = alarm["AlarmName"].removeprefix("flightdata-").removesuffix(f"-{environment}")
        alarms[name] = (
            *watched(alarm, environment),
            alarm["Statistic"],
            alarm["Period"],
            alarm["Threshold"],
            (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]),
        )
    return alarms


def expected(alarms, environment):
    return {
        name: (metric, {key: value.format(environment=environment) for key, value in dimensions.items()}, *rest)
        for name, (metric, dimensions, *rest) in alarms.items()
    }


def test_every_alarm_is_named(templates, environment):
    alarms = PATIENT if environment == "prod" else ALARMS
    assert alarms_of(templates, environment) == expected(alarms, environment)


@pytest.mark.parametrize(
    ("choices", "alarms"),
    [
        ({"OPENSKY_ACCOUNT": "anonymous"}, PATIENT),
        ({"OPENSKY_ACCOUNT": "standard"}, ALARMS),
        ({"SOURCES": "readsb:http://receiver.example"}, ALARMS),
        ({"SOURCES": "readsb:http://receiver.example opensky:47,49,1,4"}, PATIENT),
    ],
)
def test_how_long_a_picture_may_be_missing_is_up_to_the_sources(tmp_path, bundles, choices, alarms):
    app = cdk.App(outdir=str(tmp_path), context=CONTEXT | choices)
    build(app, named("prod"), bundles)
    assert alarms_of(Templates(app, tmp_path), "prod") == expected(alarms, "prod")


def test_every_alarm_says_what_it_means_and_tells_the_topic_when_it_comes_and_goes(templates):
    (topic,) = templates.of("AWS::SNS::Topic")
    for alarm in templates.of("AWS::CloudWatch::Alarm").values():
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        silence = "breaching" if "-stale-" in alarm["AlarmName"] else "notBreaching"
        assert alarm["TreatMissingData"] == silence
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]
        assert alarm.get("ActionsEnabled", True) is True
        assert alarm["AlarmDescription"]


def test_every_alarm_is_in_the_table_of_what_to_do(templates, environment):
    table = OPERATIONS.read_text().partition("\n## Alarms\n")[2].partition("\n## ")[0]
    rows = {
        name for row in re.findall(r"^\|([^|]*`[^|]*)\|", table, re.MULTILINE) for name in re.findall(r"`(.+?)`", row)
    }
    functions = ("fetcher", "processor", "api", "analytics")
    named_there = {
        row.replace("<function>", function) for row in rows for function in (functions if "<function>" in row else [""])
    }
    assert named_there == set(ALARMS)


def test_our_figures_are_those_that_the_functions_write_to_cloudwatch(templates, environment):
    figures = runpy.run_path(str(FLIGHTDATA / "models" / "figures.py"))["FIGURE"]
    emf = (FLIGHTDATA / "backends" / "metrics" / "emf.py").read_text()
    assert 'NAMESPACE = "FlightDataPipeline"' in emf
    assert '"Dimensions": [["Environment"]]' in emf
    looked_at = [
        (metric.partition(" ")[2], dimensions)
        for metric, dimensions, *_ in alarms_of(templates, environment).values()
        if metric.startswith("FlightDataPipeline ")
    ]
    looked_at += [
        (metric.partition(" ")[2], dimensions)
        for graph in graphs(templates).values()
        for metric, dimensions, _ in graph
        if metric.startswith("FlightDataPipeline ")
    ]
    assert len(looked_at) > 12
    for name, dimensions in looked_at:
        assert figures[name].cloud, name
        assert dimensions == {"Environment": environment}


# The dashboard.

FUNCTIONS = ("flightdatafetcher", "flightdataprocessor", "flightapi", "analyticsprocessor")
GATEWAY = {"ApiId": "Gateway"}


def _lambda(name, statistic):
    return [(f"AWS/Lambda {name}", {"FunctionName": f"{function}Function"}, statistic) for function in FUNCTIONS]


def _ours(statistic, *names):
    return [(f"FlightDataPipeline {name}", OURS, statistic) for name in names]


GRAPHS = {
    "Invocations": _lambda("Invocations", "Sum"),
    "Errors": _lambda("Errors", "Sum"),
    "Duration (p95)": _lambda("Duration", "p95"),
    "Snapshots processed": [("AWS/SQS NumberOfMessagesDeleted", {"QueueName": "Snapshots"}, "Sum")],
    "Oldest waiting snapshot (s)": [("AWS/SQS ApproximateAgeOfOldestMessage", {"QueueName": "Snapshots"}, "Maximum")],
    "Dead letters": [("AWS/SQS ApproximateNumberOfMessagesVisible", {"QueueName": "DeadLetters"}, "Maximum")],
    "States": _ours("Sum", "FlightsProcessed", "FlightsStored", "FlightsRejected"),
    "Snapshots": _ours("Sum", "SnapshotsArchived", "SnapshotsProcessed"),
    "Failures": _ours("Sum", "FetchFailures", "ProcessingFailures", "SnapshotsUnreadable"),
    "Fetch and process (s, p95)": _ours("p95", "FetchSeconds", "ProcessSeconds"),
    "Age of the picture when published (s)": _ours("Maximum", "PictureAge"),
    "Quality flags, credits left": _ours("Sum", "QualityFlags") + _ours("Minimum", "CreditsRemaining"),
    "Requests": [("AWS/ApiGateway Count", GATEWAY, "SampleCount")],
    "4xx and 5xx": [("AWS/ApiGateway 4xx", GATEWAY, "Sum"), ("AWS/ApiGateway 5xx", GATEWAY, "Sum")],
    "Latency (ms)": [("AWS/ApiGateway Latency", GATEWAY, "Average")],
}


def test_every_graph_is_named(templates, environment):
    shown = {
        title: [
            (metric, {key: value.format(environment=environment) for key, value in dimensions.items()}, statistic)
            for metric, dimensions, statistic in metrics
        ]
        for title, metrics in GRAPHS.items()
    }
    assert graphs(templates) == shown
    templates.one("AWS::CloudWatch::Dashboard", DashboardName=f"flightdata-pipeline-{environment}")
