"""Which detection meets which label: overlaps of boxes, and the rule by which they are paired."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.records.detections import DetectionRecords

_LEAST = 1e-7
_PAIRS_AT_ONCE = 500_000
Boxes = NDArray[np.floating]
Places = NDArray[np.int64]


def overlaps_in_pairs(labels: Boxes, detections: Boxes) -> NDArray[np.float64]:
    """Return the IoU of each label with its detection.

    Args:
        labels: Boxes as `x1, y1, x2, y2`, shape (P, 4); or rotated ones as `center x, center y, width, height, angle`
            (radians), shape (P, 5).
        detections: The same, of as many.

    Returns:
        IoU, f64, shape (P,); of rotated boxes the probabilistic IoU that Ultralytics evaluates with (Llerena et al.,
        "Gaussian Bounding Boxes and Probabilistic Intersection-over-Union for Object Detection", 2021).
    """
    first, second = labels.astype(np.float64), detections.astype(np.float64)
    if first.shape[1] == 5:
        return _rotated_overlaps(first, second)
    low, high = np.maximum(first[:, :2], second[:, :2]), np.minimum(first[:, 2:], second[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    area = box_areas(first) + box_areas(second)
    return np.asarray(shared / (area - shared + _LEAST))


def overlaps(labels: Boxes, detections: Boxes) -> NDArray[np.float64]:
    """Return the IoU of every label with every detection, shape (M, N)."""
    first, second = np.repeat(labels, len(detections), axis=0), np.tile(detections, (len(labels), 1))
    return overlaps_in_pairs(first, second).reshape(len(labels), len(detections))


def box_areas(boxes: Boxes) -> NDArray[np.float64]:
    """Return the areas of boxes, px², shape (N,)."""
    sides = boxes[:, 2:4] if boxes.shape[1] == 5 else boxes[:, 2:] - boxes[:, :2]
    return np.asarray(sides.astype(np.float64).prod(axis=1))


def _rotated_overlaps(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one minus the Hellinger distance of the boxes as Gaussians (`ultralytics/utils/metrics.py`)."""
    (x1, y1), (x2, y2) = first.T[:2], second.T[:2]
    (a1, b1, c1), (a2, b2, c2) = _covariance(first), _covariance(second)
    a, b, c = a1 + a2, b1 + b2, c1 + c2
    determinant = a * b - c**2
    near = (a * (y1 - y2) ** 2 + b * (x1 - x2) ** 2) / (determinant + _LEAST) * 0.25
    turned = c * (x2 - x1) * (y1 - y2) / (determinant + _LEAST) * 0.5
    own = np.clip(a1 * b1 - c1**2, 0, None) * np.clip(a2 * b2 - c2**2, 0, None)
    shape = 0.5 * np.log(determinant / (4 * np.sqrt(own) + _LEAST) + _LEAST)
    distance = np.clip(near + turned + shape, _LEAST, 100.0)
    return np.asarray(1 - np.sqrt(1 - np.exp(-distance) + _LEAST))


