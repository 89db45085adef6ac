"""Pipeline: ticks → fetcher → bus → queue → processor.

A rule's shortest interval is one minute. Its two targets make it 30 s: the fetcher, and a queue that holds each tick
back for 30 s and then starts the fetcher too. No function sleeps. `--context ticks=off`: for collectors outside AWS.
"""

from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.accepted import accept
from stacks.deployments import Deployment
from stacks.function import Function
from stacks.storage import ACCOUNTS, BUDGETS, FLIGHTS, HEALTH, LEASES, LIVE, LIVE_PARTS, Storage

FETCHER_TIMEOUT = Duration.minutes(5)
PROCESSOR_TIMEOUT = Duration.minutes(1)
"""A batch takes seconds; visibility is six times this, and so long a failed batch waits."""

MAX_ATTEMPTS = 5


class Pipeline(Stack):
    """`fetcher`, `processor`: the functions; `snapshots`, `dead_letters`: the queues; `bus`; `schedule`.

    What the bus cannot put into the queue is a dead letter too.
    """

    def __init__(
        self,
        scope: Construct,
        identity: str,
        deployment: Deployment,
        bundles: Path,
        storage: Storage,
    ) -> None:
        super().__init__(scope, identity)
        self.bus = events.EventBus(self, "Bus", event_bus_name=deployment.named("events"))
        self.dead_letters = self._queue(deployment, "dead-letters", retention_period=Duration.days(14))
        self.snapshots = self._queue(
            deployment,
            "snapshots",
            visibility_timeout=Duration.seconds(6 * PROCESSOR_TIMEOUT.to_seconds()),
            retention_period=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=MAX_ATTEMPTS),
        )
        events.Rule(
            self,
            "Archived",
            rule_name=deployment.named("snapshot-archived"),
            event_bus=self.bus,
            event_pattern=events.EventPattern(source=["flightdata.fetcher"], detail_type=["SnapshotArchived"]),
            targets=[targets.SqsQueue(self.snapshots, dead_letter_queue=self.dead_letters)],
        )
        self.fetcher = self._fetcher(deployment, bundles, storage)
        self.processor = self._processor(deployment, bundles, storage)
        self.schedule = self._ticks(deployment)

    def _queue(self, deployment: Deployment, name: str, **options: object) -> sqs.Queue:
        return sqs.Queue(
            self,
            name.title().replace("-", ""),
            queue_name=deployment.named(name),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.DESTROY,
            **options,
        )

    def _fetcher(self, deployment: Deployment, bundles: Path, storage: Storage) -> Function:
        fetcher = Function(
            self,
            "flight-data-fetcher",
            deployment,
            bundles,
            memory=512,
            timeout=FETCHER_TIMEOUT,
            settings={
                "S3_RAW_BUCKET": storage.raw.bucket_name,
                "EVENTBRIDGE_BUS_NAME": self.bus.event_bus_name,
                "DYNAMODB_FLIGHTS_TABLE": storage.table.table_name,
            },
        )
        parameters = f"arn:{self.partition}:ssm:{self.region}:{self.account}:parameter/flightdata/{deployment.name}"
        storage.allow_raw(fetcher, "s3:PutObject")
        fetcher.allow("events:PutEvents", on=self.bus.event_bus_arn)
        table = storage.table.table_arn
        fetcher.allow("dynamodb:GetItem", "dynamodb:PutItem", on=table, items=[BUDGETS])
        fetcher.allow("dynamodb:UpdateItem", on=table, items=[HEALTH, LEASES])
        fetcher.allow(
            "ssm:GetParameter",
            on=[f"{parameters}/opensky/client_id", f"{parameters}/opensky/client_secret"],
        )
        return fetcher

    def _processor(self, deployment: Deployment, bundles: Path, storage: Storage) -> Function:
        processor = Function(
            self,
            "flight-data-processor",
            deployment,
            bundles,
            memory=1024,
            timeout=PROCESSOR_TIMEOUT,
            settings={
                "S3_RAW_BUCKET": storage.raw.bucket_name,
                "S3_HISTORY_BUCKET": storage.history.bucket_name,
                "DYNAMODB_FLIGHTS_TABLE": storage.table.table_name,
                "SQS_QUEUE_URL": self.snapshots.queue_url,
                "SQS_DEAD_LETTER_QUEUE_URL": self.dead_letters.queue_url,
                "QUEUE_MAX_ATTEMPTS": str(MAX_ATTEMPTS),
            },
        )
        storage.allow_raw(processor, "s3:GetObject")
        storage.allow_history(processor, "s3:PutObject", "recent/")
        storage.allow_carried(processor)
        # Without it a missing key looks like a missing grant.
        processor.allow("s3:ListBucket", on=storage.raw.bucket_arn)
        table = storage.table.table_arn
        processor.allow("dynamodb:GetItem", on=table, items=[LIVE, ACCOUNTS])
        processor.allow("dynamodb:UpdateItem", on=table, items=[LIVE])
        processor.allow("dynamodb:Query", on=table, items=[LIVE_PARTS])
        processor.allow("dynamodb:BatchWriteItem", on=table, items=[LIVE_PARTS])
        processor.allow("dynamodb:PutItem", on=table, items=[ACCOUNTS, FLIGHTS])
        processor.allow("sqs:SendMessage", on=self.dead_letters.queue_arn)
        processor.takes(self.snapshots, batch_size=10, report_batch_item_failures=True, max_concurrency=2)
        return processor

    def _ticks(self, deployment: Deployment) -> events.Rule:
        late = self._queue(
            deployment,
            "late-ticks",
            delivery_delay=Duration.seconds(30),
            visibility_timeout=Duration.seconds(6 * FETCHER_TIMEOUT.to_seconds()),
            retention_period=Duration.minutes(2),
        )
        accept(late, "AwsSolutions-SQS3", "A tick that failed is not tried again: the next one comes in a minute.")
        self.fetcher.takes(late, batch_size=1)
        fetch = targets.LambdaFunction(self.fetcher.function, retry_attempts=0, max_event_age=Duration.minutes(1))
        self.fetcher.function.configure_async_invoke(retry_attempts=0, max_event_age=Duration.minutes(1))
        return events.Rule(
            self,
            "Ticks",
            rule_name=deployment.named("ticks"),
            schedule=events.Schedule.rate(Duration.minutes(1)),
            enabled=deployment.ticks,
            targets=[fetch, targets.SqsQueue(late)],
        )
