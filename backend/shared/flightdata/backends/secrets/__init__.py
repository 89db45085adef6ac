"""Where secrets are."""