def _covariance(boxes: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return the covariance matrices of rotated boxes as Gaussians: xx, yy, xy."""
    a, b = boxes[:, 2] ** 2 / 12, boxes[:, 3] ** 2 / 12
    cos, sin = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    return a * cos**2 + b * sin**2, a * sin**2 + b * cos**2, (a - b) * cos * sin


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Labels and detections that overlap, in all images of an evaluation; P pairs, by detection and then by label.

    Attributes:
        label: The label of each pair, i64, shape (P,).
        detection: Its detection, shape (P,).
        iou: Their overlap, f64, shape (P,).
        alike: Whether they are of one class, shape (P,).
        image: Image of each detection, i64, shape (D,).
        labels: Number of labels.
    """

    label: NDArray[np.int64]
    detection: NDArray[np.int64]
    iou: NDArray[np.float64]
    alike: NDArray[np.bool_]
    image: NDArray[np.int64]
    labels: int

    def best(self, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the highest overlap of each detection among some pairs, and its label; 0 and −1 without any."""
        overlap, label = np.zeros(len(self.image)), np.full(len(self.image), -1)
        # The last one written stays: the highest overlap, and of equals the first label.
        order = np.lexsort((-self.label[chosen], self.iou[chosen]))
        detection = self.detection[chosen][order]
        overlap[detection], label[detection] = self.iou[chosen][order], self.label[chosen][order]
        return overlap, label


def overlapping(
    records: DetectionRecords, least: float, measure: Callable[[Places, Places], Boxes] | None = None
) -> Overlaps:
    """Find every label and detection of one image that overlap enough.

    Args:
        records: An evaluation.
        least: The least overlap, > 0.
        measure: The overlap of each of some labels with its detection, both by their places; None for the IoU.
    """
    starts, truth = records.offsets, records.truth_offsets
    detections, labels = np.diff(starts), np.diff(truth)
    ends = np.cumsum(detections * labels)
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    first = 0
    while first < len(detections):
        done = ends[first - 1] if first else 0
        last = max(int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, side="right")), first + 1)
        part = slice(first, last)
        # Each detection meets each label of its image.
        detection = np.arange(starts[first], starts[last])
        times = np.repeat(labels[part], detections[part])
        begin = np.repeat(truth[first:last], detections[part])
        offset = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        label, detection = np.repeat(begin, times) + offset, np.repeat(detection, times)
        near = _touching(records.truth_boxes, records.boxes, label, detection)
        label, detection = label[near], detection[near]
        if measure is None:
            iou = overlaps_in_pairs(records.truth_boxes[label], records.boxes[detection])
        else:
            iou = np.asarray(measure(label, detection), np.float64)
        kept = iou >= least
        parts.append((label[kept], detection[kept], iou[kept]))
        first = last
    none = np.zeros(0, np.int64)
    label, detection = (np.concatenate([none, *(part[place] for part in parts)]) for place in (0, 1))
    alike = records.truth_class[label].astype(np.int64) == records.classes[detection].astype(np.int64)
    iou = np.concatenate([none.astype(np.float64), *(part[2] for part in parts)])
    return Overlaps(label, detection, iou, alike, records.image, len(records.truth_image))


def _touching(
    labels: Boxes, detections: Boxes, label: NDArray[np.int64], detection: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return which pairs can overlap at all: upright boxes that share a column and a row; any rotated ones."""
    if labels.shape[1] == 5:
        return np.arange(len(label))
    found = np.arange(len(label))
    for axis in (0, 1):
        ours, theirs = label[found], detection[found]
        meets = (labels[:, axis][ours] < detections[:, axis + 2][theirs]) & (
            detections[:, axis][theirs] < labels[:, axis + 2][ours]
        )
        found = found[meets]
    return found


def pair_up(
    found: Overlaps,
    thresholds: NDArray[np.float64],
    ignored: NDArray[np.bool_] | None = None,
    crowd: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair detections with labels of their class: by descending confidence, each takes the free label it overlaps most.

    Source: `BaseValidator.match_predictions` of Ultralytics; with `ignored`, COCO's rule, by which a detection takes an
    ignored label only when no other is left for it. All images go at once, the first detection of each, the second, …

    Args:
        found: What overlaps by the lowest threshold at least.
        thresholds: The least overlaps, ascending, shape (T,).
        ignored: Whether a label is ignored, shape (M,); None for no label.
        crowd: Whether a label is any number of objects, which any number of detections can take, shape (M,); where it
            is given, of equal overlaps the last counts, as in pycocotools.

    Returns:
        The detections that overlap a label of their class, shape (K,); the label of each at each threshold, −1 for
        none, shape (K, T). No other detection has a label.
    """
    chosen = found.alike & (found.iou >= thresholds.min())
    label, iou = found.label[chosen], found.iou[chosen]
    detections, which = np.unique(found.detection[chosen], return_inverse=True)
    image = found.image[detections]
    rank = np.arange(len(detections)) - np.searchsorted(image, image)
    paired = np.full((len(detections), len(thresholds)), -1, np.int64)
    free = np.ones((found.labels, len(thresholds)), bool)
    groups = (np.ones(found.labels, bool),) if ignored is None else (~ignored, ignored)
    order = np.argsort(rank[which], kind="stable")
    rounds = np.searchsorted(rank[which][order], np.arange(rank.max(initial=-1) + 2))
    for first, last in itertools.pairwise(rounds.tolist()):
        pairs = order[first:last]
        starts = np.flatnonzero(np.diff(which[pairs], prepend=-1))
        place, mine = which[pairs][starts], label[pairs]
        owner = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(pairs)))
        for group in groups:
            available = np.where(free[mine] & group[mine][:, None], iou[pairs][:, None], 0)
            highest = np.maximum.reduceat(available, starts, axis=0)
            # The first of equal overlaps, or the last.
            reduce, other = (np.minimum, len(pairs)) if crowd is None else (np.maximum, -1)
            candidates = np.where(available == highest[owner], np.arange(len(pairs))[:, None], other)
            best = mine[reduce.reduceat(candidates, starts, axis=0)]
            rows, columns = np.nonzero((highest >= thresholds) & (paired[place] < 0))
            paired[place[rows], columns] = best[rows, columns]
            free[best[rows, columns], columns] = False if crowd is None else crowd[best[rows, columns]]
    return detections, paired
