"""Who fetches a tick, when several could."""
