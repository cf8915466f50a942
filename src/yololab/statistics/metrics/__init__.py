"""Metrics under integer weights of the images, exact and fast."""
