"""Is the new model really better: what is compared, by which evidence, and what the verdict says."""
