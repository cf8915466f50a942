"""Whether a dataset is one for a model's task, seen from a few of its files before anything is spent."""

import os
from collections.abc import Iterator
from pathlib import Path

from yololab.data.dataset.class_folders import is_class_root
from yololab.data.dataset.data_yaml import REQUIRED_SPLITS
from yololab.data.dataset.layout import Dataset, label_path, split_images
from yololab.data.dataset.task_keys import DEPTH_SCALE
from yololab.data.labels.depth_maps import DepthLabels
from yololab.data.labels.label_rows import BOX_COLUMNS, POLYGON_COLUMNS
from yololab.data.labels.label_source import read_label
from yololab.data.labels.masks import MaskLabels
from yololab.data.labels.task_labels import TASK_DATA, label_source, masks_folder, task_data
from yololab.errors import InputError, Problem

# Images of a split whose labels are looked at, spread evenly over it.
IMAGES_LOOKED_AT = 48
CORNER_COLUMNS = 9
_MODELS = "yolo26n"
# Keys of a data.yaml that only one task has.
_KEYS = {"masks_dir": "semantic", "depth_scale": "depth", "kpt_shape": "pose"}


# Kind of labels, as messages call it → the tasks whose models learn from it, the most likely one first.
BOXES, CORNERS, POLYGONS = "boxes (5 columns)", "four corners an object (9 columns)", "polygons"
KEYPOINTS, MASKS, DEPTHS, CLASSES = "boxes with keypoints", "masks", "depth maps", "class folders"
KINDS = {
    BOXES: ("detect",),
    CORNERS: ("obb", "segment", "semantic", "detect"),
    POLYGONS: ("segment", "obb", "semantic", "detect"),
    KEYPOINTS: ("pose", "detect"),
    MASKS: ("semantic",),
    DEPTHS: ("depth",),
    CLASSES: ("classify",),
}


def kinds_of_labels(dataset: Dataset) -> dict[str, str]:
    """Return the kinds of labels in some images of the training and validation split, and where each was seen first.

    A label file of four corners an object among others of more points is one of polygons.
    """
    if dataset.folders:
        return {CLASSES: str(dataset.root)}
    seen: dict[str, str] = {}
    for image in _some_images(dataset):
        for kind, where in _kinds_beside(dataset, image):
            seen.setdefault(kind, where)
    if POLYGONS in seen:
        seen.pop(CORNERS, None)
    return seen


def suitable_tasks(dataset: Dataset) -> list[str]:
    """Return the tasks whose models learn from a dataset, the most likely one first; none when nothing is labelled."""
    return list(dict.fromkeys(task for kind in kinds_of_labels(dataset) for task in KINDS[kind]))


def likely_task(dataset: Dataset) -> str:
    """Return the task that a dataset is most likely for: by its labels, else by the keys of its data.yaml."""
    by_keys = [task for key, task in _KEYS.items() if dataset.raw.get(key) is not None]
    return next(iter([*suitable_tasks(dataset), *by_keys, "detect"]))


def unsuitable_dataset(dataset: Dataset, task: str, single_cls: bool = False) -> list[Problem]:
    """Return why a dataset cannot be used for a task; nothing when it can, or when only the check can find out.

    Args:
        dataset: The dataset.
        task: The model's task.
        single_cls: Whether all classes are to count as one.

    Raises:
        InputError: A list of images cannot be read, or there is no such task.
    """
    needs = task_data(task)
    where = str(dataset.yaml)
    problems = []
    if single_cls and not needs.single_cls:
        allowed = "a dataset with `nc: 1`: its masks are background and foreground"
        problems.append(Problem("single_cls", f"true, and the task is {task}", allowed, "leave it out"))
    if needs.folders is not dataset.folders:
        found = "class folders" if dataset.folders else "a data.yaml, not a folder with class folders"
        return [*problems, Problem(where, f"{found}: no dataset for {task}", needs.expects, _remedy(dataset, task))]
    if needs.keypoints and dataset.kpt_shape is None:
        allowed = "[number of keypoints, 2 or 3], for example [17, 3]"
        problem = Problem(f"{where}, key 'kpt_shape'", f"missing, and {task} needs it", allowed, _remedy(dataset, task))
        return [*problems, problem]
    kinds = kinds_of_labels(dataset)
    if any(task in KINDS[kind] for kind in kinds):
        return problems
    if kinds:
        shown = " and ".join(f"{kind} in {place}" for kind, place in list(kinds.items())[:2])
        problems.append(Problem(where, f"{shown}: no dataset for {task}", needs.expects, _remedy(dataset, task)))
    elif label_source(dataset, task).are_images:
        image = next(_some_images(dataset), None)
        if image is not None:
            expected = label_source(dataset, task).file(image)
            found = f"none of the images looked at has one: for {image} expected is {expected}"
            problems.append(Problem(where, found, needs.expects, "put them there, or mend `masks_dir`"))
    return problems


def _remedy(dataset: Dataset, task: str) -> str:
    if task_data(task).folders and is_class_root(dataset.root):
        return f"give the folder with the class folders: data={dataset.root}"
    tasks = suitable_tasks(dataset)
    if not tasks:
        return f"label it for {task}, or give another dataset"
    models = " or ".join(f"{_MODELS}{TASK_DATA[suitable].models} ({suitable})" for suitable in tasks)
    return f"it looks like a dataset for {' or '.join(tasks)}: choose a model such as {models}, or give another dataset"


def _some_images(dataset: Dataset) -> Iterator[Path]:
    for split in REQUIRED_SPLITS:
        if all(source.exists() for source in dataset.splits.get(split, ())) and split in dataset.splits:
            images = split_images(dataset, split)
            yield from images[:: max(1, len(images) // IMAGES_LOOKED_AT)]


def _kinds_beside(dataset: Dataset, image: Path) -> Iterator[tuple[str, str]]:
    folder = masks_folder(dataset)
    if folder is not None:
        mask = MaskLabels(folder, len(dataset.names), {}).file(image)
        if mask != image and os.path.isfile(mask):  # noqa: PTH113  (False for a name that no file can have)
            yield MASKS, str(mask)
    depth = DepthLabels(DEPTH_SCALE).file(image)
    if depth != image and os.path.isfile(depth):  # noqa: PTH113
        yield DEPTHS, str(depth)
    label = label_path(image)
    try:
        lines = (read_label(label) or b"").decode("utf-8-sig", "replace").splitlines()
    except InputError:
        return  # the check says so
    for number, line in enumerate(lines, start=1):
        kind = _kind_of_row(len(line.split()), dataset.kpt_shape)
        if kind is not None:
            yield kind, f"{label}, line {number}"


def _kind_of_row(columns: int, kpt_shape: tuple[int, int] | None) -> str | None:
    """Return what a row of so many columns is; None for a blank one, or one that no task takes."""
    points, values = kpt_shape or (0, 0)
    if points and columns == BOX_COLUMNS + points * values:
        return KEYPOINTS
    if columns >= POLYGON_COLUMNS and columns % 2 == 1:
        return CORNERS if columns == CORNER_COLUMNS else POLYGONS
    return BOXES if columns == BOX_COLUMNS else None
