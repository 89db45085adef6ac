"""AWS, where some of it is there: is it in reach, and may we use it?"""

from collections.abc import Iterator

from flightdata.cli.doctor.finding import Finding, failed, passed, warned
from flightdata.wiring import House


def aws(house: House) -> Iterator[Finding]:
    """Asks, and changes nothing."""
    for reach in house.reach():
        if not reach.trouble:
            yield passed("aws", f"{reach.what} is in reach")
            continue
        yield (warned if reach.optional else failed)("aws", f"{reach.what}: {reach.trouble}", reach.advice)
