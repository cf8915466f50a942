"""Sweeps: planning, running and summarising trials."""
