"""`make bench-functions`: the four bundles under Lambda's own runtime interface emulator, on a local AWS.

For each the cold start (from the first request on: Python, imports, settings, stores, the answer), the warm time, and
the peak memory beside what the stack gives the function. The baseline is a handler that imports what any function of
ours must (polars, pydantic, boto3 with one client) and does nothing. An answer's time holds the local AWS's share.

The API is asked three times: about what is live; about the past, an hour that is compacted and one that is not, 120
snapshots of 12,000 simulated aircraft each; and of that for the largest answers. Analytics then compacts the latter.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench import lake
from bench.inputs import Input, global_snapshots
from bench.process import peak_of
from bench.table import Figure, show
from flightdata.clients.simulation import Simulation
from flightdata.models.events import SnapshotArchived
from flightdata.models.snapshot import RawSnapshot
from flightdata.settings import Settings
from flightdata.utils import logs
from flightdata.validation.gate import decode
from flightdata.wiring import House

_BACKEND = Path(__file__).parents[1]
sys.path.append(str(_BACKEND / "tests"))  # the local AWS is a fixture of the tests
from fixtures import aws  # noqa: E402

_BUNDLES = _BACKEND / "build" / "functions-here"
_TOOLS = _BACKEND.parent / ".tools" / "lambda"
_RESULTS = Path(__file__).parent / "results" / "functions.json"
_ROUNDS = 3
_WARM = 15
_DEADLINE = 600.0
_HOUR, _INTERVAL = 3600, 30
_OK = 200
_FRUGAL = {
    "MALLOC_ARENA_MAX": "1",
    "POLARS_MAX_THREADS": "1",
    "MAX_ANSWER_BYTES": "4000000",
    "MAX_ANSWER_SECONDS": "25",
}
"""As the API's stack has it."""
_BARE = "import boto3, polars, pydantic\nboto3.client('dynamodb')\n\n\ndef handler(event, context):\n    return {}\n"


@dataclass(frozen=True)
class Case:
    """`memory`: what the stack gives it, MB. `events`: what it is asked, the first one cold. `settings`: its own."""

    function: str
    memory: int
    events: Callable[[], Iterator[dict[str, Any]]]
    settings: Mapping[str, str] = field(default_factory=dict)
    asked: str = ""


def main() -> None:
    logs.configure("WARNING", as_json=True)
    given = global_snapshots(1 + _ROUNDS * (_WARM + 1))
    print(f"on a snapshot: {given.name}; bundles of {_BUNDLES.name}\n")
    with TemporaryDirectory() as folder, aws.ministack(Path(folder)) as ministack, aws.redis(Path(folder)) as redis:
        account = aws.Account(ministack)
        environment = account.environment() | {"SOURCES": "simulation:12000", "FETCH_INTERVAL_SECONDS": "0.001"}
        with closing(_house(environment)) as house:
            archived, known = _filled(house, given), _past(house)
            figures = _figures(Path(folder), _cases(archived, known, redis), environment)
    show(figures)
    _RESULTS.parent.mkdir(exist_ok=True)
    _RESULTS.write_text(json.dumps([one.document() for one in figures], indent=2) + "\n", encoding="utf-8")
    sys.exit(any(one.reached is False for one in figures))


def _house(environment: dict[str, str]) -> House:
    os.environ |= {name: value for name, value in environment.items() if name.startswith("AWS_")}
    return House(Settings(_env_file=None, **{name.lower(): value for name, value in environment.items()}))


def _filled(house: House, given: Input) -> list[SnapshotArchived]:
    """All snapshots are archived and the first one is published; the events of the others."""
    events = []
    for place, body in enumerate(given.bodies):
        raw = RawSnapshot("opensky", given.time + 30.0 * place, body)
        events.append(_archived(raw, house.archive.put(raw)))
    house.process.batch(events[:1])
    return events[1:]


def _past(house: House) -> str:
    """Two hours of history, the first one compacted; an aircraft of them."""
    now = lake.START
    simulation = Simulation(lake.AIRCRAFT, clock=lambda: now)
    for second in range(0, 2 * _HOUR, _INTERVAL):
        now = lake.START + second
        snapshot = simulation.fetch()
        states = decode(snapshot).states
        house.history.add(snapshot.key, states)
    house.history.compact(lake.START)
    return str(states["icao24"][0])


def _archived(raw: RawSnapshot, key: str) -> SnapshotArchived:
    return SnapshotArchived(
        correlation_id=raw.sha256[:32],
        key=key,
        sha256=raw.sha256,
        size=len(raw.body),
        source=raw.source,
        received_at=raw.received_at,
    )


def _cases(archived: list[SnapshotArchived], known: str, redis: str) -> list[Case]:
    waiting, cached = iter(archived), {"REDIS_CLUSTER_ENDPOINT": redis} | _FRUGAL
    past = _questions_of_the_past(known)  # each once, so that none of the answers is there
    return [
        Case("flight-api", 256, _questions, cached | {"CACHE_TTL_SECONDS": "0"}),
        Case("flight-api", 256, _questions, cached, " with the answer in Redis"),
        Case("flight-api", 256, lambda: past, cached, " about the past"),
        Case("flight-api", 256, _largest_questions, cached, ", largest answers"),
        Case("flight-data-fetcher", 512, lambda: cycle([{}])),
        Case("flight-data-processor", 1024, lambda: (_delivery(one) for one in waiting)),
        Case("analytics-processor", 512, lambda: cycle([{}])),
    ]


