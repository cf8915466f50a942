"""The built-in datasets, drawn when they are first used."""
