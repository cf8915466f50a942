"""Stages on their own, without a run: check a dataset, evaluate a checkpoint, compare and promote what was measured."""
