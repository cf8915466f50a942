"""Keeping Ultralytics' global state away from the user's machine and data."""
