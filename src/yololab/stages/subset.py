"""Which training images a job uses: all, or the part that `data.subset` asks for."""

from __future__ import annotations

from pathlib import Path

from yololab.data.index import Dataset, label_path, split_images
from yololab.data.label_rows import label_rules
from yololab.data.label_rules import judge_label
from yololab.data.subset import stratified_subset


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
    rules = label_rules(task, len(dataset.names), dataset.kpt_shape)
    classes = []
    for image in images:
        label = label_path(image)
        content = label.read_bytes() if label.is_file() else b""
        classes.append(frozenset(judge_label(content, rules).classes))
    return [images[index] for index in stratified_subset(classes, amount, seed)]
