"""Datasets: reading, checking, fingerprinting, and the built-in one."""
