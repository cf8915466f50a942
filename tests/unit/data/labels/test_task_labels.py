"""How the data of each task lies on disk, and the classes that a model of it has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cats_and_dogs import check
from label_maps import grey, picture

from yololab.data.dataset.layout import load_dataset


def test_folder_of_masks_is_found_without_its_key(tmp_path: Path) -> None:
    picture(tmp_path / "images/train/a.jpg")
    picture(tmp_path / "images/val/b.jpg")
    for name in ("train/a", "val/b"):
        grey(tmp_path / f"masks/{name}.png", np.zeros((40, 40), np.uint8))
    (tmp_path / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [sky, road]\n")
    report = check(tmp_path, "semantic")
    assert report.splits["train"].per_class[0].instances == 1600
    assert [p.check for p in report.problems] == ["class_unused"]


def test_a_model_of_painted_polygons_has_a_background(tmp_path):
    from yololab.data.labels.task_labels import model_classes

    (tmp_path / "data.yaml").write_text("train: train/images\nval: val/images\nnames: [sky, road]\n")
    dataset = load_dataset(tmp_path / "data.yaml")
    assert model_classes(dataset, "semantic") == {0: "sky", 1: "road", 2: "background"}
    assert model_classes(dataset, "segment") == {0: "sky", 1: "road"}
    assert model_classes(dataset, "detect", single_cls=True) == {0: "item"}
    (tmp_path / "masks").mkdir()
    assert model_classes(load_dataset(tmp_path / "data.yaml"), "semantic") == {0: "sky", 1: "road"}
