"""Detections put in the order in which an average precision looks at them, once for all replicates."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.records.detections import BOX, DetectionRecords


@dataclass(frozen=True, eq=False)
class RankedClass:
    """One class's detections by descending confidence, and its labels.

    Attributes:
        index: The class.
        rows: Row of the detection weights of each detection, i64, shape (D,).
        confidence: Their confidences, descending, f32, shape (D,).
        flags: Whether they are true positives at each threshold, bool, shape (D, T).
        truth_rows: Rows of the label weights that hold labels of the class, i64, shape (R,), unique.
        truth_counts: Labels there, f32, shape (R,).
        ignored: Detections that do not count at a threshold, bool, shape (D, T); None when all do.
        coco: Whether the AP is COCO's mean of 101 precisions instead of Ultralytics' area.
    """

    index: int
    rows: NDArray[np.int64] = field(repr=False)
    confidence: NDArray[np.float32] = field(repr=False)
    flags: NDArray[np.bool_] = field(repr=False)
    truth_rows: NDArray[np.int64] = field(repr=False)
    truth_counts: NDArray[np.float32] = field(repr=False)
    ignored: NDArray[np.bool_] | None = field(default=None, repr=False)
    coco: bool = False

    @property
    def labels(self) -> int:
        """Number of labels."""
        return int(self.truth_counts.sum())

    def of(self, images: NDArray[np.bool_]) -> "RankedClass":
        """Return the detections and labels of some of the images.

        Args:
            images: Which rows of the weights they are, shape (V,).
        """
        kept, held = images[self.rows], images[self.truth_rows]
        return replace(
            self,
            rows=self.rows[kept],
            confidence=self.confidence[kept],
            flags=self.flags[kept],
            truth_rows=self.truth_rows[held],
            truth_counts=self.truth_counts[held],
            ignored=None if self.ignored is None else self.ignored[kept],
        )

    def at(self, threshold: int) -> "RankedClass":
        """Return the detections that count at one threshold, with its flags alone."""
        flags = self.flags[:, threshold : threshold + 1]
        if self.ignored is None:
            return replace(self, flags=flags)
        kept = ~self.ignored[:, threshold]
        found = self.rows[kept], self.confidence[kept], flags[kept]
        return replace(self, rows=found[0], confidence=found[1], flags=found[2], ignored=None)


def rank_classes(records: DetectionRecords, kind: str = BOX) -> tuple[RankedClass, ...]:
    """Rank the detections of each class that has labels, in the order of the classes.

    Ties keep the order of the records (a stable sort): Ultralytics' own sort is not stable, which moves the AP of a
    class by up to 0.003 where half-precision confidences coincide, and by up to 0.015 where they are coarser.

    Args:
        records: The records; the rows of the weights are their images.
        kind: What is matched.
    """
    return rank_together([records], kind)


def rank_together(arms: Sequence[DetectionRecords], kind: str = BOX) -> tuple[RankedClass, ...]:
    """Rank the detections of several models over the same images in one order.

    The detections of image i by arm a have the weight in row `a·I + i`: weights of 0 and 1 pick, for each image, whose
    detections count. Labels are those of the first arm, with rows 0 … I − 1. Equally confident detections stand in the
    order of the images, whoever made them: whatever is picked keeps the order that it has as records of its own.

    Args:
        arms: The records; all over the same images.
        kind: What is matched.
    """
    images = len(arms[0].keys)
    rows = np.concatenate([arm.image + position * images for position, arm in enumerate(arms)])
    classes = np.concatenate([arm.classes for arm in arms])
    confidence = np.concatenate([arm.confidence for arm in arms])
    flags = np.concatenate([arm.tp_matrix(kind) for arm in arms])
    some = any(arm.ignored is not None for arm in arms)
    ignored = np.concatenate([arm.ignored_matrix() for arm in arms]) if some else None
    coco = arms[0].definition == "coco"
    among_equals = np.concatenate([arm.rank for arm in arms])
    order = np.lexsort((among_equals, -confidence, classes))  # stable, classes first
    first = np.searchsorted(classes[order], np.arange(_class_count(arms) + 1))
    truth_class, truth_image = arms[0].truth_class, arms[0].truth_image
    ranked = []
    for index in np.unique(truth_class).tolist():
        chosen = order[first[index] : first[index + 1]]
        truth_rows, counts = np.unique(truth_image[truth_class == index], return_counts=True)
        labels = truth_rows.astype(np.int64), counts.astype(np.float32)
        # Where nothing of a class is ignored, all thresholds go together.
        left = None if ignored is None or not ignored[chosen].any() else ignored[chosen]
        ranked.append(RankedClass(index, rows[chosen], confidence[chosen], flags[chosen], *labels, left, coco))
    return tuple(ranked)


def _class_count(arms: Sequence[DetectionRecords]) -> int:
    """Return one more than the highest class."""
    highest: list[Any] = [array.max() for arm in arms for array in (arm.classes, arm.truth_class) if len(array)]
    return int(max(highest, default=-1)) + 1
