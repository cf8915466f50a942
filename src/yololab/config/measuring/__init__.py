"""How a model and its export are measured."""
