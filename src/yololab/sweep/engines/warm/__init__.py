"""A process that has imported PyTorch, and forks trials."""
