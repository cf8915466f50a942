"""Under which dataset's name a reference's baseline is kept."""

from __future__ import annotations

from pathlib import Path

from yololab.comparison.run_reference import RunReference
from yololab.data.dataset.locate import dataset_name
from yololab.files.metrics import MetricsFile
from yololab.ultralytics_adapter.isolation.installed import packaged_datasets_folder


def dataset_of(reference: RunReference, metrics: MetricsFile) -> str | None:
    """Return the name of a reference's dataset; None when neither it nor its metrics say.

    Args:
        reference: A run, an evaluation, a plain folder of Ultralytics, …
        metrics: Its numbers.
    """
    if reference.dataset is not None:
        return reference.dataset
    data = reference.data or metrics.content.get("data")
    return dataset_name(None, Path(str(data)), packaged_datasets_folder()) if data else None
