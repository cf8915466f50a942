"""Labelled images of any format, before they are written as a YOLO dataset: what the readers of `sources` return."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from yololab.text import shortened

Points = NDArray[np.float64]
Box = tuple[float, float, float, float]
TASKS = ("detect", "segment", "pose", "obb")
MOST_NAMED = 100  # places that are kept of one kind
# Words of a file's or folder's name, of a column or an attribute, that say which split is meant.
_SPLITS = {
    **dict.fromkeys(("train", "training", "trn", "trainval"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval"), "val"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
}


@dataclass(slots=True)
class Label:
    """One object of an image, in the pixels that it was drawn in.

    Attributes:
        name: Its class.
        where: Its place in the source, for messages.
        box: `x1, y1, x2, y2`, px; None where only its outline is known.
        polygons: The parts of its outline, px, each of shape (n, 2).
        corners: Corners of a rotated box, px, shape (4, 2); None when it is none.
        keypoints: x, y and visibility of each, shape (K, 3); None when it has none.
        left_out: Why it is no object to learn from (a crowd, for one); empty when it is one.
    """

    name: str
    where: str
    box: Box | None = None
    polygons: tuple[Points, ...] = ()
    corners: Points | None = None
    keypoints: Points | None = None
    left_out: str = ""


@dataclass(slots=True)
class LabelledImage:
    """One image of a source.

    Attributes:
        name: What the source calls it: a path, or a part of one.
        where: The file that says so, with the place in it.
        folder: The folder from which the name is tried first.
        size: Width and height that the source gives, px; None when it gives none.
        split: `train`, `val` or `test`; empty when the source does not say.
        labels: Its objects.
        also: Another name that it may have.
        optional: Whether it holds nothing, and need not be there.
        embedded: The label file that holds the image itself; None for none.
    """

    name: str
    where: str
    folder: Path
    size: tuple[float, float] | None = None
    split: str = ""
    labels: list[Label] = field(default_factory=list)
    also: str = ""
    optional: bool = False
    embedded: Path | None = None


class Tally:
    """How often each of several things happened, and where the first times were."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.places: dict[str, list[str]] = {}

    def add(self, what: str, where: str, times: int = 1) -> None:
        """Note that it happened."""
        self.counts[what] += times
        places = self.places.setdefault(what, [])
        if len(places) < MOST_NAMED:
            places.append(shortened(where, 200))

    def call_places(self, before: str, after: str) -> None:
        """Call the first part of all places otherwise."""
        self.places = {what: [place.replace(before, after) for place in own] for what, own in self.places.items()}

    def to_json(self) -> dict[str, dict[str, object]]:
        """Return it as JSON: what → how often, and where first; the most frequent first."""
        return {what: {"count": count, "first": self.places[what]} for what, count in self.counts.most_common()}


@dataclass(slots=True)
class Source:
    """Everything that was read.

    Attributes:
        format: Name of the format.
        understood: How it was read, in found.
        images: The images.
        names: Class names in the order of their indices.
        keypoints: Names of the keypoints, where the format has some.
        left_out: Annotations that belong to no image.
        notes: What a reader should know.
        frames: Whether images are frames of a film, known by their numbers.
    """

    format: str
    understood: str
    images: list[LabelledImage]
    names: tuple[str, ...]
    keypoints: tuple[str, ...] = ()
    left_out: Tally = field(default_factory=Tally)
    notes: list[str] = field(default_factory=list)
    frames: bool = False


def split_named(text: str) -> str:
    """Return the split that a name means; empty when it means none, or several.

    >>> split_named("instances_val2017"), split_named("valid"), split_named("frames"), split_named("train_vs_test")
    ('val', 'val', '', '')
    """
    found = {split for part in re.split(r"[\W_]+", text) if (split := _SPLITS.get(_bare(part)))}
    return found.pop() if len(found) == 1 else ""


def split_of_file(path: Path, root: Path) -> str:
    """Return the split that the name of a file of many labels means, or else a folder that it lies in below `root`."""
    return split_named(path.stem) or split_of_folders(path, root)


def split_of_folders(path: Path, root: Path) -> str:
    """Return the split that a folder of a file means by its whole name, the nearest first; empty for none.

    >>> split_of_folders(Path("/d/train2017/test_drive/a.jpg"), Path("/d"))
    'train'
    """
    folders = path.relative_to(root).parts[:-1] if path.is_relative_to(root) else ()
    return next((split for name in reversed(folders) if (split := _SPLITS.get(_bare(name)))), "")


def _bare(name: str) -> str:
    """Return a name without the year or number behind it."""
    return name.lower().rstrip("0123456789")


def ordered_names(found: Iterable[str], declared: Mapping[str, int] | Iterable[str] = ()) -> tuple[str, ...]:
    """Return class names: the declared ones in their order, then the others sorted."""
    known = list(dict.fromkeys(declared))
    return (*known, *sorted(set(found) - set(known)))
