"""What lies on disk: where it is, how it is written, and what it says."""
