"""Where the keys of the API are kept: their hashes."""
