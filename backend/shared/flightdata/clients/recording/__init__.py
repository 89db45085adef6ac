"""The source `recording`: recorded answers, played again."""

from flightdata.clients.recording.source import Recording, Times

__all__ = ["Recording", "Times"]
