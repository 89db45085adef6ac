"""`template.yaml`, for SAM. `make sam` has SAM itself validate and build it."""

import subprocess
import sys
from pathlib import Path

import yaml

import sam


def test_the_template_is_what_the_cdk_app_makes():
    assert sam.TEMPLATE.read_text() == sam.text(), "`make sam` writes it anew"


def test_cfn_lint_finds_nothing():
    command = [Path(sys.executable).with_name("cfn-lint"), "--", sam.TEMPLATE]
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert found.stdout + found.stderr == ""


def test_its_functions_are_those_that_the_backend_has_with_their_sample_events():
    resources = yaml.safe_load(sam.TEMPLATE.read_text())["Resources"]
    assert set(resources) == set(sam.FUNCTIONS)
    functions = Path(__file__).parents[2] / "backend" / "functions"
    assert sorted(path.parent.name for path in functions.glob("*/handler.py")) == sorted(sam.FUNCTIONS.values())
    for logical, name in sam.FUNCTIONS.items():
        assert resources[logical]["Properties"]["CodeUri"] == f"backend/build/functions/{name}.zip"
        assert list((functions / name / "events").glob("*.json"))
