"""`make bench`: a table on stdout, JSON in `bench/results/latest.json`; exit code 1 if a goal is missed."""

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from bench import flights, memory, quality, query, snapshot
from bench.inputs import global_snapshots
from bench.table import Figure, show
from flightdata.utils import logs

_RESULTS = Path(__file__).parent / "results" / "latest.json"
_CPU = ", CPU"
_GOAL = 40e-3
"""What these may add to a snapshot, s."""
_PACKAGES = ("polars", "orjson", "pydantic", "zstandard", "fastapi", "uvicorn")


def main() -> None:
    logs.configure("WARNING", as_json=True)
    given = global_snapshots(21)
    print(f"on a snapshot: {given.name}; Python {platform.python_version()}, {platform.machine()}\n")
    knowledge = [*quality.measure(given), *flights.measure(given)]
    together = sum(one.value for one in knowledge if one.name.endswith(_CPU))
    figures = [*snapshot.measure(given), *query.measure(given), *knowledge]
    figures += [Figure("enrichment, rules, tracking together, CPU", together, None, "s", goal=_GOAL), *memory.measure()]
    show(figures)
    _RESULTS.parent.mkdir(exist_ok=True)
    document = {
        "input": given.name,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "packages": {name: version(name) for name in _PACKAGES},
        "figures": [one.document() for one in figures],
    }
    _RESULTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    sys.exit(any(one.reached is False for one in figures))


if __name__ == "__main__":
    main()
