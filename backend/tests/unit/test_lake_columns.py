"""The tables of Glue have the columns that the lake has."""

import json
import subprocess
import sys
from pathlib import Path

BACKEND = Path(__file__).parents[2]
COLUMNS = BACKEND.parent / "infrastructure" / "stacks" / "lake_columns.json"


def test_the_catalogue_s_columns_are_the_lake_s():
    script = [sys.executable, BACKEND / "scripts" / "lake-columns.py"]
    printed = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert list(json.loads(printed).items()) == list(
        json.loads(COLUMNS.read_text("utf-8")).items()
    ), "put what scripts/lake-columns.py prints into infrastructure/stacks/lake_columns.json"
