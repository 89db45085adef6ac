"""Start a receiver that is none: `aircraft.json` and the v2 API on the loopback, with faults if wanted. See --help."""

import runpy
from pathlib import Path

if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).parents[1] / "tests" / "fixtures" / "fake_receiver.py"), run_name="__main__")
