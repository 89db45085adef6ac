"""The CDK app on an AWS of this machine (MiniStack) with a real Redis, fed by a collector, until Ctrl-C.

`make aws-local` installs what it needs and starts it. Nothing listens beyond loopback, and nothing is kept: each start
is a new AWS.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import URLError
from urllib.request import Request, urlopen

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fixtures import aws, deployment

FLIGHTDATA = Path(sys.executable).with_name("flightdata")
API = f"flightdata-flight-api-{deployment.ENVIRONMENT}"
SETTINGS = deployment.REPOSITORY / ".cache" / "aws-local.env"
SAFE = 120.0
"""Seconds after which a first answer is no longer waited for."""
LOOK_EVERY = 2.0
"""Seconds between two looks whether all of it still runs."""


def main() -> None:
    """Deploy, feed, say where; stay until interrupted."""
    options, began = _options(), time.monotonic()
    _check(options.port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _running(options.port) as found, _collecting(found, options.source) as collector:
            _wait_for_flights(found, collector)
            _tell(f"http://{found.api_host}", time.monotonic() - began)
            fail(_what_ends(found, collector))
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
    except deployment.NotDeployed as error:
        fail(f"the app was not deployed:\n{error}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=4566, help="where AWS listens on 127.0.0.1 (default: 4566)")
    parser.add_argument(
        "--source", action="append", help="what the collector fetches, as `flightdata collect`; repeatable"
    )
    return parser.parse_args()


def _check(port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            fail(f'port {port} is not to be had ({error.strerror}); another one: make aws-local ARGS="--port 4567"')
    for needed in (aws.TOOLS / "redis-server", deployment.CDK, deployment.BUNDLES / "flight-api.zip"):
        if not needed.exists():
            fail(f"{needed} is not there; `make aws-local` makes it")


@contextmanager
def _running(port: int) -> Iterator[Any]:
    """What was deployed, its API with the Redis of this machine as cache."""
    with tempfile.TemporaryDirectory(prefix="aws-local-") as name, aws.redis(folder := Path(name)) as redis:
        settings = {"GATEWAY_PORT": str(port), "MINISTACK_HOST": "localhost"}
        print(f"→ AWS on 127.0.0.1:{port}, Redis on {redis}; deploying takes a minute or two", flush=True)
        with deployment.deployed(folder, os.environ.__setitem__, **settings) as found:
            functions = found.client("lambda")
            variables = functions.get_function_configuration(FunctionName=API)["Environment"]["Variables"]
            variables["REDIS_CLUSTER_ENDPOINT"] = redis
            functions.update_function_configuration(FunctionName=API, Environment={"Variables": variables})
            yield found


@contextmanager
def _collecting(found: Any, sources: list[str] | None) -> Iterator[subprocess.Popen[bytes]]:
    """`flightdata collect` beside it, with the settings that are written down for others to use."""
    settings = deployment.collector_settings(found)
    keys = {name: deployment.CREDENTIALS[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    SETTINGS.parent.mkdir(exist_ok=True)
    SETTINGS.write_text("".join(f"export {name}={value}\n" for name, value in (settings | keys).items()))
    chosen = [part for source in sources or () for part in ("--source", source)]
    with tempfile.TemporaryDirectory(prefix="aws-local-") as folder:
        log = Path(folder) / "collector.log"
        with log.open("wb") as file:
            collector = subprocess.Popen(  # noqa: S603, our own command
                [FLIGHTDATA, "collect", "--data", folder, *chosen],
                env=os.environ | settings,
                stderr=file,
                start_new_session=True,
            )
        try:
            yield collector
        finally:
            collector.terminate()
            collector.wait()
            if collector.returncode:
                print(log.read_text(), file=sys.stderr)
            SETTINGS.unlink(missing_ok=True)


def _wait_for_flights(found: Any, collector: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SAFE
    while not _total(found):
        if collector.poll() is not None:
            fail(f"the collector ended with {collector.returncode}")
        if time.monotonic() > deadline:
            fail(f"no flights after {SAFE:.0f} s")
        time.sleep(0.5)


def _what_ends(found: Any, collector: "subprocess.Popen[bytes]") -> str:
    """Waits until something of it ends, and says what."""
    while True:
        try:
            return f"the collector ended with {collector.wait(LOOK_EVERY)}"
        except subprocess.TimeoutExpired:
            if not found.ministack.answers():
                return "the local AWS has ended"


def _total(found: Any) -> int:
    request = Request(f"{found.ministack.url}/flights?limit=1", headers={"Host": found.api_host})  # noqa: S310, ours
    try:
        with urlopen(request, timeout=SAFE) as answer:  # noqa: S310
            return int(json.loads(answer.read())["total"])
    except URLError:
        return 0


def _tell(url: str, took: float) -> None:
    lines = (
        f"It runs, after {took:.0f} s.",
        f"  map       {url}/",
        f"  API       {url}/docs",
        f'  try       curl "{url}/flights?lamin=48&lamax=50&lomin=1&lomax=4"',
        f"  operate   . {SETTINGS.relative_to(deployment.REPOSITORY)} && {FLIGHTDATA.relative_to(Path.cwd())} status",
        "  stop      Ctrl-C, which ends all of it; nothing is kept",
    )
    print("\n".join(lines), flush=True)


def fail(message: str) -> NoReturn:
    print(f"aws-local: {message}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
