"""Training a finished run further."""
