"""Predicting on images and films with a run, a baseline or a file."""
