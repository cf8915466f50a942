"""How the objects of a split are distributed: sizes at the training's image size, shapes, images, classes."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any

from yololab.data.problems import DataProblem, Severity, note
from yololab.text import first_of

SIDE_EDGES = (0, 2, 4, 8, 16, 32, 64, 128, 256, 512)
ASPECT_EDGES = (0.125, 0.25, 0.5, 0.8, 1.25, 2, 4, 8)
IMAGE_SIZES = 10
MANY_SMALL = 0.2
STRONG_IMBALANCE = 100.0
FEW_INSTANCES = 10
_SHOWN = 5


@dataclass
class Distribution:
    """The objects of a split, added up one image after the other.

    Attributes:
        imgsz: The training's image size, px.
        small_pixels: Side below which an object counts as small, px at that size.
        sides: Objects in each bin of `SIDE_EDGES`: √area of the box after the letterbox to `imgsz`; the last is open.
        aspects: Objects in each bin of `ASPECT_EDGES`: width / height in pixels; the first and last bins are open.
        small: Small objects of each class.
        sizes: Images of each width and height.
        boxes: All objects.
    """

    imgsz: int
    small_pixels: float
    sides: list[int] = field(default_factory=lambda: [0] * len(SIDE_EDGES))
    aspects: list[int] = field(default_factory=lambda: [0] * (len(ASPECT_EDGES) + 1))
    small: Counter[int] = field(default_factory=Counter)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    boxes: int = 0

    def add(
        self, size: tuple[int, int], classes: tuple[int, ...], boxes: tuple[tuple[float, float, float, float], ...]
    ) -> None:
        """Add an image.

        Args:
            size: Its width and height as it is seen, px; zeros when unknown.
            classes: Class of each object.
            boxes: Box of each, relative to the image's size.
        """
        width, height = size
        if not width or not height:
            return
        self.sizes[size] += 1
        scale = self.imgsz / max(width, height)
        for index, (_, _, relative_width, relative_height) in zip(classes, boxes, strict=True):
            box_width, box_height = relative_width * width, relative_height * height
            if box_width <= 0 or box_height <= 0:
                continue
            side = sqrt(box_width * box_height) * scale
            self.boxes += 1
            self.sides[bisect_right(SIDE_EDGES, side) - 1] += 1
            self.aspects[bisect_right(ASPECT_EDGES, box_width / box_height)] += 1
            if side < self.small_pixels:
                self.small[index] += 1

    def to_json(self) -> dict[str, Any]:
        """Return it as it stands in dataset_report.json."""
        common = self.sizes.most_common(IMAGE_SIZES)
        return {
            "boxes": self.boxes,
            "side_px": {"edges": list(SIDE_EDGES), "counts": self.sides},
            "aspect": {"edges": list(ASPECT_EDGES), "counts": self.aspects},
            "small": self.small.total(),
            "small_per_class": dict(sorted(self.small.items())),
            "image_sizes": [{"width": w, "height": h, "images": count} for (w, h), count in common],
            "other_sizes": max(0, len(self.sizes) - len(common)),
        }


def small_objects(yaml: Path, split: str, found: Distribution) -> Iterator[DataProblem]:
    """Find objects that are too small to be seen at the training's image size: a warning where they are many."""
    small = found.small.total()
    if small:
        share = small / found.boxes
        what = f"{split}: {small} objects ({share:.1%}) are below {found.small_pixels:g} px at imgsz={found.imgsz}"
        remedy = "train at a larger imgsz, or cut the images into tiles"
        severity = Severity.WARNING if share > MANY_SMALL else Severity.NOTE
        yield DataProblem("small_objects", yaml, None, what, severity, remedy)


def rare_classes(
    yaml: Path, names: Mapping[int, str], instances: Mapping[int, int], unit: str = "objects"
) -> Iterator[DataProblem]:
    """Find classes with so few objects in the training split that little can be learnt of them.

    A dataset in which every class is rare is small, as its owner knows.
    """
    if max(instances.values(), default=0) < FEW_INSTANCES:
        return
    rare = {names[index]: count for index, count in instances.items() if 0 < count < FEW_INSTANCES}
    if rare:
        shown = first_of((f"{name!r} {count}" for name, count in rare.items()), _SHOWN)
        what = f"train: fewer than {FEW_INSTANCES} {unit} of {shown}"
        yield note("class_rare", yaml, what, "label more of it, or merge it with another")


def imbalance(names: Mapping[int, str], instances: Mapping[int, int]) -> dict[str, Any] | None:
    """Return the most and the least frequent class that occurs, and their ratio; None when no object does."""
    there = {index: count for index, count in instances.items() if count}
    if not there:
        return None
    most, least = max(there, key=lambda index: there[index]), min(there, key=lambda index: there[index])
    return {
        "most": {"name": names[most], "instances": there[most]},
        "least": {"name": names[least], "instances": there[least]},
        "ratio": there[most] / there[least] if len(there) > 1 else None,
    }


def strong_imbalance(
    yaml: Path, split: str, names: Mapping[int, str], instances: Mapping[int, int]
) -> Iterator[DataProblem]:
    """Find a split in which one class is far more frequent than another."""
    found = imbalance(names, instances)
    if found and found["ratio"] and found["ratio"] > STRONG_IMBALANCE:
        most, least = found["most"], found["least"]
        what = f"{split}: {most['name']!r} {most['instances']} times, {least['name']!r} {least['instances']}"
        remedy = "look at the results of the rare class by itself; more examples of it help most"
        yield note("imbalance", yaml, what, remedy)
