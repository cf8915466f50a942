"""Classification datasets as folders of class folders: found and listed as Ultralytics does it."""

from __future__ import annotations

from pathlib import Path

import pytest

from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.layout import load_dataset, missing_splits, relative_key, split_images
from yololab.errors import InputError


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def pets(folder: Path) -> Path:
    train = ("train/dog/b.jpg", "train/cat/z.png", "train/cat/more/a.JPG", "train/cat/notes.txt", "train/loose.jpg")
    return touch(folder, *train, "val/cat/v.png", "val/dog/w.png")


def check(root: Path, task: str, **settings: object) -> CheckReport:
    return check_dataset(load_dataset(root), task, settings=CheckSettings(**settings))  # type: ignore[arg-type]


def found(root: Path, task: str) -> list[tuple[str, str, str]]:
    """Name, severity and file of each finding."""
    report = check(root, task)
    return [(p.check, p.severity.value, p.file.relative_to(root).as_posix()) for p in report.problems]


def test_folder_with_class_folders_is_a_dataset(tmp_path: Path) -> None:
    dataset = load_dataset(pets(tmp_path / "pets"))
    assert dataset.folders
    assert dataset.yaml == dataset.root == tmp_path / "pets"
    assert dataset.names == {0: "cat", 1: "dog"}
    assert list(dataset.splits) == ["train", "val"]
    keys = [relative_key(dataset, image) for image in split_images(dataset, "train")]
    assert keys == ["train/cat/z.png", "train/cat/more/a.JPG", "train/dog/b.jpg"]
    assert missing_splits(dataset) == []


@pytest.mark.parametrize(
    ("folders", "val", "test"),
    [(("validation", "test"), "validation", "test"), (("valid",), "valid", None), (("test",), "test", None)],
)
def test_validation_split_is_the_one_that_ultralytics_takes(
    tmp_path: Path, folders: tuple, val: str, test: str | None
) -> None:
    touch(tmp_path, "train/cat/a.png", *(f"{name}/cat/b{name}.png" for name in folders))
    splits = load_dataset(tmp_path).splits
    assert splits["val"] == (tmp_path / val,)
    assert splits.get("test") == ((tmp_path / test,) if test else None)


def test_no_validation_split_is_told(tmp_path: Path) -> None:
    dataset = load_dataset(touch(tmp_path, "train/cat/a.png"))
    (problem,) = missing_splits(dataset)
    assert str(tmp_path / "val") in problem.found
    assert "val/<class>" in problem.remedy


def test_other_layouts_are_no_class_folders(tmp_path: Path) -> None:
    touch(tmp_path / "detect", "train/images/a.png", "train/labels/a.txt")
    touch(tmp_path / "flat", "cat/a.png", "dog/b.png")
    touch(tmp_path / "empty", "train/cat/a.txt")
    for name in ("detect", "flat", "empty"):
        with pytest.raises(InputError, match="class folders: train/<class>"):
            load_dataset(tmp_path / name)


def test_yaml_beside_class_folders_counts_unless_the_task_is_to_classify(tmp_path: Path) -> None:
    pets(tmp_path)
    (tmp_path / "data.yaml").write_text("train: train\nval: val\nnames: [a]\n")
    assert not load_dataset(tmp_path).folders
    assert load_dataset(tmp_path, prefer_folders=True).folders
    assert not load_dataset(tmp_path / "data.yaml", prefer_folders=True).folders


def test_numbered_classes_are_refused(tmp_path: Path) -> None:
    (touch(tmp_path, "train/0/a.png") / ".ndjson.yaml").write_text("names: [cat]\n")
    with pytest.raises(InputError, match="numbers"):
        load_dataset(tmp_path)
