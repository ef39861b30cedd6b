"""Checks of the source tree itself. Each has a test that shows it can fail."""
