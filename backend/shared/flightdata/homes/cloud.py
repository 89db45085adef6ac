"""AWS: S3, EventBridge, SQS, DynamoDB, ElastiCache, Parameter Store."""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from flightdata.backends import emulator
from flightdata.backends.aws import Aws
from flightdata.backends.budgets.dynamodb import DynamoBudgets
from flightdata.backends.budgets.observed import ObservedBudgets
from flightdata.backends.cache.counted import CountedCache
from flightdata.backends.cache.none import NoCache
from flightdata.backends.flights.dynamodb import DynamoFlights
from flightdata.backends.health.dynamodb import DynamoHealth
from flightdata.backends.history.s3 import S3History
from flightdata.backends.inspection import inspect
from flightdata.backends.keys.dynamodb import DynamoKeys
from flightdata.backends.lease.dynamodb import DynamoLease
from flightdata.backends.ledger.dynamodb import DynamoLedger
from flightdata.backends.live.dynamodb import DynamoPictures
from flightdata.backends.metrics.emf import EmfMetrics
from flightdata.backends.queue.eventbridge import EventBridgePublisher
from flightdata.backends.queue.sqs import SqsQueue
from flightdata.backends.secrets.ssm import SsmSecrets
from flightdata.errors import ConfigurationError
from flightdata.models.units import Seconds
from flightdata.ports import Cache, Clock, Metrics, NoMetrics, RawArchive, Reach
from flightdata.settings import Environment, Settings
from flightdata.utils.time_left import TimeLeft

if TYPE_CHECKING:
    from flightdata.backends.live.carried import CarriedParts

_DAY: Seconds = 86_400.0
_VISIBILITY: Seconds = 360.0
"""As the CDK app has it."""


