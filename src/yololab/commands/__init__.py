"""The commands, one module each: take a `Request`, return an exit code."""
