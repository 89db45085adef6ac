"""Where it is remembered how the sources are doing."""
