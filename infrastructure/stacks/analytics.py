"""Analytics: once an hour, the report of what the pipeline did; archived snapshots that are nowhere else published
again; and the history compacted. The history in Glue's catalogue, for Athena.
"""

from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.accepted import accept
from stacks.deployments import Deployment
from stacks.function import Function
from stacks.pipeline import Pipeline
from stacks.storage import ACCOUNTS, PAST, Storage


class Analytics(Stack):
    """`function`; `failed`: the queue of hours that failed."""

    def __init__(  # noqa: PLR0913, it reads what the others made
        self,
        scope: Construct,
        identity: str,
        deployment: Deployment,
        bundles: Path,
        storage: Storage,
        pipeline: Pipeline,
    ) -> None:
        super().__init__(scope, identity)
        self.function = Function(
            self,
            "analytics-processor",
            deployment,
            bundles,
            memory=512,
            timeout=Duration.minutes(10),
            settings={
                "S3_RAW_BUCKET": storage.raw.bucket_name,
                "S3_HISTORY_BUCKET": storage.history.bucket_name,
                "EVENTBRIDGE_BUS_NAME": pipeline.bus.event_bus_name,
                "DYNAMODB_FLIGHTS_TABLE": storage.table.table_name,
                "SQS_QUEUE_URL": pipeline.snapshots.queue_url,
                "SQS_DEAD_LETTER_QUEUE_URL": pipeline.dead_letters.queue_url,
            },
        )
        self.function.allow("dynamodb:Query", on=f"{storage.table.table_arn}/index/by_time", items=[ACCOUNTS])
        self.function.allow(
            "sqs:GetQueueAttributes", on=[pipeline.snapshots.queue_arn, pipeline.dead_letters.queue_arn]
        )
        self._allow_recovery(storage, pipeline)
        self.function.allow("s3:ListBucket", on=storage.history.bucket_arn)
        storage.allow_history(self.function, "s3:GetObject", *PAST)
        storage.allow_history(self.function, "s3:PutObject", "states/", "last/")
        storage.allow_history(self.function, "s3:DeleteObject", "recent/")
        self.failed = self._failed(deployment)
        events.Rule(
            self,
            "Hourly",
            rule_name=deployment.named("analytics"),
            schedule=events.Schedule.cron(minute="5"),
            targets=[targets.LambdaFunction(self.function.function, retry_attempts=2, dead_letter_queue=self.failed)],
        )

    def _allow_recovery(self, storage: Storage, pipeline: Pipeline) -> None:
        """To list the archive, see who lacks an account and was not given up, and publish that."""
        self.function.allow("s3:ListBucket", on=storage.raw.bucket_arn)
        self.function.allow("dynamodb:Query", on=storage.table.table_arn, items=["account"])
        self.function.allow("dynamodb:GetItem", "dynamodb:PutItem", on=storage.table.table_arn, items=["ledger"])
        self.function.allow("sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", on=pipeline.dead_letters.queue_arn)
        self.function.allow("events:PutEvents", on=pipeline.bus.event_bus_arn)

    def _failed(self, deployment: Deployment) -> sqs.Queue:
        """Where Lambda says why an hour failed three times, and the schedule what it could not hand to Lambda."""
        queue = sqs.Queue(
            self,
            "FailedHours",
            queue_name=deployment.named("failed-hours"),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            removal_policy=RemovalPolicy.DESTROY,
        )
        accept(queue, "AwsSolutions-SQS3", "It is itself where the failed go.")
        self.function.allow("sqs:SendMessage", on=queue.queue_arn)
        lambda_.CfnEventInvokeConfig(  # CDK's own destination would grant more
            self,
            "Failing",
            function_name=self.function.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=Duration.hours(1).to_seconds(),
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=queue.queue_arn)
            ),
        )
        return queue
