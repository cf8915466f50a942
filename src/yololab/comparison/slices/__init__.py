"""Where a model is weak, or worse than another: the primary metric by what images and objects are like."""