class Cloud:
    """The AWS backends. Each is made when first asked for, and says then which setting it misses."""

    def __init__(self, settings: Settings, clock: Clock, time_left: TimeLeft) -> None:
        self._settings = settings
        self._clock = clock
        self._aws = Aws(
            settings.aws_region,
            settings.aws_endpoint_url,
            timeout=settings.aws_timeout_seconds,
            attempts=settings.aws_max_attempts,
            time_left=time_left,
        )

    @cached_property
    def archive(self) -> RawArchive:
        # The API function does without an archive, and without the 10 MB that decompress it.
        from flightdata.backends.archive.s3 import S3Archive  # noqa: PLC0415

        return S3Archive(self._aws.client("s3"), self._needed("s3_raw_bucket"))

    @cached_property
    def publisher(self) -> EventBridgePublisher:
        return EventBridgePublisher(self._aws.client("events"), self._needed("eventbridge_bus_name"))

    @cached_property
    def queue(self) -> SqsQueue:
        return SqsQueue(
            self._aws.client("sqs"),
            self._needed("sqs_queue_url"),
            self._needed("sqs_dead_letter_queue_url"),
            self._clock,
            max_attempts=self._settings.queue_max_attempts,
        )

    @cached_property
    def live(self) -> DynamoPictures:
        cache = CountedCache(self.cache, self.metrics, "picture") if self.cache else NoCache()
        return DynamoPictures(self._aws.client("dynamodb"), self._table, lambda: self.carried, cache, self._clock)

    @cached_property
    def ledger(self) -> DynamoLedger:
        return DynamoLedger(self._aws.client("dynamodb"), self._table)

    @cached_property
    def health(self) -> DynamoHealth:
        return DynamoHealth(self._aws.client("dynamodb"), self._table)

    @cached_property
    def history(self) -> S3History:
        return S3History(self._aws.client("s3"), self._needed("s3_history_bucket"))

    @cached_property
    def flights(self) -> DynamoFlights:
        kept = self._settings.flights_retention_days * _DAY
        return DynamoFlights(self._aws.client("dynamodb"), self._table, kept)

    @cached_property
    def budgets(self) -> ObservedBudgets:
        return ObservedBudgets(self._dynamo_budgets, self.metrics)

    @cached_property
    def _dynamo_budgets(self) -> DynamoBudgets:
        return DynamoBudgets(self._aws.client("dynamodb"), self._table)

    @cached_property
    def lease(self) -> DynamoLease:
        return DynamoLease(self._aws.client("dynamodb"), self._table)

    @cached_property
    def keys(self) -> DynamoKeys:
        return DynamoKeys(self._aws.client("dynamodb"), self._table)

    @cached_property
    def secrets(self) -> SsmSecrets:
        return SsmSecrets(self._aws.client("ssm"), f"/flightdata/{self._settings.environment}", self._clock)

    @cached_property
    def metrics(self) -> Metrics:
        """Of a function: its log goes to CloudWatch. Of a command, stdout belongs to the data."""
        in_function = self._settings.aws_lambda_function_name
        return EmfMetrics(self._settings.environment, self._clock) if in_function else NoMetrics()

    def reach(self) -> Iterator[Reach]:
        """Whether what the settings name is there."""
        names = (
            "s3_raw_bucket",
            "s3_history_bucket",
            "eventbridge_bus_name",
            "sqs_queue_url",
            "sqs_dead_letter_queue_url",
        )
        known = {name.upper(): value for name in names if (value := getattr(self._settings, name))}
        named = {"DYNAMODB_FLIGHTS_TABLE": self._table} | known
        return inspect(self._aws.client, named, f"/flightdata/{self._settings.environment}")

    def make_on_emulator(self, *, everything: bool) -> dict[str, str]:
        """The table, or everything, at `aws_endpoint_url`; the settings that name what was made. Raises Transient."""
        chosen, client = self._settings, self._aws.client
        environment = "dev" if chosen.environment is Environment.LOCAL else chosen.environment.value
        table = chosen.dynamodb_flights_table or f"flightdata-flights-{environment}"
        emulator.make_table(client("dynamodb"), table)
        made = {
            "ENVIRONMENT": environment,
            "AWS_ENDPOINT_URL": str(chosen.aws_endpoint_url),
            "DYNAMODB_FLIGHTS_TABLE": table,
        }
        if not everything:
            return made
        bucket = chosen.s3_raw_bucket or f"flightdata-raw-{environment}"
        bus = chosen.eventbridge_bus_name or f"flightdata-events-{environment}"
        history = chosen.s3_history_bucket or f"flightdata-history-{environment}"
        for one in (bucket, history):
            emulator.make_bucket(client("s3"), one)
        emulator.make_bus(client("events"), bus)
        queue, dead = emulator.make_queues(
            client,
            bus,
            f"flightdata-snapshots-{environment}",
            visibility=_VISIBILITY,
            max_attempts=chosen.queue_max_attempts,
        )
        names = {"S3_RAW_BUCKET": bucket, "S3_HISTORY_BUCKET": history, "EVENTBRIDGE_BUS_NAME": bus}
        return made | names | {"SQS_QUEUE_URL": queue, "SQS_DEAD_LETTER_QUEUE_URL": dead}

    def close(self) -> None:
        """Let go of the connections."""
        stores = (
            "queue",
            "ledger",
            "health",
            "flights",
            "_dynamo_budgets",
            "lease",
            "keys",
            "secrets",
            "carried",
            "cache",
        )
        for name in stores:
            if name in self.__dict__ and hasattr(self.__dict__[name], "close"):
                self.__dict__[name].close()

    @property
    def _table(self) -> str:
        return self._settings.dynamodb_flights_table or f"flightdata-flights-{self._settings.environment}"

    @cached_property
    def carried(self) -> "CarriedParts":
        """What `live` needs to publish; who only shows it does without."""
        from flightdata.backends.live.carried import CarriedParts  # noqa: PLC0415, as the archive

        return CarriedParts(self._aws.client("s3"), self._needed("s3_raw_bucket"))

    @property
    def place(self) -> str:
        """Names, in a cache that several deployments might share, the data that answers are made of."""
        return f"{self._table}/{self._settings.s3_history_bucket}/"

    @cached_property
    def cache(self) -> Cache | None:
        if not self._settings.redis_cluster_endpoint:
            return None
        # Only the API has a cache; the other functions need not carry the client.
        from flightdata.backends.cache.redis import RedisCache  # noqa: PLC0415

        return RedisCache(self._settings.redis_cluster_endpoint)

    def _needed(self, setting: str) -> str:
        value: str | None = getattr(self._settings, setting)
        if not value:
            raise ConfigurationError(f"{setting.upper()} is not set; on AWS it has to be")
        return value
