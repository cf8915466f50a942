"""Is a difference more than chance: resampling, intervals, p-values, verdicts."""
