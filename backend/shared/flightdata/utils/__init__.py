"""Domain-free ground: nothing here knows what an aircraft is."""
