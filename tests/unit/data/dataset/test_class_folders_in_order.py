"""Folders of classes: which are ones, and in which order their images come."""

from __future__ import annotations

from pathlib import Path

import pytest

from yololab.data.dataset.class_folders import class_folders, class_images, class_splits, is_class_root, loose_images


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def test_order_is_class_by_class_then_by_name(tmp_path):
    touch(tmp_path, "b/2.jpg", "b/10.jpg", "a/z.png", "a/deeper/y.png", "c/notes.txt", "loose.jpg")
    assert class_folders(tmp_path) == ["a", "b", "c"]
    found = [path.relative_to(tmp_path).as_posix() for path in class_images(tmp_path)]
    assert found == ["a/z.png", "a/deeper/y.png", "b/10.jpg", "b/2.jpg"]
    assert loose_images(tmp_path) == [tmp_path / "loose.jpg"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("train/cat/a.jpg",), True),
        (("train/cat/a.txt",), False),
        (("train/images/a.jpg", "train/labels/a.txt"), False),
        (("val/cat/a.jpg",), False),
        (("train/a.jpg",), False),
    ],
)
def test_what_is_a_classification_dataset(tmp_path, names, expected):
    assert is_class_root(touch(tmp_path, *names)) is expected


def test_a_linked_class_is_followed(tmp_path):
    touch(tmp_path / "elsewhere", "a.jpg")
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "cat").symlink_to(tmp_path / "elsewhere")
    assert is_class_root(tmp_path)
    assert [path.name for path in class_images(tmp_path / "train")] == ["a.jpg"]


@pytest.mark.parametrize(
    ("folders", "val", "test"),
    [(("val", "test"), "val", "test"), (("valid",), "valid", None), (("test",), "test", None), ((), "val", None)],
)
def test_which_folder_is_validated_on(tmp_path, folders, val, test):
    touch(tmp_path, "train/cat/a.jpg", *(f"{name}/cat/b.jpg" for name in folders))
    splits = class_splits(tmp_path)
    assert splits["val"] == tmp_path / val
    assert splits.get("test") == (tmp_path / test if test else None)
