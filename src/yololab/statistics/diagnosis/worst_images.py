"""The images on which one model goes wrong most, and in which way."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.diagnosis.image_changes import Shown, shown_images
from yololab.statistics.metrics.base import WeightedMetrics
from yololab.statistics.metrics.matching import overlaps
from yololab.statistics.records.detections import DetectionRecords

_OVERLAP = 0.5


@dataclass(frozen=True, eq=False)
class ImageErrors:
    """What a model gets wrong on one image above its threshold, at IoU 0.5.

    Attributes:
        place: The image's place in the records.
        shown: What the model shows.
        truth_boxes: Boxes of the labels, shape (M, 4 or 5).
        truth_classes: Their classes, shape (M,).
        taken_for: The label of another class that each wrong detection lies on; −1 for none, shape (N,).
    """

    place: int
    shown: Shown
    truth_boxes: NDArray[np.float32]
    truth_classes: NDArray[np.int64]
    taken_for: NDArray[np.int64]

    @property
    def confused(self) -> NDArray[np.bool_]:
        """Which detections have the wrong class, shape (N,)."""
        return self.taken_for >= 0

    @property
    def false(self) -> NDArray[np.bool_]:
        """Which detections are of nothing, badly placed or doubled, shape (N,)."""
        return ~self.shown.hits & ~self.confused

    @property
    def missed(self) -> NDArray[np.bool_]:
        """Which labels nothing shows, not even under another class, shape (M,)."""
        missed = ~self.shown.found
        missed[self.taken_for[self.confused]] = False
        return missed

    @property
    def counts(self) -> dict[str, int]:
        """How many errors of each kind there are."""
        kinds = {"false": self.false, "missed": self.missed, "confused": self.confused}
        return {kind: int(which.sum()) for kind, which in kinds.items()}

    @property
    def classes(self) -> set[int]:
        """The classes that an error is about."""
        shown = self.shown.classes
        about = [shown[self.false | self.confused], self.truth_classes[self.missed]]
        return set(np.concatenate([*about, self.truth_classes[self.taken_for[self.confused]]]).tolist())


def image_errors(records: DetectionRecords, confidence: float) -> list[ImageErrors]:
    """Return what is wrong on each image, in the order of the records.

    Args:
        records: The records of an evaluation; its boxes decide, also for masks and keypoints.
        confidence: The threshold above which detections are shown.
    """
    found = []
    for place, (shown, (_, labels)) in enumerate(zip(shown_images(records, confidence), records.images(), strict=True)):
        boxes, classes = records.truth_boxes[labels], records.truth_class[labels].astype(np.int64)
        taken_for = np.full(len(shown.boxes), -1, np.int64)
        if len(boxes) and len(shown.boxes):
            across = overlaps(boxes, shown.boxes) * (classes[:, None] != shown.classes) * ~shown.found[:, None]
            lies_on = ~shown.hits & (across.max(axis=0) >= _OVERLAP)
            taken_for[lies_on] = across.argmax(axis=0)[lies_on]
        found.append(ImageErrors(place, shown, boxes, classes, taken_for))
    return found


def worst_images(found: Sequence[ImageErrors], count: int) -> list[ImageErrors]:
    """Return the images with the most errors; every class that has any is among them, as far as there is room.

    Of equally many errors, those come first of which the model is more certain.

    Args:
        found: What is wrong on each image.
        count: Images at most; those without an error are left out.
    """
    wrong = [item for item in found if sum(item.counts.values())]
    wrong.sort(key=lambda item: (-sum(item.counts.values()), -float(item.shown.confidence[~item.shown.hits].sum())))
    chosen = wrong[: count - count // 2]
    covered = set[int]().union(*(item.classes for item in chosen))
    for item in wrong[len(chosen) :]:
        if len(chosen) < count and item.classes - covered:
            chosen.append(item)
            covered |= item.classes
    chosen += [item for item in wrong if item not in chosen][: count - len(chosen)]
    return sorted(chosen, key=wrong.index)


def lowest_values(metrics: WeightedMetrics, count: int, *, lower_is_better: bool = False) -> list[tuple[int, float]]:
    """Return place and value of the images with the worst values, the most certain first among equals.

    Args:
        metrics: An evaluation whose images have a value of their own.
        count: Images at most; those without a value, and those that are as good as any, are left out.
        lower_is_better: Whether the values are errors.
    """
    values = metrics.image_values()
    if values is None:
        return []
    badness = np.where(np.isfinite(values), values if lower_is_better else -values, -np.inf)
    order = np.lexsort((-metrics.certainty(), -badness))[:count]
    best = np.nanmin(badness[np.isfinite(badness)], initial=np.inf)
    return [(int(place), float(values[place])) for place in order if badness[place] > best]


def evenly_spaced(images: int, count: int) -> list[int]:
    """Return places of a sample that depends on nothing but the number of images.

    >>> evenly_spaced(100, 4), evenly_spaced(2, 4)
    ([12, 37, 62, 87], [0, 1])
    """
    count = min(images, count)
    return [int((place + 0.5) * images / count) for place in range(count)]
