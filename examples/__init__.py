"""Examples that run: each is started by a test, and meant to be copied."""
