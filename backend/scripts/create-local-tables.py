"""Create the local stores (queue, ledger, flights, health of the sources) in DATA_DIR.

They are also made when first needed.
"""

from flightdata.wiring import house


def main() -> None:
    stages = house()
    made = [stages.queue, stages.ledger, stages.flights, stages.health]
    names = "queue.sqlite, ledger.sqlite, flights.sqlite, health.sqlite"
    print(f"{len(made)} stores are in {stages.settings.data_dir}: {names}")
    stages.close()


if __name__ == "__main__":
    main()
