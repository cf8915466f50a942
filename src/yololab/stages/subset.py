"""The training images of a job that trains on a part of its data."""

from __future__ import annotations

from pathlib import Path

from yololab.data.checks import judge_image
from yololab.data.index import Dataset, split_images
from yololab.data.label_rows import label_rules
from yololab.data.subset import stratified_subset


def training_images(dataset: Dataset, task: str, amount: float | None, seed: int) -> list[Path] | None:
    """Return the training images that `data.subset` draws; None when all are used.

    Args:
        dataset: The dataset.
        task: The task that its labels are for.
        amount: A ratio in (0, 1], a number of images, or None.
        seed: The seed of the draw.
    """
    if amount is None:
        return None
    rules = label_rules(task, len(dataset.names), dataset.kpt_shape, False)
    images = split_images(dataset, "train")
    chosen = stratified_subset([frozenset(judge_image(image, rules).classes) for image in images], amount, seed)
    return [images[index].absolute() for index in chosen]
