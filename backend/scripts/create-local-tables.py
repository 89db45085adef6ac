"""Create the local stores (queue, ledger, health of the sources) in DATA_DIR. They are also made when first needed."""

from flightdata.wiring import house


def main() -> None:
    stages = house()
    made = [stages.queue, stages.ledger, stages.health]
    print(f"{len(made)} stores are in {stages.settings.data_dir}: queue.sqlite, ledger.sqlite, health.sqlite")
    stages.close()


if __name__ == "__main__":
    main()
