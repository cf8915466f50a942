"""Which images made the difference: what each model finds, misses and makes up, image by image."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    ours, theirs = _shown(current, confidences[0]), _shown(baseline, confidences[1])
    truth = current.truth_offsets
    changes = []
    for place, (now, before) in enumerate(zip(ours, theirs, strict=True)):
        if now.errors != before.errors:
            labels = slice(truth[place], truth[place + 1])
            width, height = (int(side) for side in current.sizes[place])
            changes.append(
                ImageChange(
                    current.keys[place],
                    (width, height),
                    current.truth_boxes[labels],
                    current.truth_class[labels].astype(np.int64),
                    now,
                    before,
                )
            )
    return sorted(changes, key=lambda change: -abs(change.gain))[:count]


def _shown(records: DetectionRecords, confidence: float) -> Iterator[Shown]:
    """Yield what a model shows of each image."""
    first, truth = records.offsets, records.truth_offsets
    for place in range(len(records.keys)):
        part = np.arange(first[place], first[place + 1])
        part = part[records.confidence[part] >= confidence]
        labels = slice(truth[place], truth[place + 1])
        iou = overlaps(records.truth_boxes[labels], records.boxes[part])
        iou *= same_class(records.truth_class[labels], records.classes[part])
        paired = pair_up(iou, np.array([0.5]))[:, 0]
        found = np.zeros(iou.shape[0], bool)
        found[paired[paired >= 0]] = True
        yield Shown(
            records.boxes[part], records.classes[part].astype(np.int64), records.confidence[part], paired >= 0, found
        )
