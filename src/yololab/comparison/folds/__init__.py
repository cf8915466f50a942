"""The folds of a dataset as one evaluation: each image by the model that has not seen it."""
