"""Training, resuming, and what a training says of itself."""
