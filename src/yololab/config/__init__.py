"""What can be set, how it is composed, and the door that it must pass."""
