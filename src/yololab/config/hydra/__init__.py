"""Hydra: its application, its sources of configs, its grammar, and what of it we rely on."""
