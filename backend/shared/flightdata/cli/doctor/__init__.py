"""`flightdata doctor`: is everything as it has to be, and if not, what to do."""

from flightdata.cli.doctor.command import doctor

__all__ = ["doctor"]
