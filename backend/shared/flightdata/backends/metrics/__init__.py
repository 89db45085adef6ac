"""Where the figures go."""
