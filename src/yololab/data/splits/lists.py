"""Writing the parts of a dataset as lists of images, with a data.yaml that Ultralytics reads as we do; nothing moves.

The lines begin with `./`, which counts from the list's folder here and there (`get_img_files` in Ultralytics'
data/base.py): lists and images can be moved together.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from yololab.data.dataset.data_yaml import FOLDS, IMAGES_ROOT
from yololab.data.dataset.layout import Dataset
from yololab.data.dataset.resolved_yaml import REPLACED_KEYS
from yololab.data.labels.task_labels import masks_folder
from yololab.errors import Problem
from yololab.files.atomic import write_text
from yololab.files.paths import SplitFolder
from yololab.text import counted, first_of

_MASKS_KEY = "masks_dir"


def line_of(image: Path, place: Path) -> str:
    """Return the line that names an image in a list.

    Args:
        image: The image, absolute.
        place: The folder of the list, absolute and without links.

    >>> line_of(Path("/data/images/a b.jpg"), Path("/data/folds"))
    './../images/a b.jpg'
    """
    try:
        return f"./{Path(os.path.relpath(image, place)).as_posix()}"
    except ValueError:  # another drive
        return str(image)


def list_problems(images: Sequence[Path], place: Path) -> list[Problem]:
    """Return why images cannot be listed, or their labels would not be found from the lists.

    Args:
        images: The images, absolute.
        place: The folder of the lists, absolute and without links.
    """
    lines = [line_of(image, place) for image in images]
    unwritten = [image for image, line in zip(images, lines, strict=True) if not _readable(line)]
    problems = []
    if unwritten:
        found = (
            f"{counted(len(unwritten), 'image')} with a line break, or no UTF-8, in the path ({first_of(unwritten)})"
        )
        problems.append(Problem("data", found, "paths that a list of lines can hold", "rename them"))
    # Ultralytics puts `labels` for the last folder `images` of the path as it is written: there is no `labels/x/..`.
    lost = [image for image, line in zip(images, lines, strict=True) if _loses_labels(f"{place.as_posix()}/{line}")]
    if lost:
        found = (
            f"{place}, from where Ultralytics finds no labels of {counted(len(lost), 'image')} ({first_of(lost, 1)})"
        )
        remedy = "it lies within a folder `images`: choose one beside that, such as folds beside images"
        problems.append(Problem("out", found, "a folder outside `images`", remedy))
    return problems


def _loses_labels(path: str) -> bool:
    _, images, rest = path.rpartition("/images/")
    return bool(images) and "/../" in f"/{rest}"


def _readable(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return line.splitlines() == [line]


def write_lists(
    folder: SplitFolder, place: Path, dataset: Dataset, parts: Mapping[str, Sequence[Path]], *, folds: bool, note: str
) -> None:
    """Write the lists of a split and its data.yaml.

    Args:
        folder: Where to write.
        place: Where that will lie, absolute and without links.
        dataset: The dataset that was split.
        parts: Name of each part → its images, in the order of the list.
        folds: Whether the parts are folds, but for `test`: then the first one validates where nobody names another.
        note: A line on how it was made.
    """
    for name, images in parts.items():
        write_text(folder.list_of(name), "".join(f"{line_of(image, place)}\n" for image in images))
    files = {name: folder.list_of(name).name for name in parts}
    kept = {key: value for key, value in dataset.raw.items() if key not in REPLACED_KEYS}
    content: dict[str, Any] = files
    if folds:
        first, *others = (file for name, file in files.items() if name != "test")
        content = {"train": others, "val": first, **{name: files[name] for name in ("test",) if name in files}}
        content[FOLDS] = [first, *others]
    masks = masks_folder(dataset)
    if masks is not None and dataset.raw.get(_MASKS_KEY) is None:
        kept[_MASKS_KEY] = masks  # Ultralytics would look for it beside the lists
    content |= {"nc": len(dataset.names), "names": dict(dataset.names), "channels": dataset.channels, **kept}
    content[IMAGES_ROOT] = Path(os.path.relpath(dataset.root, place)).as_posix()
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000)
    write_text(folder.data, f"# {note}\n{text}")
