"""Where flight data comes from: one file a kind of source."""
