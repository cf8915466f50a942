"""From the tokens of a command line to overrides in Hydra's grammar."""
