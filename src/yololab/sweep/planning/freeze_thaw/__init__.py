"""Freeze-thaw search: every point is paused after a few epochs, and the best ones go on from their checkpoints."""
