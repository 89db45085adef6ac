"""Where copies are that are had faster than what they are copies of."""
