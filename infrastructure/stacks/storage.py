"""Storage: on S3 the raw archive, what live versions carry and the history; the table of all that is live or small."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.accepted import accept
from stacks.deployments import Deployment
from stacks.function import Function

RAW_OBJECTS = "source=*"
"""The keys of the raw archive."""

CARRIED = "live/"
"""What the keys of the live picture's parts begin with (`flightdata.backends.live.carried`)."""

QUERIES = "queries/"
"""Where Athena puts its answers, in the bucket of the history."""

LIVE, LIVE_PARTS, FLIGHTS = "live", "live#*", "flight#*"
ACCOUNTS, BUDGETS, HEALTH, KEYS, LEASES = "account", "budget", "health", "key", "lease"
"""Partition keys of the table's items, for `Function.allow`."""

PAST = ("recent/", "states/", "last/")
"""The folders of the history."""

FLIGHT_INDEXES = ("by_departure", "by_arrival", "by_callsign")

_ALL, _KEYS = dynamodb.ProjectionType.ALL, dynamodb.ProjectionType.KEYS_ONLY

_INDEXES = (
    ("by_time", "pk", "processed_at", dynamodb.AttributeType.NUMBER, _ALL),
    ("by_departure", "departure", "departed", dynamodb.AttributeType.STRING, _KEYS),
    ("by_arrival", "arrival", "arrived", dynamodb.AttributeType.STRING, _KEYS),
    ("by_callsign", "callsign", "sk", dynamodb.AttributeType.STRING, _KEYS),
)


class Storage(Stack):
    """`raw`, `history`: the buckets. `table`: the table; its layout is in the docstrings of `flightdata.backends`."""

    def __init__(self, scope: Construct, identity: str, deployment: Deployment) -> None:
        super().__init__(scope, identity)
        self.raw = self._archive(deployment)
        self.history = self._lake(deployment)
        self.table = self._table(deployment)
        # The last: a first deployment that fails could not remove it again, since it is protected from that.
        self.table.node.add_dependency(self.raw, self.history)

    def allow_raw(self, function: Function, action: str) -> None:
        """On every object of the raw archive."""
        function.allow(action, on=self.raw.arn_for_objects(RAW_OBJECTS))
        objects = f"{self.stack_name}:ExportsOutputFnGetAttRaw72517081Arn8AABA17C/{RAW_OBJECTS}"
        accept(function.role, f"AwsSolutions-IAM5[Resource::{objects}]", "Any snapshot of the archive, nothing else.")

    def allow_carried(self, function: Function) -> None:
        """To write and read what versions of the live picture carry."""
        function.allow("s3:PutObject", "s3:GetObject", on=self.raw.arn_for_objects(f"{CARRIED}*"))
        objects = f"{self.stack_name}:ExportsOutputFnGetAttRaw72517081Arn8AABA17C/{CARRIED}*"
        accept(
            function.role, f"AwsSolutions-IAM5[Resource::{objects}]", "Parts have random names; nothing else is there."
        )

    def allow_history(self, function: Function, action: str, *folders: str) -> None:
        """On the objects of the history below these folders."""
        for objects in [f"{folder}*" for folder in folders]:
            function.allow(action, on=self.history.arn_for_objects(objects))
            resource = f"{self.stack_name}:ExportsOutputFnGetAttHistoryC127576EArnC54CDD58/{objects}"
            accept(function.role, f"AwsSolutions-IAM5[Resource::{resource}]", "Any hour of the history.")

    def flight_indexes(self) -> list[str]:
        """ARNs of the table's indexes that have flights and nothing else in them."""
        return [f"{self.table.table_arn}/index/{name}" for name in FLIGHT_INDEXES]

    def _archive(self, deployment: Deployment) -> s3.Bucket:
        rule = s3.LifecycleRule(
            abort_incomplete_multipart_upload_after=Duration.days(1),
            expiration=Duration.days(deployment.raw_days) if deployment.raw_days else None,
            transitions=[] if deployment.raw_days else [_to_cold_storage()],
        )
        carried = s3.LifecycleRule(prefix=CARRIED, expiration=Duration.days(1))
        return self._bucket("Raw", deployment.named("raw"), deployment, [rule, carried])

    def _lake(self, deployment: Deployment) -> s3.Bucket:
        rules = [
            s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1)),
            s3.LifecycleRule(prefix=QUERIES, expiration=Duration.days(7)),
        ]
        if deployment.history_days:
            forgotten = Duration.days(deployment.history_days)
            rules += [s3.LifecycleRule(prefix=folder, expiration=forgotten) for folder in PAST]
        return self._bucket("History", deployment.named("history"), deployment, rules)

    def _bucket(self, name: str, called: str, deployment: Deployment, rules: list[s3.LifecycleRule]) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            name,
            bucket_name=f"{called}-{self.account}-{self.region}",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=rules,
            removal_policy=deployment.removal,
        )
        accept(
            bucket,
            "AwsSolutions-S1",
            "Public access is blocked; CloudTrail data events tell more than access logs, where wanted.",
        )
        return bucket

    def _table(self, deployment: Deployment) -> dynamodb.Table:
        table = dynamodb.Table(
            self,
            "Flights",
            table_name=deployment.named("flights"),
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.DEFAULT,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires_at",
            deletion_protection=deployment.keeps_data,
            removal_policy=deployment.removal,
        )
        for name, partition, order, kind, projection in _INDEXES:
            table.add_global_secondary_index(
                index_name=name,
                partition_key=dynamodb.Attribute(name=partition, type=dynamodb.AttributeType.STRING),
                sort_key=dynamodb.Attribute(name=order, type=kind),
                projection_type=projection,
            )
        return table


def _to_cold_storage() -> s3.Transition:
    """What is kept for ever is hardly read after a quarter; there it costs a sixth and is still read at once."""
    return s3.Transition(storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, transition_after=Duration.days(90))
