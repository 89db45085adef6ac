"""Observability: alarms that say what is wrong, and a dashboard that shows it."""

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.analytics import Analytics
from stacks.api import Api
from stacks.deployments import Deployment
from stacks.pipeline import Pipeline

PERIOD = Duration.minutes(5)
LONG = Duration.minutes(15)
"""At least so often a source that fails is asked, and an anonymous account of OpenSky fetches (870 to 900 s)."""

OLD = 300
"""Seconds after which a picture is stale."""


class Observability(Stack):
    """`topic`: subscribe to it to be told; every alarm goes there."""

    def __init__(  # noqa: PLR0913, it watches all of them
        self,
        scope: Construct,
        identity: str,
        deployment: Deployment,
        pipeline: Pipeline,
        api: Api,
        analytics: Analytics,
    ) -> None:
        super().__init__(scope, identity)
        self._deployment = deployment
        self.topic = sns.Topic(self, "Alarms", topic_name=deployment.named("alarms"), enforce_ssl=True)
        # A topic with a policy of its own lets nobody publish who is not named in it, CloudWatch not either.
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "ArnLike": {
                        "aws:SourceArn": self.format_arn(
                            service="cloudwatch",
                            resource="alarm",
                            resource_name=deployment.named("*"),
                            arn_format=ArnFormat.COLON_RESOURCE_NAME,
                        )
                    }
                },
            )
        )
        functions = {
            "fetcher": pipeline.fetcher,
            "processor": pipeline.processor,
            "api": api.function,
            "analytics": analytics.function,
        }
        for name, one in functions.items():
            self._watch_function(name, one.function)
        for email in deployment.emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        self._watch_sources()
        self._watch_queues(pipeline, analytics)
        self._watch_rules()
        self._watch_api(api)
        self._dashboard(pipeline, api, {name: one.function for name, one in functions.items()})

    def _watch_function(self, name: str, function: lambda_.Function) -> None:
        self._alarm(f"{name}-errors", function.metric_errors(period=PERIOD), 1, f"the {name} function fails")
        self._alarm(f"{name}-throttles", function.metric_throttles(period=PERIOD), 1, f"the {name} is held back by AWS")
        slow = 0.8 * function.timeout.to_milliseconds()
        duration = function.metric_duration(period=PERIOD, statistic="Maximum")
        self._alarm(f"{name}-duration", duration, slow, f"the {name} comes close to its time-out")

    def _watch_sources(self) -> None:
        """What the functions count themselves; nothing of it is there where nothing runs."""
        often = not self._deployment.may_be_anonymous
        self._alarm(
            "stale",
            self._ours("PictureAge", "Minimum", PERIOD if often else LONG),
            OLD,
            f"no live picture younger than {OLD} s was published for {15 if often else 30} minutes",
            periods=3 if often else 2,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
        for name, figure, says in (
            ("fetch-failures", "FetchFailures", "a source has failed again and again for an hour"),
            ("unreadable", "SnapshotsUnreadable", "for an hour, answers of a source have been no snapshots"),
        ):
            self._alarm(name, self._ours(figure, period=LONG), 1, says, periods=4, breaching=3)

    def _watch_queues(self, pipeline: Pipeline, analytics: Analytics) -> None:
        dead = pipeline.dead_letters.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum")
        self._alarm("dead-letters", dead, 1, "snapshots were given up; `flightdata dlq ls`")
        age = pipeline.snapshots.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="Maximum")
        self._alarm("backlog", age, 300, "snapshots wait for more than five minutes to be processed")
        failed = analytics.failed.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum")
        self._alarm("failed-hours", failed, 1, "an hour was neither reported nor compacted; the next one compacts both")

    def _watch_rules(self) -> None:
        """By their names: what CloudFormation calls a rule of a bus is not what CloudWatch calls it."""
        bus = {"EventBusName": self._deployment.named("events")}
        for rule, on, says in (
            ("snapshot-archived", bus, "the bus could not put an event into the queue"),
            ("ticks", {}, "a tick did not reach the fetcher"),
            ("analytics", {}, "the hour did not reach the analytics function"),
        ):
            failed = cloudwatch.Metric(
                namespace="AWS/Events",
                metric_name="FailedInvocations",
                dimensions_map=on | {"RuleName": self._deployment.named(rule)},
                statistic="Sum",
                period=PERIOD,
            )
            self._alarm(f"{rule}-undelivered", failed, 1, says)

    def _watch_api(self, api: Api) -> None:
        self._alarm("api-5xx", api.api.metric_server_error(period=PERIOD, statistic="Sum"), 1, "the API answers 5xx")

    def _ours(self, name: str, statistic: str = "Sum", period: Duration = PERIOD) -> cloudwatch.Metric:
        """A figure that the functions write themselves (`flightdata.backends.metrics.emf`)."""
        return cloudwatch.Metric(
            namespace="FlightDataPipeline",
            metric_name=name,
            dimensions_map={"Environment": self._deployment.name},
            statistic=statistic,
            period=period,
        )

    def _alarm(  # noqa: PLR0913, an alarm has as many sides
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        says: str,
        *,
        periods: int = 1,
        breaching: int | None = None,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        """`breaching` of `periods`, None: all of them."""
        alarm = cloudwatch.Alarm(
            self,
            f"Alarm-{name}",
            alarm_name=self._deployment.named(name),
            alarm_description=says,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            datapoints_to_alarm=breaching or periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        alarm.add_ok_action(actions.SnsAction(self.topic))

    def _dashboard(self, pipeline: Pipeline, api: Api, functions: dict[str, lambda_.Function]) -> None:
        def graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
            return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)

        dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=self._deployment.named("pipeline"))
        queue, dead = pipeline.snapshots, pipeline.dead_letters
        dashboard.add_widgets(
            graph("Invocations", *[one.metric_invocations(label=name) for name, one in functions.items()]),
            graph("Errors", *[one.metric_errors(label=name) for name, one in functions.items()]),
            graph(
                "Duration (p95)", *[one.metric_duration(label=name, statistic="p95") for name, one in functions.items()]
            ),
        )
        dashboard.add_widgets(
            graph("Snapshots processed", queue.metric_number_of_messages_deleted(statistic="Sum")),
            graph("Oldest waiting snapshot (s)", queue.metric_approximate_age_of_oldest_message()),
            graph("Dead letters", dead.metric_approximate_number_of_messages_visible()),
        )
        dashboard.add_widgets(
            graph("States", *[self._ours(name) for name in ("FlightsProcessed", "FlightsStored", "FlightsRejected")]),
            graph("Snapshots", *[self._ours(name) for name in ("SnapshotsArchived", "SnapshotsProcessed")]),
            graph(
                "Failures",
                *[self._ours(name) for name in ("FetchFailures", "ProcessingFailures", "SnapshotsUnreadable")],
            ),
        )
        dashboard.add_widgets(
            graph(
                "Fetch and process (s, p95)", *[self._ours(name, "p95") for name in ("FetchSeconds", "ProcessSeconds")]
            ),
            graph("Age of the picture when published (s)", self._ours("PictureAge", "Maximum")),
            graph("Quality flags, credits left", self._ours("QualityFlags"), self._ours("CreditsRemaining", "Minimum")),
        )
        dashboard.add_widgets(
            graph("Requests", api.api.metric_count()),
            graph("4xx and 5xx", api.api.metric_client_error(), api.api.metric_server_error()),
            graph("Latency (ms)", api.api.metric_latency()),
        )
