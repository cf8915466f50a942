"""Evaluating under the pinned protocol, and recording each image."""
