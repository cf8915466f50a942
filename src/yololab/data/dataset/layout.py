"""The dataset that a data.yaml or a folder describes: where its splits lie, which images they hold, where labels are.

Paths are resolved and images listed exactly as Ultralytics does it (`check_det_dataset` and `img2label_paths` in
data/utils.py, `get_img_files` in data/base.py), so that what is checked here is what gets trained on there.
"""

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from yololab.data.dataset.class_folders import (
    class_folders,
    class_images,
    class_splits,
    fold_folder,
    folds_of_classes,
    is_class_root,
    is_unsplit_class_root,
)
from yololab.data.dataset.data_yaml import REQUIRED_SPLITS, YAML_SUFFIXES, DataYaml, find_data_yaml, read_data_yaml
from yololab.data.dataset.folder_walk import entries_below
from yololab.data.dataset.image_names import is_image_name, windows_remedy
from yololab.errors import InputError, Problem
from yololab.files.reading import read_text
from yololab.text import one_of

_UPWARDS = "./../"
_ABOVE = f"{os.sep}..{os.sep}"
MOST_LIST = 2**29  # bytes of a list of images: some millions of them


@dataclass(frozen=True)
class Dataset:
    """A dataset, read and resolved but not yet looked into.

    Attributes:
        yaml: The data.yaml, absolute; of a classification dataset the folder.
        root: The folder that relative paths start from, absolute and without links.
        names: Class names by index, contiguous from 0.
        splits: For each split of the file, its folders and lists of images, absolute and without links.
        kpt_shape: Number of keypoints and of values a keypoint (2 or 3); None when the file has none.
        channels: Image channels.
        download: URL or script that would fetch the data; it is never run from here.
        raw: Everything that the file holds, unchanged.
        folders: Whether it is a classification dataset, a folder with a folder for each class.
    """

    yaml: Path
    root: Path
    names: dict[int, str]
    splits: dict[str, tuple[Path, ...]]
    kpt_shape: tuple[int, int] | None
    channels: int
    download: str | None
    raw: dict[str, Any]
    folders: bool = False

    @cached_property
    def inside(self) -> str:
        """How the paths of all files in the root begin."""
        return os.path.join(self.root, "")  # noqa: PTH118

    @cached_property
    def outside_prefixes(self) -> dict[Path, str]:
        """Key prefix of each folder outside the root that holds images of this dataset, see `relative_key`."""
        folders: set[Path] = set()
        for sources in self.splits.values():
            for source in sources:
                inside = (
                    [source]
                    if not source.is_file()
                    else [_absolute(p).parent for p in _listed_images(source, self.root)]
                )
                folders.update(folder for folder in inside if not folder.is_relative_to(self.root))
        return _shortest_distinct_tails(folders)


def load_dataset(
    source: Path,
    datasets_dir: Path | None = None,
    prefer_folders: bool = False,
    required: Collection[str] = REQUIRED_SPLITS,
) -> Dataset:
    """Read a data.yaml, or the one in a folder, or a folder with a folder for each class.

    A relative `path` is sought in the working directory, in `datasets_dir` (both as Ultralytics does) and beside the
    data.yaml; the first place that has the training and validation images counts, else the first that exists, else
    the place where a download would put it. Without `path` the root is the folder of the data.yaml.

    Args:
        source: The data.yaml, or a folder.
        datasets_dir: Where downloaded datasets lie.
        prefer_folders: Class folders count even when there is a YAML file beside them: the task is to classify.
        required: The splits that a data.yaml has to name.

    Returns:
        The dataset. Its images need not be there, see `missing_splits`.

    Raises:
        InputError: All problems of the file, or a folder with neither.
    """
    if source.is_dir():
        has_yaml = any(entry.suffix in YAML_SUFFIXES and entry.name[0] != "." for entry in source.iterdir())
        if (prefer_folders or not has_yaml) and (found := _class_dataset(source, required)) is not None:
            return found
    file = find_data_yaml(source).absolute()
    content = read_data_yaml(file, required)
    root = _root(content, file, datasets_dir)
    splits = {split: _resolved(content, split, root) for split in content.entries}
    if content.images_root is not None:
        root = _real(file.parent / content.images_root)
    same = {name: getattr(content, name) for name in ("names", "kpt_shape", "channels", "download", "raw")}
    return Dataset(file, root, splits=splits, **same)


def _class_dataset(source: Path, required: Collection[str]) -> Dataset | None:
    """Return the dataset of a folder with class folders; None for any other folder.

    Where no validation is needed, a folder whose class folders are in no split is one that is all training.
    """
    if is_class_root(source):
        return class_fold(source, None)
    if folds_of_classes(source):
        return class_fold(source, 0)
    if "val" not in required and is_unsplit_class_root(source):
        root = _real(source)
        return Dataset(
            root, root, dict(enumerate(class_folders(root))), {"train": (root,)}, None, 3, None, {}, folders=True
        )
    return None


