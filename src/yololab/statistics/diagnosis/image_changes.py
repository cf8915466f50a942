"""Which images made the difference, image by image.

Of detections, what each model finds, misses and makes up; else the image's own value: right or wrong, an IoU, an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.base import WeightedMetrics
from yololab.statistics.metrics.matching import Overlaps, overlapping, pair_up
from yololab.statistics.records.detections import DetectionRecords

_THRESHOLD = 0.5


@dataclass(frozen=True, eq=False)
class Shown:
    """What one model shows of an image above its threshold.

    Attributes:
        boxes: Boxes of the detections, shape (N, 4 or 5).
        classes: Their classes, shape (N,).
        confidence: Their confidences, shape (N,).
        hits: Whether each is a true positive at IoU 0.5, shape (N,).
        found: Whether each label is found, shape (M,).
    """

    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]
    confidence: NDArray[np.float32]
    hits: NDArray[np.bool_]
    found: NDArray[np.bool_]

    @property
    def errors(self) -> int:
        """Labels that are missed and detections that are wrong."""
        return int((~self.found).sum() + (~self.hits).sum())


@dataclass(frozen=True, eq=False)
class ImageChange:
    """One image in both models.

    Attributes:
        key: The image.
        size: Its width and height, px.
        truth_boxes: Boxes of the labels, shape (M, 4 or 5).
        truth_classes: Their classes, shape (M,).
        current: What the current model shows.
        baseline: What the baseline shows.
    """

    key: str
    size: tuple[int, int]
    truth_boxes: NDArray[np.float32]
    truth_classes: NDArray[np.int64]
    current: Shown
    baseline: Shown

    @property
    def gain(self) -> int:
        """How many errors fewer the current model makes: missed labels and wrong detections."""
        return self.baseline.errors - self.current.errors


def largest_changes(
    current: DetectionRecords,
    baseline: DetectionRecords,
    confidences: tuple[float, float],
    count: int,
    overlaps: tuple[Overlaps, Overlaps] | None = None,
) -> list[ImageChange]:
    """Return the images whose number of errors changes most, for better or worse; equals in the order of their keys.

    Args:
        current: The current model's records.
        baseline: The baseline's, over the same images and labels.
        confidences: The operating threshold of each.
        count: Images at most; those without any change are left out.
        overlaps: What overlaps by 0.5 at least in each, where it is known.
    """
    sides = (current, baseline)
    overlaps = overlaps or (overlapping(current, _THRESHOLD), overlapping(baseline, _THRESHOLD))
    shown = [_AboveThreshold(*side) for side in zip(sides, confidences, overlaps, strict=True)]
    gain = shown[1].errors - shown[0].errors
    changes = []
    for place in np.argsort(-np.abs(gain), kind="stable")[:count].tolist():
        if gain[place]:
            width, height = (int(side) for side in current.sizes[place])
            labels = slice(*current.truth_offsets[place : place + 2].tolist())
            truth = current.truth_boxes[labels], current.truth_class[labels].astype(np.int64)
            pictures = (side.image(place, labels) for side in shown)
            changes.append(ImageChange(current.keys[place], (width, height), *truth, *pictures))
    return changes


def shown_images(records: DetectionRecords, confidence: float) -> Iterator[Shown]:
    """Yield what a model shows of each image."""
    shown = _AboveThreshold(records, confidence, overlapping(records, _THRESHOLD))
    for place, (_, labels) in enumerate(records.images()):
        yield shown.image(place, labels)


class _AboveThreshold:
    """What a model shows of every image above its threshold: a detection below never takes a label from one above.

    Args:
        records: The model's records.
        confidence: The threshold.
        overlaps: What overlaps.
    """

    def __init__(self, records: DetectionRecords, confidence: float, overlaps: Overlaps) -> None:
        self.records, self.above = records, records.confidence >= confidence
        self.offsets = records.offsets
        detections, paired = pair_up(overlaps, np.array([_THRESHOLD]))
        shown = self.above[detections] & (paired[:, 0] >= 0)
        self.hits, self.found = np.zeros(len(self.above), bool), np.zeros(len(records.truth_image), bool)
        self.hits[detections[shown]] = self.found[paired[shown, 0]] = True
        images = len(records.keys)
        missed = np.bincount(records.truth_image[~self.found], minlength=images)
        self.errors = missed + np.bincount(records.image[self.above & ~self.hits], minlength=images)

    def image(self, place: int, labels: slice) -> Shown:
        """Return what is shown of an image."""
        first, last = self.offsets[place : place + 2]
        part = first + np.flatnonzero(self.above[first:last])
        classes = self.records.classes[part].astype(np.int64)
        boxes, confidence = self.records.boxes[part], self.records.confidence[part]
        return Shown(boxes, classes, confidence, self.hits[part], self.found[labels])


@dataclass(frozen=True)
class ValueChange:
    """One image in both models.

    Attributes:
        key: The image.
        current: The current model's value.
        baseline: The baseline's value.
        gain: The change, positive for better.
        truth: What is true of the image, in words; None when there is no word for it.
        said_by_current: What the current model says of it; None when there is nothing but the value.
        said_by_baseline: What the baseline says.
    """

    key: str
    current: float
    baseline: float
    gain: float
    truth: str | None
    said_by_current: str | None
    said_by_baseline: str | None


def largest_value_changes(
    current: WeightedMetrics, baseline: WeightedMetrics, count: int, *, lower_is_better: bool = False
) -> list[ValueChange]:
    """Return the images whose value changes most, for better or worse.

    Of equal changes, those come first of which the models are more certain; then the order is that of the keys.

    Args:
        current: The current model.
        baseline: The baseline, over the same images and labels.
        count: Images at most; those without any change are left out.
        lower_is_better: Whether the values are errors.
    """
    ours, theirs = current.image_values(), baseline.image_values()
    if ours is None or theirs is None:
        return []
    gain = (ours - theirs) * (-1 if lower_is_better else 1)
    size = np.where(np.isfinite(gain), np.abs(gain), 0)
    order = np.lexsort((-current.certainty() - baseline.certainty(), -size))
    return [
        ValueChange(
            current.keys[place],
            float(ours[place]),
            float(theirs[place]),
            float(gain[place]),
            current.truth_of(place),
            current.prediction_text(place),
            baseline.prediction_text(place),
        )
        for place in order[:count].tolist()
        if size[place] > 0
    ]
