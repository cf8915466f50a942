"""A part of the training images: every class in proportion, whatever the labels are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from label_maps import depth, grey, picture, semantic

from yololab.data.dataset.layout import load_dataset
from yololab.job.train_inputs import drawn_images

rng = np.random.default_rng(0)


def test_part_of_a_classification_dataset_has_each_class_in_proportion(tmp_path: Path) -> None:
    for name, count in (("cat", 12), ("dog", 4), ("bird", 4)):
        for number in range(count):
            picture(tmp_path / f"train/{name}/{number}.png")
    picture(tmp_path / "val/cat/v.png")
    chosen = drawn_images(load_dataset(tmp_path), "train", "classify", 0.5, seed=1)
    assert [sum(image.parent.name == name for image in chosen) for name in ("cat", "dog", "bird")] == [6, 2, 2]
    assert chosen != drawn_images(load_dataset(tmp_path), "train", "classify", 0.5, seed=2)


def test_part_of_masks_keeps_the_rare_class(tmp_path: Path) -> None:
    semantic(tmp_path)
    for number in range(18):
        picture(tmp_path / f"train/images/n{number:02d}.png")
        grey(tmp_path / f"train/masks/n{number:02d}.png", np.zeros((40, 40), np.uint8))
    chosen = drawn_images(load_dataset(tmp_path), "train", "semantic", 0.5, seed=0)
    assert len(chosen) == 10
    assert sum(image.stem in ("a", "b") for image in chosen) == 1  # the only ones with a road


def test_part_of_depth_maps_is_drawn_evenly(tmp_path: Path) -> None:
    assert len(drawn_images(load_dataset(depth(tmp_path)), "train", "depth", 1, seed=0)) == 2
    assert len(drawn_images(load_dataset(tmp_path), "train", "depth", 0.5, seed=0)) == 1
