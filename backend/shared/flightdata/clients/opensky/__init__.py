"""The source `opensky`: The OpenSky Network's live states."""

from flightdata.clients.opensky.areas import boxes
from flightdata.clients.opensky.credentials import Credentials, Tokens, credentials
from flightdata.clients.opensky.report import report
from flightdata.clients.opensky.source import Account, OpenSky

__all__ = ["Account", "Credentials", "OpenSky", "Tokens", "boxes", "credentials", "report"]
