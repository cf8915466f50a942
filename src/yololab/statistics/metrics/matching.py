"""Which detection meets which label: overlaps of boxes, and the rule by which they are paired."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEAST = 1e-7
Boxes = NDArray[np.floating]


def overlaps(labels: Boxes, detections: Boxes) -> NDArray[np.float64]:
    """Return the IoU of every label with every detection.

    Args:
        labels: Boxes as `x1, y1, x2, y2`, shape (M, 4); or rotated ones as `center x, center y, width, height, angle`
            (radians), shape (M, 5).
        detections: The same, shape (N, 4) or (N, 5).

    Returns:
        IoU, f64, shape (M, N); of rotated boxes the probabilistic IoU that Ultralytics evaluates with (Llerena et al.,
        "Gaussian Bounding Boxes and Probabilistic Intersection-over-Union for Object Detection", 2021).
    """
    first, second = labels.astype(np.float64), detections.astype(np.float64)
    if first.shape[1] == 5:
        return _rotated_overlaps(first, second)
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    area = box_areas(first)[:, None] + box_areas(second)[None]
    return np.asarray(shared / (area - shared + _LEAST))


def box_areas(boxes: Boxes) -> NDArray[np.float64]:
    """Return the areas of boxes, px², shape (N,)."""
    sides = boxes[:, 2:4] if boxes.shape[1] == 5 else boxes[:, 2:] - boxes[:, :2]
    return np.asarray(sides.astype(np.float64).prod(axis=1))


def _rotated_overlaps(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one minus the Hellinger distance of the boxes as Gaussians (`ultralytics/utils/metrics.py`)."""
    x1, y1 = first[:, 0:1], first[:, 1:2]
    x2, y2 = second[None, :, 0], second[None, :, 1]
    a1, b1, c1 = (part[:, None] for part in _covariance(first))
    a2, b2, c2 = (part[None] for part in _covariance(second))
    a, b, c = a1 + a2, b1 + b2, c1 + c2
    determinant = a * b - c**2
    near = (a * (y1 - y2) ** 2 + b * (x1 - x2) ** 2) / (determinant + _LEAST) * 0.25
    turned = c * (x2 - x1) * (y1 - y2) / (determinant + _LEAST) * 0.5
    own = np.clip(a1 * b1 - c1**2, 0, None) * np.clip(a2 * b2 - c2**2, 0, None)
    shape = 0.5 * np.log(determinant / (4 * np.sqrt(own) + _LEAST) + _LEAST)
    distance = np.clip(near + turned + shape, _LEAST, 100.0)
    return 1 - np.sqrt(1 - np.exp(-distance) + _LEAST)


def _covariance(boxes: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return the covariance matrices of rotated boxes as Gaussians: xx, yy, xy."""
    a, b = boxes[:, 2] ** 2 / 12, boxes[:, 3] ** 2 / 12
    cos, sin = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    return a * cos**2 + b * sin**2, a * sin**2 + b * cos**2, (a - b) * cos * sin


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


def same_class(labels: NDArray[Any], detections: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether label and detection are of one class, shape (M, N)."""
    return np.asarray(labels[:, None] == detections[None])
