"""Finding, reading and downloading models."""
