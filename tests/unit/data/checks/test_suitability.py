"""A dataset that does not fit the model's task is refused by name, with what it looks like and which models fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from yololab.data.checks.suitability import likely_task, suitable_tasks, unsuitable_dataset
from yololab.data.dataset.layout import load_dataset
from yololab.data.labels.task_labels import TASK_DATA

ROWS = {
    "boxes": "0 0.5 0.5 0.2 0.2\n",
    "corners": "0 0.1 0.1 0.4 0.1 0.4 0.4 0.1 0.4\n",
    "polygons": "0 0.1 0.1 0.4 0.1 0.4 0.4 0.1 0.4\n0 0.1 0.1 0.5 0.5 0.1 0.6\n",
    "keypoints": "0 0.5 0.5 0.2 0.2 0.4 0.4 2 0.6 0.6 1\n",
    "nothing": "",
}
FITTING = {
    "boxes": ["detect"],
    "corners": ["obb", "segment", "semantic", "detect"],
    "polygons": ["segment", "obb", "semantic", "detect"],
    "keypoints": ["pose", "detect"],
    "masks": ["semantic"],
    "depth": ["depth"],
    "classes": ["classify"],
}


def dataset_of(kind: str, root: Path, kpt_shape: bool = True) -> Path:
    """Two images labelled with one kind of labels."""
    if kind == "classes":
        for name in ("train/cat", "val/cat"):
            (root / name).mkdir(parents=True)
            Image.new("RGB", (20, 20)).save(root / name / f"{name[0]}.png")
        return root
    for split in ("train", "val"):
        for folder in ("images", "labels", "masks", "depth"):
            (root / split / folder).mkdir(parents=True)
        Image.new("RGB", (20, 20)).save(root / split / "images/a.png")
        if kind in ROWS:
            (root / split / "labels/a.txt").write_text(ROWS[kind])
        if kind == "masks":
            Image.new("L", (20, 20)).save(root / split / "masks/a.png")
        if kind == "depth":
            np.save(root / split / "depth/a.npy", np.ones((20, 20), np.float32))
    keys = (
        "masks_dir: masks\n" if kind == "masks" else "kpt_shape: [2, 3]\n" if kind == "keypoints" and kpt_shape else ""
    )
    (root / "data.yaml").write_text(f"train: train/images\nval: val/images\nnames: [thing]\n{keys}")
    return root


@pytest.mark.parametrize("kind", sorted(FITTING))
def test_each_kind_of_data_fits_its_tasks_and_no_other(tmp_path: Path, kind: str) -> None:
    dataset = load_dataset(dataset_of(kind, tmp_path))
    assert suitable_tasks(dataset) == FITTING[kind]
    for task in TASK_DATA:
        problems = unsuitable_dataset(dataset, task)
        assert (problems == []) is (task in FITTING[kind]), task
        for problem in problems:
            assert problem.allowed
            if task != "pose" or "kpt_shape" not in problem.where:
                assert task in problem.found
            assert f"dataset for {' or '.join(FITTING[kind])}" in problem.remedy
            assert f"yolo26n{TASK_DATA[FITTING[kind][0]].models} ({FITTING[kind][0]})" in problem.remedy


def test_message_names_the_first_label_that_does_not_fit(tmp_path: Path) -> None:
    (problem,) = unsuitable_dataset(load_dataset(dataset_of("boxes", tmp_path)), "segment")
    assert f"boxes (5 columns) in {tmp_path / 'train/labels/a.txt'}, line 1" in problem.found


def test_missing_kpt_shape_is_told_as_such(tmp_path: Path) -> None:
    (problem,) = unsuitable_dataset(load_dataset(dataset_of("keypoints", tmp_path, kpt_shape=False)), "pose")
    assert problem.where == f"{tmp_path / 'data.yaml'}, key 'kpt_shape'"
    assert "[17, 3]" in problem.allowed


@pytest.mark.parametrize("task", ["detect", "segment", "obb"])
def test_data_without_labels_is_left_to_the_check(tmp_path: Path, task: str) -> None:
    dataset = load_dataset(dataset_of("nothing", tmp_path))
    assert suitable_tasks(dataset) == []
    assert unsuitable_dataset(dataset, task) == []


def test_missing_maps_are_told_with_the_place_where_they_are_expected(tmp_path: Path) -> None:
    dataset = load_dataset(dataset_of("nothing", tmp_path))
    (problem,) = unsuitable_dataset(dataset, "depth")
    assert str(tmp_path / "train/depth/a.npy") in problem.found


def test_classes_cannot_be_one_where_masks_name_them(tmp_path: Path) -> None:
    dataset = load_dataset(dataset_of("masks", tmp_path))
    (problem,) = unsuitable_dataset(dataset, "semantic", single_cls=True)
    assert problem.where == "single_cls"
    assert unsuitable_dataset(load_dataset(dataset_of("boxes", tmp_path / "b")), "detect", single_cls=True) == []


def test_part_that_is_labelled_otherwise_is_left_to_the_check(tmp_path: Path) -> None:
    root = dataset_of("boxes", tmp_path)
    (root / "val/labels/a.txt").write_text(ROWS["polygons"])
    assert unsuitable_dataset(load_dataset(root), "segment") == []


def test_unlabelled_images_before_the_first_label_do_not_hide_it(tmp_path: Path) -> None:
    root = dataset_of("boxes", tmp_path)
    for number in range(300):
        Image.new("RGB", (20, 20)).save(root / f"train/images/{number:03d}.png")
    assert suitable_tasks(load_dataset(root)) == ["detect"]


@pytest.mark.parametrize(
    ("keys", "task"), [("masks_dir: masks", "semantic"), ("kpt_shape: [2, 3]", "pose"), ("", "detect")]
)
def test_keys_tell_the_task_where_nothing_is_labelled(tmp_path: Path, keys: str, task: str) -> None:
    root = dataset_of("nothing", tmp_path)
    (root / "data.yaml").write_text(f"train: train/images\nval: val/images\nnames: [thing]\n{keys}\n")
    assert likely_task(load_dataset(root)) == task


def test_yaml_beside_class_folders_points_to_the_folder(tmp_path: Path) -> None:
    root = dataset_of("classes", tmp_path)
    (root / "data.yaml").write_text("train: train\nval: val\nnames: [cat]\n")
    (problem,) = unsuitable_dataset(load_dataset(root / "data.yaml"), "classify")
    assert problem.remedy == f"give the folder with the class folders: data={root}"
    assert unsuitable_dataset(load_dataset(root, prefer_folders=True), "classify") == []
