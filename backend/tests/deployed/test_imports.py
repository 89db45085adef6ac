"""What a function imports until its first answer is most of its cold start: each has a budget, counted, not timed. And
nearly all of it is imported while Lambda starts the function, where it has a whole processor.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from fixtures import aws

BUNDLES = Path(__file__).parents[2] / "build" / "functions-here"


GROUND = {
    "_polars_runtime_32",
    "airportsdata",
    "annotated_types",
    "dotenv",
    "flightdata",
    "handler",
    "orjson",
    "polars",
    "pydantic",
    "pydantic_core",
    "pydantic_settings",
    "structlog",
    "typing_extensions",
    "typing_inspection",
}
PACKAGES = {
    "analytics-processor": {"zstandard"},
    "flight-api": {
        "annotated_doc",
        "anyio",
        "cachetools",
        "fastapi",
        "fastapi_offline",
        "idna",
        "mangum",
        "opentelemetry",
        "redis",
        "starlette",
    },
    "flight-data-fetcher": {"h11", "httpcore2", "truststore", "zstandard"},
    "flight-data-processor": {"zstandard"},
}
"""Of its bundle, beside the ground."""
MODULES = {"analytics-processor": 900, "flight-api": 1100, "flight-data-fetcher": 1000, "flight-data-processor": 900}
"""At most so many, the standard library's included; polars, pydantic and boto3 alone are about 750."""

LATE = 10
"""At most so many modules are imported by the first event."""

CHILD = """
import json, sys
import handler
before = len(sys.modules)
from flightdata.wiring import house
event = json.loads(sys.argv[1])
if handler.__file__.split("/")[-2] == "flight-data-processor":
    from flightdata.wiring import PARIS
    house().archive.put(house().recordings([PARIS]).fetch())
answer = handler.handler(event, None)
assert answer.get("statusCode", 200) == 200 and not answer.get("batchItemFailures"), answer
files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
bundled = {name.partition(".")[0] for name, file in files.items() if file.startswith(sys.argv[2])}
print(json.dumps({"modules": len(files), "late": len(files) - before, "bundled": sorted(bundled)}))
"""


@pytest.fixture
def environment(account):
    nowhere = {"SOURCES": "opensky", "OPENSKY_API_URL": "http://127.0.0.1:1"}
    return {"PATH": os.environ["PATH"], "AWS_LAMBDA_FUNCTION_NAME": "ours"} | account.environment() | nowhere


def imported(function, environment):
    """How many modules are there after the first answer, how many of them it imported, which packages of the bundle."""
    folder = BUNDLES / function
    sample = min((BUNDLES.parents[1] / "functions" / function / "events").glob("*.json")).read_text("utf-8")
    command = [aws.tool("python"), "-c", CHILD, sample, folder]
    if not folder.is_dir():
        pytest.skip("`make test-aws` makes the bundles")
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("function", sorted(PACKAGES))
def test_a_function_imports_what_it_needs_and_no_more(function, environment):
    found = imported(function, environment)
    assert {name for name in found["bundled"] if not name.endswith("__mypyc")} <= GROUND | PACKAGES[function]
    assert found["modules"] <= MODULES[function]
    assert found["late"] <= LATE
