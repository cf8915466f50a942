"""Exporting best.pt, and whether the export is as good as its checkpoint."""