def _questions() -> Iterator[dict[str, Any]]:
    """The sample event of the API, each time with another box."""
    for degree in cycle(range(20)):
        yield _question("/flights", f"lamin={30 + degree}&lamax={32 + degree}&lomin=1&lomax=4")


def _questions_of_the_past(known: str) -> Iterator[dict[str, Any]]:
    """The whole picture of a moment, ten minutes in a box as JSON and as Parquet, an aircraft's track; by turns in the
    compacted hour and in the other one.
    """
    for number in count():
        hour = lake.START + _HOUR * (1 - number % 2)
        begin = hour + 600 + number
        range_ = f"begin={begin}&end={begin + 600}"
        box = f"{range_}&lamin=46&lamax=50&lomin=0&lomax=6"
        yield _question("/flights", f"time={begin}&limit=1000")
        yield _question("/history", box)
        yield _question("/history", f"{box}&format=parquet")
        yield _question(f"/flights/{known}/track", range_)


def _largest_questions() -> Iterator[dict[str, Any]]:
    """Ten minutes of the globe as Parquet, 3.3 MB; by turns as above."""
    for number in count():
        begin = lake.START + _HOUR * (1 - number % 2) + 600 + number
        yield _question("/history", f"begin={begin}&end={begin + 600}&format=parquet")


def _question(path: str, query: str) -> dict[str, Any]:
    event = json.loads((_BACKEND / "functions/flight-api/events/flights-in-a-box.json").read_bytes())
    event["requestContext"]["http"]["path"] = path
    return event | {"rawPath": path, "rawQueryString": query}


def _delivery(event: SnapshotArchived) -> dict[str, Any]:
    return {"Records": [{"messageId": "one", "body": event.model_dump_json()}]}


def _figures(folder: Path, cases: list[Case], environment: dict[str, str]) -> list[Figure]:
    bare = folder / "bare"
    bare.mkdir()
    (bare / "handler.py").write_text(_BARE, encoding="utf-8")
    bare_path = str(_BUNDLES / cases[0].function)
    starts = [_start(bare, cycle([{}]), environment | {"PYTHONPATH": bare_path})[0] for _ in range(_ROUNDS)]
    figures = [Figure("a bare function, cold", min(starts), None, "s", goal=None)]
    for case in cases:
        rounds = [_start(_BUNDLES / case.function, case.events(), environment | case.settings) for _ in range(_ROUNDS)]
        cold, warm = min(one[0] for one in rounds), min(one[1] for one in rounds)
        figures += [
            Figure(f"{case.function}{case.asked}, cold", cold, min(starts), "s", goal=None),
            Figure(f"{case.function}{case.asked}, warm", warm, None, "s", goal=None),
            Figure(
                f"{case.function}{case.asked}, peak memory", max(one[2] for one in rounds), None, "MB", goal=case.memory
            ),
        ]
    return figures


def _start(folder: Path, events: Iterator[dict[str, Any]], environment: dict[str, str]) -> tuple[float, float, float]:
    """Cold and warm time, s, and the peak memory of the runtime's process, MB."""
    with _emulator(folder, environment) as (url, process):
        cold = _answer(url, next(events))
        warm = [_answer(url, next(events)) for _ in range(_WARM)]
        return cold, median(warm), peak_of(_runtime(process.pid))


def _answer(url: str, event: dict[str, Any]) -> float:
    request = urllib.request.Request(url, json.dumps(event).encode())
    begun = time.perf_counter()
    with urllib.request.urlopen(request, timeout=_DEADLINE) as response:
        body = response.read()
    taken = time.perf_counter() - begun
    answer = json.loads(body)
    failed = "errorMessage" in answer or answer.get("batchItemFailures")
    if failed or answer.get("statusCode", _OK) != _OK:
        raise RuntimeError(body.decode())
    return taken


@contextmanager
def _emulator(folder: Path, environment: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Where functions are invoked; its runtime starts with the first request, as in Lambda."""
    port, inner = aws.free_port(), aws.free_port()
    command = [_TOOLS / "aws-lambda-rie", "--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    command += ["--runtime-api-address", f"127.0.0.1:{inner}"]
    command += [_TOOLS / "bin" / "python", "-m", "awslambdaric", "handler.handler"]
    settings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | environment
    settings |= {"LAMBDA_TASK_ROOT": str(folder), "AWS_LAMBDA_FUNCTION_TIMEOUT": "600"}
    with subprocess.Popen(
        command, cwd=folder, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            _listening(port)
            yield f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _listening(port: int) -> None:
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError("the runtime interface emulator does not listen")


def _runtime(parent: int) -> int:
    """The process of Python below the emulator's."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if re.search(rf"^PPid:\s+{parent}$", status.read_text(encoding="utf-8"), re.MULTILINE):
                return int(status.parent.name)
        except OSError:
            continue  # it has ended
    raise RuntimeError("the emulator has started nothing")


if __name__ == "__main__":
    main()
