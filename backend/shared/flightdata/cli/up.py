"""`flightdata up`: everything in one process. `flightdata serve`: the API alone."""

import math
from typing import Annotated

import typer

from flightdata.cli.options import Data, Host, Port, Sources
from flightdata.cli.output import configure_logs, messages, settings, told
from flightdata.cli.server import announce, listen, serve
from flightdata.clients.recording import Times
from flightdata.errors import ConfigurationError
from flightdata.models.units import Seconds
from flightdata.runner import Runner
from flightdata.settings import Settings
from flightdata.utils.logs import logger
from flightdata.wiring import LIVE, SHIPPED, House, Pace

log = logger(__name__)

_STOP_WITHIN: Seconds = 5

Speed = Annotated[
    str,
    typer.Option(
        help="How fast recordings and simulations run: 1 is real time, 10 ten times that, max. Played as if it were "
        "now, aircraft fly so much faster too: flags and flights are right at 1, or with --times recorded."
    ),
]


def up(  # noqa: PLR0913, each is an option
    source: Sources = None,
    data: Data = None,
    host: Host = None,
    port: Port = None,
    speed: Speed = "1",
    times: Annotated[Times, typer.Option(help="Recordings: with their own times, or as if it were now.")] = Times.NOW,
    loop: Annotated[bool, typer.Option(help="Recordings: over and over.")] = True,  # noqa: FBT002, Typer's way
    live: Annotated[  # noqa: FBT002, Typer's way
        bool, typer.Option("--live", help="Live data: where no source is named, OpenSky instead of the recording.")
    ] = False,
) -> None:
    """Run the whole pipeline in one process: fetch, process, answer questions.

    Data stay in the folder; after a stop, or a kill, it goes on where it was.
    """
    with told():
        loaded = settings(data_dir=data, host=host, port=port, sources=tuple(source) if source else None)
        configure_logs(loaded)
        house = House(loaded)
        pace = Pace(_factor(speed), times, loop)
        sources = house.sources(loaded.sources or (LIVE if live else SHIPPED,), pace)
        with listen(loaded.host, loaded.port) as listener, house.alone():
            house.health.retain([one.name for one in sources])
            app = house.app()
            runner = Runner(
                sources,
                house.fetch,
                house.process,
                house.recover,
                house.keep,
                house.queue,
                house.queue,
                house.clock,
            )
            messages.print(f"Flight Data Pipeline: {', '.join(one.name for one in sources)} → {loaded.data_dir}")
            announce(listener, has_map=house.map_folder is not None)
            runner.start()
            serve(app, listener)
            finished = runner.stop(_STOP_WITHIN)
            log.info("stopped" if finished else "stopped with work in hand; it is done at the next start")
        house.close()


def api(data: Data = None, host: Host = None, port: Port = None) -> None:
    """Run the API alone, on data that another process (up, ingest) writes."""
    with told():
        loaded: Settings = settings(data_dir=data, host=host, port=port)
        configure_logs(loaded)
        house = House(loaded)
        with listen(loaded.host, loaded.port) as listener:
            app = house.app()
            announce(listener, has_map=house.map_folder is not None)
            serve(app, listener)
        house.close()


def _factor(speed: str) -> float:
    try:
        factor = math.inf if speed == "max" else float(speed)
    except ValueError:
        factor = math.nan
    if not factor > 0:
        raise ConfigurationError(f"--speed {speed}: a number greater than 0, or max")
    return factor
