"""`template.yaml` of the repository, for `sam validate`, `build` and `local`: the functions as the CDK app makes them.

    .venv/bin/python sam.py           writes it anew; a test holds it to the CDK app

It deploys nothing: `npm run cdk deploy` does. What another resource gives a function there is a parameter here.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import yaml

from stacks.deployments import named
from stacks.environment import build

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
FUNCTIONS = {
    "FlightDataFetcher": "flight-data-fetcher",
    "FlightDataProcessor": "flight-data-processor",
    "FlightApi": "flight-api",
    "AnalyticsProcessor": "analytics-processor",
}
_EMPTY_ZIP = b"PK\5\6" + bytes(18)
_AS_IT_IS = ("Handler", "Runtime", "Architectures", "MemorySize", "Timeout")
_HEAD = f"# Made by {Path(__file__).name} from the CDK app; do not edit. `make sam` checks and builds it.\n"
_ENVIRONMENT = {"Type": "String", "Default": "local", "AllowedValues": ["local", "dev", "staging", "prod"]}


def main() -> None:
    TEMPLATE.write_text(text())


def text() -> str:
    """What `template.yaml` has to hold."""
    return _HEAD + yaml.safe_dump(_template(_functions()), sort_keys=False, width=120)


def _functions() -> dict[str, dict[str, Any]]:
    """The properties of the CDK app's functions, by their names in `backend/functions`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for function in FUNCTIONS.values():
            (folder / f"{function}.zip").write_bytes(_EMPTY_ZIP)
        build(app := cdk.App(outdir=str(folder / "out")), deployment := named("dev"), folder)
        app.synth()
        stacks = [
            json.loads(path.read_text())["Resources"] for path in sorted((folder / "out").glob("*.template.json"))
        ]
    made = [one["Properties"] for stack in stacks for one in stack.values() if one["Type"] == "AWS::Lambda::Function"]
    by_name = {one["FunctionName"]: one for one in made if "FunctionName" in one}
    return {function: by_name[deployment.named(function)] for function in FUNCTIONS.values()}


def _template(functions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    parameters: dict[str, Any] = {"Environment": _ENVIRONMENT}
    resources = {
        logical: {
            "Type": "AWS::Serverless::Function",
            "Properties": _function(function, functions[function], parameters),
        }
        for logical, function in FUNCTIONS.items()
    }
    resources["FlightApi"]["Properties"]["Events"] = {"Any": {"Type": "HttpApi"}}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": "The functions of the Flight Data Pipeline, for sam build and sam local. CDK deploys them.",
        "Parameters": parameters,
        "Resources": resources,
    }


def _function(name: str, made: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    """What is not literal becomes a parameter, noted in `parameters`."""
    variables: dict[str, Any] = dict(made["Environment"]["Variables"])
    for variable, value in made["Environment"]["Variables"].items():
        if not isinstance(value, str):
            parameter = variable.title().replace("_", "")
            parameters[parameter] = {"Type": "String", "Default": ""}
            variables[variable] = {"Ref": parameter}
    variables |= {
        "ENVIRONMENT": {"Ref": "Environment"},
        "DATA_DIR": "/tmp/flightdata",  # noqa: S108, a function's only disk
    }
    return {
        "CodeUri": f"backend/build/functions/{name}.zip",
        **{one: made[one] for one in _AS_IT_IS},
        "Tracing": made["TracingConfig"]["Mode"],
        "Environment": {"Variables": variables},
    }


if __name__ == "__main__":
    main()
