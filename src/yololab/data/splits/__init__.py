"""Splitting a dataset: parts for training, validation and test, or folds, as lists of images."""
