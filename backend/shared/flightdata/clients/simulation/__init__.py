"""A sky of our own: who flies (`fleet`), which leg when (`timetable`), where on it (`motion`); a source."""

from flightdata.clients.simulation.source import Simulation

__all__ = ["Simulation"]
