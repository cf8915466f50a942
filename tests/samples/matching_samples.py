"""Which detection meets which label, one detection after another: the rule that `matching` applies to all images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def pair_up(
    iou: NDArray[np.float64], thresholds: NDArray[np.float64], ignored: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Pair detections with labels: by descending confidence, each takes the free label that it overlaps most.

    Source: `BaseValidator.match_predictions` of Ultralytics; with `ignored`, COCO's rule, by which a detection takes an
    ignored label only when no other is left for it.

    Args:
        iou: Overlap of M labels with N detections in descending confidence, 0 where the classes differ, shape (M, N).
        thresholds: The least overlaps, ascending, shape (T,).
        ignored: Whether a label is ignored, shape (M,); None for no label.

    Returns:
        The label of each detection at each threshold, −1 for none, shape (N, T).
    """
    labels, detections = iou.shape
    found = np.full((detections, len(thresholds)), -1, np.int64)
    if not labels or not detections:
        return found
    free = np.ones((labels, len(thresholds)), bool)
    counted = np.ones(labels, bool) if ignored is None else ~ignored
    columns = np.arange(len(thresholds))
    for place in np.flatnonzero((iou >= thresholds.min()).any(axis=0)):
        for group in (counted,) if ignored is None else (counted, ~counted):
            available = np.where(free & group[:, None], iou[:, place, None], 0)
            best = available.argmax(axis=0)
            taken = (available[best, columns] >= thresholds) & (found[place] < 0)
            found[place, taken] = best[taken]
            free[best[taken], columns[taken]] = False
    return found


def same_class(labels, detections):
    """Return whether label and detection are of one class, shape (M, N)."""
    return np.asarray(labels[:, None] == detections[None])