def class_fold(source: Path, fold: int | None) -> Dataset:
    """Return the dataset of a folder with class folders, or of one of its folds; the classes are those of training.

    Args:
        source: The folder.
        fold: The number of the fold; None for a folder that has no folds.
    """
    root = _real(source if fold is None else fold_folder(source, fold))
    names = dict(enumerate(class_folders(root / "train")))
    splits: dict[str, tuple[Path, ...]] = {split: (folder,) for split, folder in class_splits(root).items()}
    return Dataset(_real(source), root, names, splits, None, 3, None, {}, folders=True)


def _root(content: DataYaml, file: Path, datasets_dir: Path | None) -> Path:
    if content.folder is None:
        return _real(file.parent)
    places = [Path.cwd(), *([datasets_dir] if datasets_dir else []), file.parent]
    candidates = [_real(place / content.folder) for place in places]
    there = [candidate for candidate in candidates if candidate.exists()]
    needed = [split for split in REQUIRED_SPLITS if split in content.entries]
    complete = (
        root for root in there if all(path.exists() for split in needed for path in _resolved(content, split, root))
    )
    # datasets_dir, when given, is second; a download would put the data there
    return next(complete, there[0] if there else candidates[1])


def _resolved(content: DataYaml, split: str, root: Path) -> tuple[Path, ...]:
    paths = tuple(_real(root / entry) for entry in content.entries[split])
    first = content.entries[split][0]
    # exports of some labelling services count `../` from a folder that is not the root: Ultralytics drops it
    if split not in content.listed and first.startswith("../") and not paths[0].exists():
        return (_real(root / first[3:]),)
    return paths


def missing_splits(dataset: Dataset, splits: Sequence[str] = REQUIRED_SPLITS) -> list[Problem]:
    """Return a problem for each folder or list of the dataset that is not there.

    Args:
        dataset: The dataset.
        splits: The splits that are needed; one that the data.yaml does not name is left out.
    """
    if dataset.download and dataset.download.strip():
        what = dataset.download.strip().splitlines()[0]
        remedy = (
            f"data.allow_download=true lets Ultralytics fetch it: {what}"
            if what.lower().startswith(("http://", "https://"))
            else "data.allow_download=true lets Ultralytics run the script under `download:` of the file; read it first"
        )
    else:
        layout = "train/images and train/labels (or images/train and labels/train)"
        remedy = f"expected below {dataset.root}: {'train/<class> and val/<class>' if dataset.folders else layout}"
    allowed = "a folder with images, or a .txt file that lists them"
    return [
        Problem(
            f"{dataset.yaml}, key {split!r}",
            f"no such folder or file: {path}",
            allowed,
            _moved(dataset, path) or windows_remedy(str(path)) or remedy,
        )
        for split in splits
        for path in dataset.splits.get(split, ())
        if not path.is_dir() and not path.is_file()  # a pipe is neither
    ]


def _moved(dataset: Dataset, path: Path) -> str:
    """Return what to do about a folder that lies beside the data.yaml, and not where `path:` of it says; else empty."""
    beside = dataset.yaml.parent
    if dataset.folders or not path.is_relative_to(dataset.root) or dataset.root == beside:
        return ""
    here = beside / path.relative_to(dataset.root)
    return f"it is there beside the file, {here}: leave the key 'path' out of it" if here.exists() else ""


def split_images(dataset: Dataset, split: str) -> list[Path]:
    """Return the images of a split in the order in which Ultralytics lists them.

    An image that is listed twice is returned twice. Paths are absolute; in a list, `./` means its folder, and any other
    relative path counts from where it leads to an image, see `_base`: it stays relative when that is nowhere.

    Raises:
        InputError: The dataset has no such split, or its folder or list is missing or not readable.
    """
    if split not in dataset.splits:
        raise InputError(Problem(f"{dataset.yaml}", f"no split {split!r}", one_of(dataset.splits)))
    if missing := missing_splits(dataset, (split,)):
        raise InputError(missing)
    if dataset.folders:
        return [image for source in dataset.splits[split] for image in class_images(source)]
    names: list[str] = []
    for source in dataset.splits[split]:
        if source.is_file():
            names += _listed_images(source, dataset.root)
        else:
            names += (name for name, _ in entries_below(source) if is_image_name(name))
    return [Path(name) for name in sorted(names)]


def has_relative_lists(dataset: Dataset, split: str) -> bool:
    """Return whether a list of a split has relative lines that Ultralytics reads otherwise than we do.

    It knows nothing of `_base`, and of `./../images/a.jpg` makes a path with `..` in it, which names no image of ours.
    """
    lists = [(source, _image_lines(source)) for source in dataset.splits[split] if source.is_file()]
    return any(
        _base(lines, source, dataset.root) or any(line.startswith(_UPWARDS) for line in lines)
        for source, lines in lists
    )


