"""Which images made the difference, image by image.

Of detections, what each model finds, misses and makes up; else the image's own value: right or wrong, an IoU, an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.base import WeightedMetrics
from yololab.statistics.metrics.matching import overlaps, pair_up, same_class
from yololab.statistics.records.detections import DetectionRecords


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
    current: DetectionRecords, baseline: DetectionRecords, confidences: tuple[float, float], count: int
) -> list[ImageChange]:
    """Return the images whose number of errors changes most, for better or worse; equals in the order of their keys.

    Args:
        current: The current model's records.
        baseline: The baseline's, over the same images and labels.
        confidences: The operating threshold of each.
        count: Images at most; those without any change are left out.
    """
    ours, theirs = shown_images(current, confidences[0]), shown_images(baseline, confidences[1])
    changes = []
    for place, (now, before, (_, labels)) in enumerate(zip(ours, theirs, current.images(), strict=True)):
        if now.errors != before.errors:
            width, height = (int(side) for side in current.sizes[place])
            truth = current.truth_boxes[labels], current.truth_class[labels].astype(np.int64)
            changes.append(ImageChange(current.keys[place], (width, height), *truth, now, before))
    return sorted(changes, key=lambda change: -abs(change.gain))[:count]


def shown_images(records: DetectionRecords, confidence: float) -> Iterator[Shown]:
    """Yield what a model shows of each image."""
    for detections, labels in records.images():
        part = detections.start + np.flatnonzero(records.confidence[detections] >= confidence)
        iou = overlaps(records.truth_boxes[labels], records.boxes[part])
        iou *= same_class(records.truth_class[labels], records.classes[part])
        paired = pair_up(iou, np.array([0.5]))[:, 0]
        found = np.zeros(iou.shape[0], bool)
        found[paired[paired >= 0]] = True
        yield Shown(
            records.boxes[part], records.classes[part].astype(np.int64), records.confidence[part], paired >= 0, found
        )


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
