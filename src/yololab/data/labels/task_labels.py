"""How the data of each task lies on disk: the one table that the check, the fingerprint and the subset go by."""

from collections.abc import Callable
from dataclasses import dataclass

from yololab.data.dataset.layout import Dataset
from yololab.data.dataset.task_keys import MASKS_DIR, depth_scale, label_mapping
from yololab.data.labels.class_labels import ClassLabels
from yololab.data.labels.depth_maps import DepthLabels
from yololab.data.labels.label_rows import label_rules
from yololab.data.labels.label_source import LabelSource
from yololab.data.labels.masks import MaskLabels
from yololab.data.labels.text_labels import TextLabels
from yololab.errors import InputError, Problem
from yololab.text import one_of

Read = Callable[[Dataset, bool], LabelSource]
"""Makes the label source of a dataset; the flag says that all classes count as one."""


@dataclass(frozen=True)
class TaskData:
    """How the data of a task lies on disk.

    Attributes:
        labels: Makes the label source of a dataset.
        folders: The dataset is a folder with a folder for each class.
        models: What the names of models for the task end in.
        expects: What a dataset for it has, for a message.
        single_cls: Whether all classes can count as one.
        paints: Labels are painted onto pixels: without masks, those of no polygon are a class more.
        keypoints: Its data.yaml says how many keypoints an object has (`kpt_shape`).
    """

    labels: Read
    models: str
    expects: str
    folders: bool = False
    single_cls: bool = True
    paints: bool = False
    keypoints: bool = False


def _text(task: str) -> Read:
    def labels(dataset: Dataset, single_cls: bool) -> LabelSource:
        return TextLabels(label_rules(task, len(dataset.names), dataset.kpt_shape, single_cls))

    return labels


def _classes(dataset: Dataset, single_cls: bool) -> LabelSource:
    folders = tuple(folder for found in dataset.splits.values() for folder in found)
    return ClassLabels(folders, {name: index for index, name in dataset.names.items()}, single_cls)


def masks_folder(dataset: Dataset) -> str | None:
    """Return what takes the place of `images` in the path of a mask; None when masks are drawn from polygons.

    Ultralytics takes a folder `masks` in the root by itself (`check_det_dataset` in data/utils.py).
    """
    named = dataset.raw.get("masks_dir")
    return str(named) if named is not None else MASKS_DIR if (dataset.root / MASKS_DIR).is_dir() else None


def _semantic(dataset: Dataset, single_cls: bool) -> LabelSource:
    folder = masks_folder(dataset)
    if folder is None:
        return _text("semantic")(dataset, single_cls)
    return MaskLabels(folder, len(dataset.names), label_mapping(dataset.raw))


def _depth(dataset: Dataset, single_cls: bool) -> LabelSource:
    del single_cls  # there is no class
    return DepthLabels(depth_scale(dataset.raw))


TASK_DATA: dict[str, TaskData] = {
    "detect": TaskData(_text("detect"), "", "a box of 5 columns for each object in a label file beside each image"),
    "segment": TaskData(_text("segment"), "-seg", "a polygon of 3 points or more for each object in its label files"),
    "pose": TaskData(
        _text("pose"), "-pose", "`kpt_shape` in its data.yaml, and so many keypoints behind each box", keypoints=True
    ),
    "obb": TaskData(_text("obb"), "-obb", "the 4 corners of a rotated box for each object in its label files"),
    "classify": TaskData(_classes, "-cls", "a folder for each class: train/<class>/… and val/<class>/…", folders=True),
    "semantic": TaskData(
        _semantic,
        "-sem",
        "a mask for each image (`masks_dir` in its data.yaml), or polygons",
        single_cls=False,
        paints=True,
    ),
    "depth": TaskData(_depth, "-depth", "a depth map for each image: images/… → depth/….png or .npy"),
}


def task_data(task: str) -> TaskData:
    """Return the row of a task.

    Raises:
        InputError: There is no such task.
    """
    if task not in TASK_DATA:
        raise InputError(Problem("task", f"{task!r}", one_of(TASK_DATA)))
    return TASK_DATA[task]


def label_source(dataset: Dataset, task: str, single_cls: bool = False) -> LabelSource:
    """Return the labels of a dataset for a task.

    Raises:
        InputError: The dataset lacks what the task needs, or is of another needs.
    """
    needs = task_data(task)
    if needs.folders is not dataset.folders:
        found = "a folder of class folders" if dataset.folders else "a data.yaml"
        raise InputError(Problem(str(dataset.yaml), f"{found}, and the task is {task}", needs.expects))
    return needs.labels(dataset, single_cls)


def model_classes(dataset: Dataset, task: str, single_cls: bool = False) -> dict[int, str]:
    """Return the classes that a model has after it was trained on a dataset.

    Ultralytics calls all classes `item` when they count as one, and adds the class `background` to several classes of
    polygons that are painted (`add_polygon_background` in data/utils.py).
    """
    if single_cls:
        return {0: "item"}
    names = dict(dataset.names)
    if task_data(task).paints and masks_folder(dataset) is None and len(names) > 1:
        names[len(names)] = "background"
    return names
