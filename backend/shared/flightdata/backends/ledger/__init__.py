"""Where the accounts of all snapshots are."""
