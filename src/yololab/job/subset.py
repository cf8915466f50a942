"""Which training images a job uses: all, or the part that `data.subset` asks for."""

from __future__ import annotations

from pathlib import Path

from yololab.data.dataset.layout import Dataset, split_images
from yololab.data.identity.stratified import stratified_subset
from yololab.data.labels.task_labels import label_source


def drawn_images(dataset: Dataset, split: str, task: str, amount: float, seed: int) -> list[Path]:
    """Draw a part of a split's images, every class in proportion.

    Args:
        dataset: The dataset.
        split: The split.
        task: What it is used for.
        amount: A ratio in (0, 1], or a number of images above 1.
        seed: The seed of the draw.
    """
    images = split_images(dataset, split)
    labels = label_source(dataset, task)
    classes = [frozenset(labels.read(image, None, None).amounts) for image in images]
    return [images[index] for index in stratified_subset(classes, amount, seed)]
