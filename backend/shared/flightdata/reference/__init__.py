"""What is known about the world that flies: look-ups over packaged tables."""
