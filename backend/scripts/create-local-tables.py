"""Create the stores: those of DATA_DIR, or, where AWS_ENDPOINT_URL is set, the table of the CDK app on that emulator.

    python scripts/create-local-tables.py
    AWS_ENDPOINT_URL=http://localhost:8000 python scripts/create-local-tables.py            # DynamoDB Local
    AWS_ENDPOINT_URL=http://localhost:4566 python scripts/create-local-tables.py --all      # MiniStack

`--all` makes the bucket, the bus and the queues too. Its output, and that of the line before it, are the settings for
the other commands: `. <(…)`, or into a file. What is there already is left alone. AWS itself is set up by
`make cdk ARGS=deploy`. The stores of DATA_DIR are also made when first needed.
"""

import argparse
import sys

from flightdata.cli.output import told
from flightdata.wiring import House, house


def main() -> None:
    """Say what was made: messages on stderr, settings for a shell on stdout."""
    about, _, more = (__doc__ or "").partition("\n")
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, epilog=more, formatter_class=form)
    parser.add_argument("--all", action="store_true", help="on an emulator: bucket, bus and queues too")
    options = parser.parse_args()
    with told():
        stages = house()
        (_on_emulator if stages.settings.aws_endpoint_url else _here)(stages, everything=options.all)
        stages.close()


def _here(stages: House, *, everything: bool) -> None:
    made = [stages.queue, stages.ledger, stages.flights, stages.health, stages.keys]
    names = "queue.sqlite, ledger.sqlite, flights.sqlite, health.sqlite, keys.sqlite"
    print(f"{len(made)} stores are in {stages.settings.data_dir}: {names}")
    if everything:
        print("--all is for an emulator; AWS_ENDPOINT_URL is not set", file=sys.stderr)


def _on_emulator(stages: House, *, everything: bool) -> None:
    settings = stages.make_on_emulator(everything=everything)
    for name, value in settings.items():
        print(f"export {name}={value}")
    print(f"the table {settings['DYNAMODB_FLIGHTS_TABLE']} is there", file=sys.stderr)


if __name__ == "__main__":
    main()
