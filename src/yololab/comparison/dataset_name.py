"""Under which dataset's name an operand's baseline is kept."""

from __future__ import annotations

from pathlib import Path

from yololab.comparison.run_reference import Operand
from yololab.data.dataset.source import dataset_name
from yololab.files.metrics import MetricsFile
from yololab.ultralytics_adapter.isolation.installed import packaged_datasets_folder


def dataset_of(operand: Operand, metrics: MetricsFile) -> str | None:
    """Return the name of an operand's dataset; None when neither it nor its metrics say.

    Args:
        operand: A run, an evaluation, a plain folder of Ultralytics, …
        metrics: Its numbers.
    """
    if operand.dataset is not None:
        return operand.dataset
    data = operand.data or metrics.content.get("data")
    return dataset_name(None, Path(str(data)), packaged_datasets_folder()) if data else None
