"""Observability: alarms that say what is wrong, and a dashboard that shows it."""

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.analytics import Analytics
from stacks.api import Api
from stacks.deployments import Deployment
from stacks.pipeline import Pipeline

PERIOD = Duration.minutes(5)


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
        self._watch_queue(pipeline)
        self._watch_api(api)
        self._dashboard(pipeline, api, {name: one.function for name, one in functions.items()})

    def _watch_function(self, name: str, function: lambda_.Function) -> None:
        self._alarm(f"{name}-errors", function.metric_errors(period=PERIOD), 1, f"the {name} function fails")
        self._alarm(f"{name}-throttles", function.metric_throttles(period=PERIOD), 1, f"the {name} is held back by AWS")
        slow = 0.8 * function.timeout.to_milliseconds()
        duration = function.metric_duration(period=PERIOD, statistic="Maximum")
        self._alarm(f"{name}-duration", duration, slow, f"the {name} comes close to its time-out")

    def _watch_queue(self, pipeline: Pipeline) -> None:
        dead = pipeline.dead_letters.metric_approximate_number_of_messages_visible(period=PERIOD, statistic="Maximum")
        self._alarm("dead-letters", dead, 1, "snapshots were given up; `flightdata dlq ls`")
        age = pipeline.snapshots.metric_approximate_age_of_oldest_message(period=PERIOD, statistic="Maximum")
        self._alarm("backlog", age, 300, "snapshots wait for more than five minutes to be processed")
        processed = pipeline.snapshots.metric_number_of_messages_deleted(period=Duration.minutes(15), statistic="Sum")
        self._alarm(
            "stale",
            processed,
            1,
            "no snapshot was processed for a quarter of an hour: the live picture is stale",
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )

    def _watch_api(self, api: Api) -> None:
        self._alarm("api-5xx", api.api.metric_server_error(period=PERIOD, statistic="Sum"), 1, "the API answers 5xx")

    def _ours(self, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """A figure that the functions write themselves (`flightdata.backends.metrics.emf`)."""
        return cloudwatch.Metric(
            namespace="FlightDataPipeline",
            metric_name=name,
            dimensions_map={"Environment": self._deployment.name},
            statistic=statistic,
            period=PERIOD,
        )

    def _alarm(  # noqa: PLR0913, an alarm has as many sides
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        says: str,
        *,
        comparison: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            f"Alarm-{name}",
            alarm_name=self._deployment.named(name),
            alarm_description=says,
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=comparison,
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
