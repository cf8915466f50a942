"""The dataset check: one scan, and one pure function a check."""
