"""The composition root: settings in, stages on their backends out. The only place where both are known."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, get_args

from flightdata import __version__
from flightdata.clients.recording import Recording, Times
from flightdata.errors import ConfigurationError
from flightdata.homes.embedded import Embedded
from flightdata.models.snapshot import source_name
from flightdata.pipeline.access import Access
from flightdata.pipeline.analyze import Analyze
from flightdata.pipeline.fetch import Fetch
from flightdata.pipeline.flown import Flown
from flightdata.pipeline.forward import Forward, Notes
from flightdata.pipeline.keep import Keep, Retention
from flightdata.pipeline.moving import Moving
from flightdata.pipeline.past import KEPT, Past
from flightdata.pipeline.process import Process
from flightdata.pipeline.query import Query
from flightdata.pipeline.recover import Recover
from flightdata.pipeline.watch import Watch
from flightdata.ports import (
    Budgets,
    Clock,
    Exposition,
    Flights,
    Health,
    History,
    Keys,
    Lease,
    Ledger,
    LivePictures,
    Metrics,
    Publisher,
    RawArchive,
    Reach,
    Secrets,
    Source,
    WorkQueue,
)
from flightdata.reference.airports import airport_table
from flightdata.reference.enrich import Reference
from flightdata.settings import ApiAuth, Backend, Environment, Port, Settings, load
from flightdata.tracking.nearby import Airports
from flightdata.utils import logs, tracing
from flightdata.utils.files import sweep
from flightdata.utils.lock import Locked, exclusive
from flightdata.utils.time_left import TimeLeft

if TYPE_CHECKING:
    from fastapi import FastAPI
    from mangum import Mangum

    from flightdata.clients.opensky import Credentials, OpenSky
    from flightdata.clients.receiver import Receiver
    from flightdata.clients.simulation import Simulation
    from flightdata.homes.cloud import Cloud
    from flightdata.pipeline.answers import Answers
    from flightdata.utils.http import Http

PARIS = Path(str(files("flightdata.clients.recording") / "shipped" / "paris-20211007.jsonl.gz"))
"""The recording that ships: three hours around Paris, every 10 s."""

SHIPPED = "recording"
"""The source of this name without a path plays it."""

LIVE = "opensky"
"""The source of `--live`."""

_NEEDED_BY: dict[str, tuple[Port, ...]] = {
    "collect": ("archive", "publisher"),
    "process": ("archive", "queue", "live", "history"),
    "serve": ("history",),
}
"""Which ports must be there for a command, of those that settings may lack."""

_ANSWERED_FROM: tuple[Port, ...] = ("live", "history", "flights")

_ROOM, _ROOM_IN_FUNCTION = 32_000_000, 2_000_000
"""Bytes of answers in memory. All pages of a global picture of 12,000 aircraft, plain and packed, are 7 MB. The API
function has little to spare beside questions about the past (`make bench-functions`).
"""

_BUILT_MAPS = (Path(__file__).parents[3] / "dashboard" / "dist", Path(__file__).parents[1] / "dashboard")
"""Of the repository, and beside the package in a function's bundle."""


@dataclass(frozen=True)
class Pace:
    """How recordings and the simulation run."""

    speed: float = 1.0
    times: Times = Times.NOW
    loop: bool = True


def trace(settings: Settings) -> None:
    """Start to trace the whole process, if the settings say where traces go. Raises ConfigurationError."""
    if not (settings.otel_exporter_otlp_endpoint or settings.aws_xray_daemon_address):
        return
    headers = settings.otel_exporter_otlp_headers
    tracing.start(
        tracing.Export(
            service=settings.otel_service_name,
            endpoint=settings.otel_exporter_otlp_endpoint,
            headers=headers.get_secret_value() if headers else "",
            xray_daemon=settings.aws_xray_daemon_address,
            sampler=settings.otel_traces_sampler,
            ratio=settings.otel_traces_sampler_arg,
            environment=settings.environment,
            version=__version__,
        )
    )


@cache
def house() -> "House":
    """The one house of a Lambda function or a started file, from the environment. Raises ConfigurationError."""
    settings = load()
    if settings.environment is not Environment.LOCAL:
        logs.configure(settings.log_level, as_json=True)
        trace(settings)
    return House(settings)