def _listed_images(file: Path, root: Path) -> list[str]:
    """Return the images that a .txt list names, relative lines from where they lead."""
    lines = _image_lines(file)
    base = _base(lines, file, root)
    paths = (_beside(file, line) if line.startswith("./") else os.path.join(base, line) for line in lines)  # noqa: PTH118
    return [path.replace("/", os.sep) for path in paths]


def _beside(file: Path, line: str) -> str:
    """Return the image that a line with `./` names; `..` behind that leads up from the list's folder, a real one."""
    folder, rest = file.parent, line.removeprefix("./")
    while rest.startswith("../"):
        folder, rest = folder.parent, rest.removeprefix("../")
    return f"{folder}{'' if folder == folder.parent else os.sep}{rest}"


def _image_lines(file: Path) -> list[str]:
    return [line for _, line in _lines(file) if is_image_name(line)]


def _base(lines: Sequence[str], file: Path, root: Path) -> str:
    """Return the folder from which the relative lines of a list count; empty when they lead nowhere.

    Ultralytics takes them from the working directory, where it then finds no labels: `images/a.jpg` has no folder above
    `images`. Labelling tools (CVAT, for one) mean the list's folder, or the root. It is the first of these in which the
    first of them is there.
    """
    first = next((line for line in lines if not line.startswith("./") and not os.path.isabs(line)), None)  # noqa: PTH117
    places = () if first is None else (Path.cwd(), file.parent, root)
    return next((str(place) for place in places if os.path.exists(place / str(first))), "")  # noqa: PTH110


def passed_over(file: Path) -> list[tuple[int, str]]:
    """Return the lines of a .txt list, with their numbers, that Ultralytics takes for no image.

    Blank ones and those that begin with `#` do not count.

    Raises:
        InputError: It is not readable.
    """
    return [(n, line) for n, line in _lines(file) if line.strip() and line[0] != "#" and not is_image_name(line)]


def _lines(file: Path) -> list[tuple[int, str]]:
    """Return the lines of a .txt list, each with its number, counted from 1."""
    text = read_text(file, MOST_LIST)
    if "\0" in text:
        place = f"{file}, line {text.count(chr(10), 0, text.index(chr(0))) + 1}"
        raise InputError(Problem(place, "a zero byte", "one image path a line", "write the list anew"))
    before = text[: len(text) - len(text.lstrip())]
    return list(enumerate(text.strip().splitlines(), start=1 + before.count("\n")))


def label_path(image: Path) -> Path:
    """Return where the labels of an image lie: the last `/images/` of its path becomes `/labels/`, the suffix `.txt`.

    >>> label_path(Path("/data/images/train/a.b.jpg")).as_posix()
    '/data/labels/train/a.b.txt'
    """
    return Path(label_name(str(image)))


def label_name(image: str) -> str:
    """Return the same as `label_path`, of the name of an image: without a path, for a million of them."""
    images, labels = f"{os.sep}images{os.sep}", f"{os.sep}labels{os.sep}"
    return labels.join(image.rsplit(images, 1)).rsplit(".", 1)[0] + ".txt"


def relative_key(dataset: Dataset, image: Path) -> str:
    """Return a name of the image that is unique in the dataset and the same on every machine.

    Inside the root it is the path from there. Outside it is `../`, then as many of the last folder names as hold all
    outside folders of the dataset apart (a split's folder; for a list, the folders of the images in it), then the path
    from that folder: two splits `/a/train/images` and `/a/val/images` give `../train/images/…` and `../val/images/…`.
    """
    name, inside = str(image), dataset.inside
    if not name.startswith(inside) or _ABOVE in name:  # hardly ever, and for a million images this takes long
        name = os.path.abspath(image)  # noqa: PTH100
    if name.startswith(inside):
        return name[len(inside) :].replace(os.sep, "/")
    path = Path(name)
    if path.is_relative_to(dataset.root):
        return path.relative_to(dataset.root).as_posix()
    prefixes = dataset.outside_prefixes
    for folder in path.parents:
        if folder in prefixes:
            return f"../{prefixes[folder]}/{path.relative_to(folder).as_posix()}"
    raise ValueError(f"{image} is no image of {dataset.yaml}")


def _real(path: Path) -> Path:
    """Return a path without links; `Path.resolve` raises for one that leads to itself."""
    return Path(os.path.realpath(path))


def _absolute(path: str) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  (also removes `..`, without following links)


def _shortest_distinct_tails(folders: Iterable[Path]) -> dict[Path, str]:
    """Give each folder its last n names, n being the same for all and just enough to distinguish them."""
    parts = {folder: folder.parts[1:] for folder in folders}
    longest = max((len(names) for names in parts.values()), default=0)
    for count in range(1, longest + 1):
        tails = {folder: "/".join(("",) * (count - len(names)) + names[-count:]) for folder, names in parts.items()}
        if len(set(tails.values())) == len(tails):
            return tails
    return {}
