"""`python -m flightdata` is the `flightdata` command."""

from flightdata.cli import main

if __name__ == "__main__":
    main()
