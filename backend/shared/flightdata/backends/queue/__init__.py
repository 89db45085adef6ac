"""How events travel from fetch to process."""
