"""Exporting a model, and holding the export against the checkpoint."""
