"""Where every state that ever was is kept: a lake of plain Parquet."""
