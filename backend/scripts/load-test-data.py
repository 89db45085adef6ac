"""Load the recording that ships (three hours around Paris) into DATA_DIR. Options and output: `flightdata ingest`."""

import sys

from flightdata.cli import main
from flightdata.wiring import PARIS

if __name__ == "__main__":
    sys.argv[1:] = ["ingest", str(PARIS), *sys.argv[1:]]
    main()
