"""Where flights are kept."""
