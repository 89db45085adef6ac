"""Where the live picture is."""
