"""What Ultralytics is given as data: a data.yaml with absolute paths and nothing in it that runs unasked, or a folder.

A classification dataset is the user's folder itself, or for a part of it a folder of links, laid out alike: the path of
an image below it is then the one below the dataset's root.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from yololab.data.dataset.class_folders import class_folders
from yololab.data.dataset.data_yaml import FOLDS, IMAGES_ROOT, SPLITS
from yololab.data.dataset.layout import Dataset, has_relative_lists, split_images
from yololab.errors import InputError, Problem
from yololab.files.atomic import new_folder, write_text

REPLACED_KEYS = frozenset({"path", *SPLITS, "validation", "nc", "names", "channels", "download", IMAGES_ROOT, FOLDS})


def write_resolved_yaml(
    dataset: Dataset, path: Path, allow_download: bool, lists: Mapping[str, Path] | None = None
) -> Path:
    """Write the dataset for Ultralytics, atomically.

    Args:
        dataset: The dataset.
        path: The file to write. The links to a part of a classification dataset lie in a folder beside it, of its name
            without the suffix; lists that Ultralytics would read otherwise than we do, written anew, lie there as well.
        allow_download: Keep `download:`, which Ultralytics executes when images are missing. Otherwise it is left out.
        lists: For some splits, a list of images that takes their place.

    Returns:
        The absolute path of the file, or of a classification dataset the folder.

    Raises:
        InputError: The links cannot be made.
    """
    if dataset.folders:
        return _linked(dataset, path.with_suffix("").absolute(), lists) if lists else dataset.root
    sources = {split: [str(source) for source in found] for split, found in dataset.splits.items()}
    for split in dataset.splits.keys() - (lists or {}).keys():
        if has_relative_lists(dataset, split):
            own = path.with_name(f"{path.stem}_{split}.txt").absolute()
            write_text(own, "".join(f"{image}\n" for image in split_images(dataset, split)))
            sources[split] = [str(own)]
    sources |= {split: [str(file)] for split, file in (lists or {}).items()}
    content: dict[str, Any] = {
        "path": str(dataset.root),
        **{split: found[0] if len(found) == 1 else found for split, found in sources.items()},
        "nc": len(dataset.names),
        "names": dict(dataset.names),
        "channels": dataset.channels,
        **{key: value for key, value in dataset.raw.items() if key not in REPLACED_KEYS},
    }
    if allow_download and dataset.download:
        content["download"] = dataset.download
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000)
    write_text(path, f"# {dataset.yaml}, resolved by yololab\n{text}")
    return path.absolute()


def key_root(dataset: Dataset, given: Path) -> Path:
    """Return the folder from which an image that Ultralytics names has the path that it has below the dataset's root.

    Args:
        dataset: The dataset.
        given: What `write_resolved_yaml` returned for it.
    """
    return given if dataset.folders else dataset.root


def _linked(dataset: Dataset, folder: Path, lists: Mapping[str, Path]) -> Path:
    """Make a folder of links to the listed images of some splits, and to the other splits as they are."""
    try:
        with new_folder(folder) as links:
            for split, (source,) in dataset.splits.items():
                target = links / source.name
                if split not in lists:
                    target.symlink_to(source, target_is_directory=True)
                    continue
                for name in class_folders(source):  # one that stays empty is a class all the same
                    (target / name).mkdir(parents=True)
                images = lists[split].read_text(encoding="utf-8").splitlines()
                _link_each(map(Path, images), [own for (own,) in dataset.splits.values()], target)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        remedy = "a part of a classification dataset is a folder of links: use a file system that has them"
        raise InputError(Problem(str(folder), f"links cannot be made ({error.strerror})", remedy=remedy)) from None
    return folder


def _link_each(images: Iterable[Path], sources: Sequence[Path], target: Path) -> None:
    """Link images into the folders of their classes; those of another split may stand for this one's."""
    for image in images:
        source = next(folder for folder in sources if image.is_relative_to(folder))
        link = target / image.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(image)
