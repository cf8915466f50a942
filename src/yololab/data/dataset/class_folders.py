"""Classification datasets: a folder `train` with a folder for each class, and `val` or `test` beside it.

Found and listed as Ultralytics does it (`check_cls_dataset` in data/utils.py, and `ImageFolder` of torchvision), except
that a folder without `train` is never split into a new one.
"""

import os
from pathlib import Path

from yololab.data.dataset.folder_walk import entries_below
from yololab.data.dataset.image_names import is_image_name
from yololab.errors import InputError, Problem

VALIDATION_FOLDERS = ("val", "validation", "valid")
NUMBERED_CLASSES = ".ndjson.yaml"
_NO_CLASSES = frozenset({"images", "labels", "masks", "depth"})


def is_class_root(folder: Path) -> bool:
    """Return whether a folder is a classification dataset: `train/<class>/…` with at least one image.

    Folders of the other layout (`train/images`, `train/labels`) are no classes.
    """
    train = folder / "train"
    if not os.path.isdir(train):  # noqa: PTH112  (False, too, for a name that no file can have)
        return False
    classes = [name for name in class_folders(train) if name not in _NO_CLASSES]
    return any(is_image_name(path) for name in classes for path, _ in entries_below(train / name, hidden=True))


def is_unsplit_class_root(folder: Path) -> bool:
    """Return whether a folder holds class folders with images, and none of a split: what `yololab split` shares out."""
    if not os.path.isdir(folder):  # noqa: PTH112
        return False
    classes = class_folders(folder)
    if {"train", "test", *VALIDATION_FOLDERS, *_NO_CLASSES} & {name.lower() for name in classes}:
        return False
    holding = [
        name for name in classes if any(is_image_name(path) for path, _ in entries_below(folder / name, hidden=True))
    ]
    return len(holding) > 1


def fold_folder(root: Path, fold: int) -> Path:
    """Return the folder of a fold, with `train` and `val`, of a classification dataset that was split into folds."""
    return root / f"fold_{fold}"


def folds_of_classes(root: Path) -> int:
    """Return how many folds a folder has, as `yololab split folds=…` writes them; 0 for none."""
    fold = 0
    while is_class_root(fold_folder(root, fold)):
        fold += 1
    return fold


def class_folders(split: Path) -> list[str]:
    """Return the names of the class folders of a split in the order of their indices."""
    with os.scandir(split) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir())


def class_splits(root: Path) -> dict[str, Path]:
    """Return the folder of each split. Where there is no `val`, `test` takes its place, as in Ultralytics.

    Raises:
        InputError: The folders are called by numbers, and a file beside them has the names.
    """
    if (root / NUMBERED_CLASSES).is_file():
        what = "class folders that are numbers, with their names in this file"
        allowed = "class folders that are called like their classes"
        remedy = "rename the folders and delete the file"
        raise InputError(Problem(str(root / NUMBERED_CLASSES), what, allowed, remedy))
    test = root / "test" if (root / "test").exists() else None
    validation = next((root / name for name in VALIDATION_FOLDERS if (root / name).exists()), None)
    if validation is None or test is None:
        return {"train": root / "train", "val": validation or test or root / "val"}
    return {"train": root / "train", "val": validation, "test": test}


def class_images(split: Path) -> list[Path]:
    """Return the images of a split, class by class, each class in the order of folders and names."""
    return [image for name in class_folders(split) for image in _images_below(split / name)]


def loose_images(split: Path) -> list[Path]:
    """Return the images that lie beside the class folders of a split: they belong to no class."""
    with os.scandir(split) as entries:
        return sorted(Path(entry.path) for entry in entries if is_image_name(entry.name) and entry.is_file())


def _images_below(folder: Path) -> list[Path]:
    names = (os.path.split(path) for path, is_folder in entries_below(folder, hidden=True) if not is_folder)
    return [Path(place) / name for place, name in sorted(names) if is_image_name(name)]
