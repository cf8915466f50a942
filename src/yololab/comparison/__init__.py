"""Is the new model really better: what is compared, by which evidence, and the words of the verdict."""
