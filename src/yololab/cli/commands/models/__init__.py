"""Commands about trained models and their numbers."""
