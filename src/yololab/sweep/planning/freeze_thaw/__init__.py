"""Freeze-thaw search: trials are paused and go on from their checkpoints, and a model of their curves says which."""
