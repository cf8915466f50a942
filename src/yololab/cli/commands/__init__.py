"""The commands, one module each, in rooms by what they are about: take a `Request`, return an exit code."""
