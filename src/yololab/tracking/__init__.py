"""Experiment trackers, fed from a run's folder by a process of their own, on which nothing depends."""
