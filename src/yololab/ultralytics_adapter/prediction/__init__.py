"""Asking a model about images."""
