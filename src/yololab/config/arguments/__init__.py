"""From the words of a command line to overrides in Hydra's grammar."""
