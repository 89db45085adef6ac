import re
import subprocess
import sys
from pathlib import Path

BACKEND = Path(__file__).parents[2]
DOCUMENT = BACKEND.parent / "docs" / "cost.md"
DATA_PLANE = 40
"""USD a month, at one snapshot of the globe every 30 s."""


def test_the_document_has_what_the_script_computes_and_the_data_plane_stays_below_its_bound():
    script = [sys.executable, BACKEND / "scripts" / "cost.py"]
    printed = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert printed in DOCUMENT.read_text("utf-8"), "put what scripts/cost.py prints into docs/cost.md"
    together = re.search(r"\| \*\*together\*\* \| \*\*([\d.]+)\*\*", printed)
    assert float(together[1]) < DATA_PLANE
