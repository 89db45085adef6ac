"""The source `opensky`: The OpenSky Network's live states."""

from flightdata.clients.opensky.areas import boxes
from flightdata.clients.opensky.credentials import Tokens, credentials
from flightdata.clients.opensky.report import report
from flightdata.clients.opensky.source import Account, OpenSky

__all__ = ["Account", "OpenSky", "Tokens", "boxes", "credentials", "report"]
