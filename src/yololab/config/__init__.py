"""What can be set, how it is composed, and the validation that it must pass."""