class House:
    """All stages, on the backends that the settings choose. Each is made when first asked for."""

    def __init__(self, settings: Settings, clock: Clock = time.time, archive: RawArchive | None = None) -> None:
        """`archive`: that of another house, whose data are derived here anew."""
        self.settings = settings
        self.clock = clock
        self.time_left = TimeLeft()
        self.embedded = Embedded(settings, clock, archive)
        self._folder = settings.data_dir

    @cached_property
    def _cloud(self) -> "Cloud":
        # Where nothing is on AWS its libraries need not be there, and an import of them takes a third of a second.
        try:
            from flightdata.homes.cloud import Cloud  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ConfigurationError(f"{error.name} is missing; install flightdata[aws]") from error
        return Cloud(self.settings, self.clock, self.time_left)

    def _home(self, port: Port) -> "Embedded | Cloud":
        return self._cloud if self.settings.backend(port) is Backend.AWS else self.embedded

    def missing(self) -> dict[str, str]:
        """What settings lack, by the command that cannot run without. Talks to nobody. Raises ConfigurationError where
        that is all of them.
        """
        found = dict[str, str]()
        for command, ports in _NEEDED_BY.items():
            try:
                self.check(ports)
            except ConfigurationError as error:
                found[command] = str(error)
        if len(found) == len(_NEEDED_BY):
            raise ConfigurationError(found["collect"])
        return found

    def check(self, ports: Sequence[Port]) -> None:
        """Raises ConfigurationError, which names all that these ports lack. Talks to nobody."""
        if any(self.settings.backend(port) is Backend.AWS for port in ports):
            _ = self._cloud
        if lacking := self.settings.lacking(ports):
            are, they_have = ("are", "they have") if len(lacking) > 1 else ("is", "it has")
            raise ConfigurationError(f"{', '.join(lacking)} {are} not set; on AWS {they_have} to be")

    def reach(self) -> Iterator[Reach]:
        """What there is on AWS, as far as anything is to be there."""
        if any(self.settings.backend(port) is Backend.AWS for port in get_args(Port)):
            yield from self._cloud.reach()

    def make_on_emulator(self, *, everything: bool) -> dict[str, str]:
        """What the CDK app makes on AWS, at AWS_ENDPOINT_URL; the settings that name it. Raises Transient."""
        return self._cloud.make_on_emulator(everything=everything)

    @property
    def archive(self) -> RawArchive:
        return self._home("archive").archive

    @property
    def publisher(self) -> Publisher:
        return self._home("publisher").publisher

    @property
    def queue(self) -> WorkQueue:
        return self._home("queue").queue

    @property
    def live(self) -> LivePictures:
        return self._home("live").live

    @property
    def ledger(self) -> Ledger:
        return self._home("ledger").ledger

    @property
    def health(self) -> Health:
        return self._home("health").health

    @property
    def metrics(self) -> Metrics:
        return self._home("metrics").metrics

    @property
    def secrets(self) -> Secrets:
        return self._home("secrets").secrets

    @property
    def budgets(self) -> Budgets:
        return self._home("budgets").budgets

    @property
    def lease(self) -> Lease:
        return self._home("lease").lease

    @property
    def keys(self) -> Keys:
        return self._home("keys").keys

    @cached_property
    def access(self) -> Access:
        return Access(self.keys, self.clock)

    @cached_property
    def opensky_http(self) -> "Http":
        # Three of four functions ask nobody: an HTTP client is a tenth of their imports.
        from flightdata.utils.http import Http  # noqa: PLC0415

        return Http(timeout=self.settings.opensky_timeout_seconds)

    @cached_property
    def receiver_http(self) -> "Http":
        from flightdata.utils.http import Http  # noqa: PLC0415, as above

        return Http()

    @property
    def flights(self) -> Flights:
        return self._home("flights").flights

    @cached_property
    def airports(self) -> Airports:
        """Where flights may begin and end. Made in 0.1 s."""
        return Airports(airport_table())

    @property
    def history(self) -> History:
        return self._home("history").history

    @cached_property
    def fetch(self) -> Fetch:
        return Fetch(self.archive, self.publisher, self.health, self.clock, self.metrics)

    @cached_property
    def forward(self) -> Forward | None:
        """Between a collector and AWS, so that AWS may be away; None where both archive and queue are here."""
        if self._home("archive") is self._home("publisher") is self.embedded:
            return None
        return Forward(self.embedded.spool, self.archive, self.publisher, Notes(self.health))

    @property
    def kept(self) -> int:
        """How many answers a collector keeps here until they can be sent."""
        return len(list(self.embedded.spool.keys()))

    @cached_property
    def collect(self) -> Fetch:
        """The fetch stage of a machine with a disk. A Lambda function, which has none, does with `fetch`."""
        if self.forward is None:
            return self.fetch
        return Fetch(self.forward, self.forward, self.forward.notes, self.clock, self.metrics)

    @cached_property
    def process(self) -> Process:
        reference = Reference(self.settings.aircraft_database)
        if self.settings.backend("live") is Backend.AWS:
            _ = self._cloud.carried  # what that misses is said before anything is processed
        moving = Moving(self.airports, expiry=self.settings.live_expiry_seconds, reference=reference)
        return Process(
            self.archive, self.live, self.history, self.flights, self.ledger, moving, self.clock, self.metrics
        )

    @cached_property
    def query(self) -> Query:
        return Query(
            self.live,
            self.health,
            self.clock,
            max_page_size=self.settings.max_page_size,
            expiry=self.settings.live_expiry_seconds,
            at_once=not self.settings.aws_lambda_function_name,  # a function starts also while the store is away
        )

    @cached_property
    def answers(self) -> "Answers":
        """What `query`, `past` and `flown` answered. Shared where all that they ask is on AWS, the same for all."""
        from flightdata.pipeline.answers import Answers  # noqa: PLC0415, as FastAPI

        settings = self.settings
        together = all(settings.backend(port) is Backend.AWS for port in _ANSWERED_FROM)
        return Answers(
            self.query,
            self.clock,
            ttl=settings.cache_ttl_seconds,
            room=_ROOM_IN_FUNCTION if settings.aws_lambda_function_name else _ROOM,
            shared=self._cloud.cache if together else None,
            place=self._cloud.place if together else "",
            metrics=self.metrics,
        )

    @cached_property
    def flown(self) -> Flown:
        return Flown(self.flights, self.clock, max_page_size=self.settings.max_page_size)

    @cached_property
    def past(self) -> Past:
        return Past(
            self.history,
            self.flights,
            self.clock,
            max_page_size=self.settings.max_page_size,
            expiry=self.settings.live_expiry_seconds,
            kept=1 if self.settings.aws_lambda_function_name else KEPT,  # the API function has 256 MB
        )

    @cached_property
    def analyze(self) -> Analyze:
        return Analyze(self.ledger, self.queue, self.clock)

    @cached_property
    def keep(self) -> Keep:
        retention = Retention(self.settings.raw_retention_days, self.settings.history_retention_days)
        return Keep(self.history, self.archive, self.clock, retention)

    @cached_property
    def recover(self) -> Recover:
        return Recover(self.archive, self.ledger, self.publisher, self.queue, self.clock, self.metrics)

    def app(self) -> "FastAPI":
        """The web application."""
        # The other three functions do without FastAPI: a third of a second of their cold start, and its bytes.
        from flightdata.web.app import create_app  # noqa: PLC0415
        from flightdata.web.bounds import Bounds  # noqa: PLC0415

        origins = [origin.strip() for origin in self.settings.cors_origins.split(",") if origin.strip()]
        bounds = Bounds(self.settings.max_answer_bytes, self.settings.max_answer_seconds)
        return create_app(
            self.query,
            self.flown,
            self.past,
            access=self.access if self.settings.api_auth is ApiAuth.REQUIRED else None,
            answers=self.answers,
            bounds=bounds,
            cors_origins=origins,
            dashboard=self.map_folder,
            watch=self.watch,
        )

    @cached_property
    def gateway(self) -> "Mangum":
        """The web application behind API Gateway."""
        from mangum import Mangum  # noqa: PLC0415, as FastAPI

        return Mangum(self.app(), lifespan="off")

    @cached_property
    def watch(self) -> Watch | None:
        """What `/metrics` answers from; None where figures go to CloudWatch."""
        if not isinstance(self.metrics, Exposition):
            return None
        return Watch(self.metrics, self.live, self.ledger, self.queue, self.health, self.budgets, self.clock)

    @property
    def map_folder(self) -> Path | None:
        """The built map, None where it was not built."""
        folders = [self.settings.dashboard_dir] if self.settings.dashboard_dir else _BUILT_MAPS
        return next((folder for folder in folders if (folder / "index.html").is_file()), None)

    @property
    def lock(self) -> Path:
        """The file that the one working process holds."""
        return self._folder / "flightdata.lock"

    @property
    def workshop(self) -> Path:
        """Where a replay builds; what a killed one left there is of no use."""
        return self._folder / "replay"

    def rebuilding(self, folder: Path, clock: Clock) -> "House":
        """A house in `folder` that lives on this one's archive, wherever that is."""
        here = {"environment": Environment.LOCAL, "backends": {}, "data_dir": folder}
        return House(self.settings.model_copy(update=here), clock, self.archive)

    def source(self, spec: str, pace: Pace = Pace()) -> Source:
        """The source that `spec` names, see docs/sources.md. Raises ConfigurationError, which tells no secret of it."""
        kind, _, rest = spec.partition(":")
        if kind == LIVE:
            return self._opensky(rest)
        if kind == SHIPPED:
            path = Path(rest) if rest else PARIS
            return Recording([path], clock=self.clock, speed=pace.speed, times=pace.times, loop=pace.loop)
        if kind == "simulation":
            return self._simulation(rest, pace)
        if kind in {"readsb", "v2"}:
            return self._receiver(kind, rest)
        # Only its first word: there may be a password in the rest.
        raise ConfigurationError(
            f"unknown source {kind if kind.isalnum() else '…'!r}; there are: "
            "opensky[:BOXES], readsb:URL, readsb:PATH, v2:URL, recording[:PATH], simulation[:AIRCRAFT]"
        )

    def sources(self, specs: Sequence[str], pace: Pace = Pace()) -> list[Source]:
        """Those that `specs` name. Raises ConfigurationError also where two have the same name."""
        made = [self.source(spec, pace) for spec in specs]
        if len({one.name for one in made}) < len(made):
            raise ConfigurationError("two sources have the same name; give each one once")
        return made

    @cached_property
    def scheduled(self) -> list[Source]:
        """What a scheduled tick fetches, in this order; made once, because they keep connections and tokens."""
        return self.sources(self.settings.sources or (SHIPPED,))

    def recordings(self, paths: Sequence[Path]) -> Recording:
        """The recordings at `paths` as they were recorded, as fast as they are taken. Raises NotFound."""
        name = source_name(f"recording-{paths[0].resolve().name.split('.')[0]}") if len(paths) == 1 else "recordings"
        return Recording(paths, clock=self.clock, name=name, speed=math.inf, times=Times.RECORDED)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the one process that works in this folder. Raises ConfigurationError while there is another one.

        What a killed one left behind is put right first.
        """
        try:
            with exclusive(self.lock):
                sweep(self._folder)
                rmtree(self.workshop, ignore_errors=True)
                if self._home("queue") is self.embedded:
                    self.embedded.queue.recover()
                yield
        except Locked as error:
            raise ConfigurationError(
                f"{error.holder} works in {self._folder} already; stop it, or choose another folder with --data"
            ) from error

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Be the one process that collects into this folder. Raises ConfigurationError while there is another one."""
        try:
            with exclusive(self._folder / "collect.lock"):
                sweep(self.embedded.spool_folder)
                yield
        except Locked as error:
            raise ConfigurationError(
                f"{error.holder} collects into {self._folder} already; stop it, or choose another folder with --data"
            ) from error

    def close(self) -> None:
        """Let go of files and connections."""
        for name in ("opensky_http", "receiver_http"):
            if name in self.__dict__:
                getattr(self, name).close()
        self.embedded.close()
        if "_cloud" in self.__dict__:
            self._cloud.close()

    def _opensky(self, areas: str) -> "OpenSky":
        # Only who fetches needs the clients.
        from flightdata.clients.opensky import Account, OpenSky, Tokens, boxes  # noqa: PLC0415

        settings = self.settings
        account = Account(known_class=settings.opensky_account)
        if known := self._credentials(fresh=False):
            tokens = Tokens(self.opensky_http, settings.opensky_token_url, known, self.clock, self._credentials)
            account = Account(known.account, tokens, settings.opensky_account)
        return OpenSky(
            settings.opensky_api_url,
            account,
            boxes(areas or settings.opensky_areas),
            http=self.opensky_http,
            budgets=self.budgets,
            lease=self.lease,
            tick=settings.opensky_tick_seconds,
            clock=self.clock,
        )

    def _credentials(self, *, fresh: bool) -> "Credentials | None":
        from flightdata.clients.opensky import credentials  # noqa: PLC0415, as above

        return credentials(
            self.secrets.get("opensky/client_id", fresh=fresh),
            self.secrets.get("opensky/client_secret", fresh=fresh),
            self.settings.opensky_credentials_file,
        )

    def _receiver(self, kind: str, address: str) -> "Receiver":
        from flightdata.clients.receiver import Pace as ReceiverPace  # noqa: PLC0415, as above
        from flightdata.clients.receiver import readsb, v2  # noqa: PLC0415

        given = self.settings
        make, interval = (
            (readsb, given.receiver_interval_seconds) if kind == "readsb" else (v2, given.v2_interval_seconds)
        )
        return make(address, clock=self.clock, http=self.receiver_http, pace=ReceiverPace(interval, self.clock))

    def _simulation(self, aircraft: str, pace: Pace) -> "Simulation":
        from flightdata.clients.simulation import Simulation  # noqa: PLC0415, as above

        if not (aircraft or "1000").isdecimal() or int(aircraft or 1000) == 0:
            raise ConfigurationError(f"simulation:{aircraft}: the number of aircraft is a whole number from 1 on")
        return Simulation(
            int(aircraft or 1000),
            clock=self.clock,
            speed=pace.speed,
            interval=self.settings.fetch_interval_seconds,
        )
