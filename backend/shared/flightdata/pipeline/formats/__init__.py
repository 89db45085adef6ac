"""States and tracks as files: one format a file, each a pure function from tables to bytes."""
