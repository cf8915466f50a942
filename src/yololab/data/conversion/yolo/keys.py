"""What images are called in the dataset that is written: their folders stay, so that videos and cameras stay groups."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from yololab.data.conversion.labelled import split_of_folders

_DROPPED = frozenset({"images", "jpegimages", "img", "imgs"})


def keys_for(images: Sequence[tuple[str, str]]) -> tuple[list[str], int]:
    """Return the place of each image in its split, and how many had to be renamed.

    The folder that only says "images", or the split, goes; where that would give two images one name, it stays. Two
    images that differ in their suffix alone would share a file of labels: the later one gets its suffix into its name.

    Args:
        images: Split and path of each, from the folder of the source.

    >>> keys_for([("train", "images/train/cam1/a.jpg"), ("train", "images/train/cam2/a.jpg"), ("val", "b.jpg")])
    (['cam1/a.jpg', 'cam2/a.jpg', 'b.jpg'], 0)
    >>> keys_for([("train", "a.jpg"), ("train", "a.png")])
    (['a.jpg', 'a_png.png'], 1)
    >>> keys_for([("train", ".cache/.a.jpg")])
    (['_cache/_a.jpg'], 0)
    """
    short = [_short(split, path) for split, path in images]
    seen: dict[tuple[str, str], set[str]] = {}
    for (split, path), key in zip(images, short, strict=True):
        seen.setdefault((split, key), set()).add(path)
    keys, renamed, taken = [], 0, set[tuple[str, str]]()
    for (split, path), wanted in zip(images, short, strict=True):
        key = wanted if len(seen[split, wanted]) == 1 else _plain(path)
        place, number = PurePosixPath(key), 1
        while (split, place.with_suffix("").as_posix().casefold()) in taken:
            suffix = place.suffix[1:].lower() if number == 1 else str(number)
            place, number = place.with_name(f"{PurePosixPath(key).stem}_{suffix}{place.suffix}"), number + 1
        renamed += place.as_posix() != key
        taken.add((split, place.with_suffix("").as_posix().casefold()))
        keys.append(place.as_posix())
    return keys, renamed


def _short(split: str, path: str) -> str:
    *folders, name = _plain(path).split("/")
    kept = [folder for folder in folders if split_of_folders(Path("/", folder, name), Path("/")) != split]
    return "/".join([*kept, name])


def _plain(path: str) -> str:
    """Return a path that stays in its folder, without one that Ultralytics would take for that of the images.

    A name that begins with a dot is passed over by what lists images, and begins with another letter here.
    """
    parts = [re.sub(r"^\.", "_", part) for part in re.split(r"[\\/]+", path) if part not in ("", ".", "..")]
    return "/".join([*(part for part in parts[:-1] if part.lower() not in _DROPPED), parts[-1]])


def class_names_alike(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the names that differ in their case or spaces alone.

    >>> class_names_alike(["Car", "car", "bus"])
    [('Car', 'car')]
    """
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(re.sub(r"[\s_-]+", " ", name.casefold()), []).append(name)
    return [tuple(group) for group in found.values() if len(group) > 1]
