"""One machine: files and SQLite in the folder `settings.data_dir`."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from flightdata.backends.budgets.sqlite import SqliteBudgets
from flightdata.backends.flights.sqlite import SqliteFlights
from flightdata.backends.health.sqlite import SqliteHealth
from flightdata.backends.history.folder import FolderHistory
from flightdata.backends.keys.sqlite import SqliteKeys
from flightdata.backends.lease.sqlite import SqliteLease
from flightdata.backends.ledger.sqlite import SqliteLedger
from flightdata.backends.live.file import FilePictures
from flightdata.backends.queue.sqlite import SqliteQueue
from flightdata.backends.secrets.environment import EnvironmentSecrets
from flightdata.ports import Clock, Exposition, RawArchive
from flightdata.settings import Settings

if TYPE_CHECKING:
    from flightdata.backends.archive.folder import FolderArchive


class Embedded:
    """The embedded backends. Each is made when first asked for."""

    def __init__(self, settings: Settings, clock: Clock, archive: RawArchive | None = None) -> None:
        """`archive`: that of another home, on which this one lives."""
        self._settings = settings
        self._folder = settings.data_dir
        self._clock = clock
        self._archive = archive

    @cached_property
    def archive(self) -> RawArchive:
        # The API function does without an archive, and without the 10 MB that decompress it.
        from flightdata.backends.archive.folder import FolderArchive  # noqa: PLC0415

        return self._archive or FolderArchive(self._folder / "raw")

    @property
    def spool_folder(self) -> Path:
        return self._folder / "spool"

    @cached_property
    def spool(self) -> "FolderArchive":
        """Where a collector keeps what is not yet where it belongs."""
        from flightdata.backends.archive.folder import FolderArchive  # noqa: PLC0415, as above

        return FolderArchive(self.spool_folder)

    @property
    def publisher(self) -> SqliteQueue:
        return self.queue

    @cached_property
    def queue(self) -> SqliteQueue:
        return SqliteQueue(
            self._folder / "queue.sqlite",
            self._clock,
            visibility=self._settings.queue_visibility_seconds,
            max_attempts=self._settings.queue_max_attempts,
        )

    @cached_property
    def live(self) -> FilePictures:
        return FilePictures(self._folder / "live" / "picture.parquet")

    @cached_property
    def ledger(self) -> SqliteLedger:
        return SqliteLedger(self._folder / "ledger.sqlite")

    @cached_property
    def health(self) -> SqliteHealth:
        return SqliteHealth(self._folder / "health.sqlite")

    @cached_property
    def history(self) -> FolderHistory:
        return FolderHistory(self._folder / "history")

    @cached_property
    def flights(self) -> SqliteFlights:
        return SqliteFlights(self._folder / "flights.sqlite")

    @cached_property
    def budgets(self) -> SqliteBudgets:
        return SqliteBudgets(self._folder / "budgets.sqlite")

    @cached_property
    def lease(self) -> SqliteLease:
        return SqliteLease(self._folder / "lease.sqlite")

    @cached_property
    def keys(self) -> SqliteKeys:
        return SqliteKeys(self._folder / "keys.sqlite")

    @cached_property
    def secrets(self) -> EnvironmentSecrets:
        return EnvironmentSecrets(
            {
                "opensky/client_id": self._settings.opensky_client_id,
                "opensky/client_secret": self._settings.opensky_client_secret,
            }
        )

    @cached_property
    def metrics(self) -> Exposition:
        # Its library is for machines that are scraped; a Lambda function does not carry it.
        from flightdata.backends.metrics.prometheus import PrometheusMetrics  # noqa: PLC0415

        return PrometheusMetrics()

    def close(self) -> None:
        """Let go of the files."""
        for name in ("queue", "ledger", "health", "flights", "budgets", "lease", "keys"):
            if name in self.__dict__:
                getattr(self, name).close()
