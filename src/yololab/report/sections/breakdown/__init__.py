"""The primary metric taken apart: by slices of the set, and by what went wrong."""
