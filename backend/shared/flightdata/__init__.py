"""Flight Data Pipeline: collect live flight data, keep it, query it and analyse it."""

__version__ = "0.1.0"
