"""An OpenSky of your own on a loopback socket, on good days and bad ones: for trying and testing without an account.

    python scripts/fake-opensky.py --account feeder --simulation 5000
    OPENSKY_API_URL=http://127.0.0.1:8002/api OPENSKY_TOKEN_URL=http://127.0.0.1:8002/token flightdata up --live
    curl -X POST "http://127.0.0.1:8002/fault?name=503&times=2"
    curl -X POST "http://127.0.0.1:8002/fault"

The second `curl` ends all faults. A client with OPENSKY_CLIENT_ID=canary-client-id and
OPENSKY_CLIENT_SECRET=canary-client-secret has an account, one without is anonymous.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from flightdata.clients.recording import Recording
from flightdata.clients.simulation import Simulation
from flightdata.ports import Source

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fixtures.fake_opensky import FAULTS, FakeOpenSky
from fixtures.opensky_service import CREDITS, OpenSkyService


def main() -> None:
    """Serve until interrupted."""
    options = _options()
    source: Source = (
        Recording([options.recording], loop=True)
        if options.recording
        else Simulation(options.simulation, clock=time.time, interval=1.0)
    )
    service = OpenSkyService(time.time, account=options.account, sky=_sky(source))
    fake = FakeOpenSky(service, port=options.port)
    fake.fault(options.fault)
    print(f"OPENSKY_API_URL={fake.api_url}\nOPENSKY_TOKEN_URL={fake.token_url}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            time.sleep(3_600)
    except KeyboardInterrupt:
        fake.close()


def _options() -> argparse.Namespace:
    about, _, more = (__doc__ or "").partition("\n")
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, epilog=more, formatter_class=form)
    parser.add_argument("--port", type=int, default=8002, help="where it listens on 127.0.0.1; 0: any free port")
    parser.add_argument("--account", choices=CREDITS, default="standard", help="class of the account, if one logs in")
    parser.add_argument("--simulation", type=int, default=1_000, metavar="AIRCRAFT", help="serve a simulation")
    parser.add_argument("--recording", type=Path, metavar="PATH", help="serve a recording, as if it happened now")
    parser.add_argument("--fault", choices=FAULTS, help="what goes wrong from the start on")
    return parser.parse_args()


def _sky(source: Source) -> Callable[[float], Any]:
    """The rows of the newest answer of `source`."""
    newest: list[Any] = []

    def rows(_now: float) -> list[Any]:
        while source.next_due() <= time.time():
            newest[:] = orjson.loads(source.fetch().body)["states"] or []
        return newest

    return rows


if __name__ == "__main__":
    main()
