"""Receivers, and services that answer like them: readsb's `aircraft.json` and the v2 API."""

from flightdata.clients.receiver.pace import Pace
from flightdata.clients.receiver.readsb import readsb
from flightdata.clients.receiver.source import Receiver
from flightdata.clients.receiver.v2 import v2

__all__ = ["Pace", "Receiver", "readsb", "v2"]
