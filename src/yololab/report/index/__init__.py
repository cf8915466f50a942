"""The page over all runs of a project."""
