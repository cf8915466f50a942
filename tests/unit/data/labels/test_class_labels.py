"""The class of an image by its folder: counts, and each rule on tiny folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cats_and_dogs import check
from label_maps import classes, found, picture


def _copy(source: str, target: str) -> Callable[[Path], object]:
    def copy(root: Path) -> None:
        (root / target).parent.mkdir(parents=True, exist_ok=True)
        (root / target).write_bytes((root / source).read_bytes())

    return copy


def test_classes_are_counted_by_image(tmp_path: Path) -> None:
    report = check(classes(tmp_path), "classify")
    assert report.problems == ()
    assert report.unit == "images"
    assert {i: (c.instances, c.images) for i, c in report.splits["train"].per_class.items()} == {0: (2, 2), 1: (1, 1)}
    assert list(report.manifest()["val"]) == ["val/cat/d.png", "val/dog/e.png"]


@pytest.mark.parametrize(
    ("damage", "findings"),
    [
        (lambda root: (root / "train/bird").mkdir(), {("class_empty", "warning", "train/bird")}),
        (lambda root: picture(root / "val/bird/x.png"), {("class_unknown", "blocking", "val/bird")}),
        (lambda root: picture(root / "train/bird/x.png"), {("class_one_split", "warning", ".")}),
        (lambda root: picture(root / "train/x.png"), {("loose_image", "warning", "train/x.png")}),
        (
            _copy("train/cat/a.png", "train/dog/z.png"),
            {("class_conflict", "warning", "train/dog/z.png"), ("duplicate_image", "note", "train/dog/z.png")},
        ),
        (_copy("train/cat/a.png", "val/cat/z.png"), {("leak_same", "warning", "val/cat/z.png")}),
        (lambda root: (root / "train/cat/a.png").write_bytes(b""), {("image_empty", "blocking", "train/cat/a.png")}),
    ],
)
def test_damaged_class_folders(
    tmp_path: Path, damage: Callable[[Path], object], findings: set[tuple[str, str, str]]
) -> None:
    damage(classes(tmp_path))
    others = {("class_unused", "note", ".")}  # of the empty class
    assert set(found(tmp_path, "classify")) - others == findings


def test_test_folder_in_place_of_the_validation_folder_is_told(tmp_path: Path) -> None:
    (classes(tmp_path) / "val").rename(tmp_path / "test")
    assert found(tmp_path, "classify") == [("class_no_val", "note", ".")]
