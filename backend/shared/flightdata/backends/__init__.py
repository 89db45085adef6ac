"""Where our data lives and moves: one folder a port, one file a technology."""
