"""Timing a few real batches."""
