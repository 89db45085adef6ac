"""HTTP: routes, one file a family, and what all of them share."""
