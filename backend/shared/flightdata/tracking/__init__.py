"""The picture moves on. Pure functions: tables in, tables out."""
