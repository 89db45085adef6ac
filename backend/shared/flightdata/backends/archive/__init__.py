"""Where the raw bytes are kept."""
