"""Precision and recall under integer weights of the images.

Ultralytics reports precision and recall at the confidence at which the mean F1 of all classes, smoothed, is greatest
(`ultralytics/utils/metrics.py`, `ap_per_class`). That confidence is chosen on the very images, so a replicate has to
choose its own: with the threshold frozen, an interval is too narrow and its test rejects too often.

The curves over confidence run linearly from one detection to the next. Under weights the two next to a confidence x are
the last detection of positive weight at or above x, and the first below it; of the latter only the first of its copies
counts, as a copy stands directly behind the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import embedding_bag

from yololab.statistics.point_metrics import CONFIDENCES, SMOOTHING
from yololab.statistics.ranking import RankedClass, Ranking
from yololab.statistics.weighted_ap import block_columns, check_weights

_EPSILON = 1e-16
_COLUMNS = 64
_CURVE_BYTES = 48 << 20
# With more than this share still to be found a whole step is cheaper than one by one.
_DENSE = 0.1


class WeightedPrecisionRecall:
    """Mean precision and recall of one ranking at IoU 0.5, under any integer weights of its images.

    Args:
        ranking: The ranked detections.
        threshold: Confidence at which they are taken, by plain counts; None: where the replicate's own mean F1 is
            greatest, as Ultralytics does it.
    """

    def __init__(self, ranking: Ranking, threshold: float | None = None) -> None:
        self._images = ranking.images
        self._classes = ranking.classes
        self._threshold = threshold

    def at(self, weights: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """Return mean precision and recall of each replicate.

        Args:
            weights: Weight of each image in each replicate, integers ≥ 0, shape (R, I).

        Returns:
            Shape (R, 2): the means over the classes with labels in the replicate; at a fixed threshold, precision is
            the mean over those that also have a detection there. NaN without such a class.

        Raises:
            TypeError: The weights are not integers.
            ValueError: The weights have another number of images, or one is negative.
        """
        check_weights(weights, self._images)
        result = np.empty((len(weights), 2))
        if self._threshold is None:
            columns = min(_COLUMNS, _CURVE_BYTES // (8 * len(CONFIDENCES) * max(len(self._classes), 1)))
        else:
            columns = block_columns(self._images)
        columns = max(1, min(columns, block_columns(self._images)))
        for start in range(0, len(weights), columns):
            block = np.ascontiguousarray(weights[start : start + columns].T, dtype=np.float32)
            result[start : start + columns] = (
                _at_best_f1(self._classes, block)
                if self._threshold is None
                else _at_threshold(self._classes, block, self._threshold)
            ).T
        return result


def _at_threshold(
    classes: tuple[RankedClass, ...], weights: NDArray[np.float32], threshold: float
) -> NDArray[np.float64]:
    """Return mean precision and recall at a fixed confidence under weights of shape (I, R): shape (2, R)."""
    sums = np.zeros((2, weights.shape[1]))
    known = np.zeros((2, weights.shape[1]))
    for ranked in classes:
        reached = int(np.searchsorted(-ranked.confidence.astype(np.float64), -threshold, side="right"))
        image = ranked.image[:reached]
        correct = _summed(image[(ranked.flags[:reached] & 1).astype(bool)], [0], weights)[0]
        for row, whole in enumerate((_summed(image, [0], weights)[0], _labels(ranked, weights))):
            there = (_labels(ranked, weights) > 0) & (whole > 0)
            known[row] += there
            sums[row] += np.where(there, correct / np.maximum(whole, 1), 0)
    with np.errstate(invalid="ignore"):
        return sums / np.where(known > 0, known, np.nan)


def _at_best_f1(classes: tuple[RankedClass, ...], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return mean precision and recall where the mean F1 is greatest, weights of shape (I, R): shape (2, R)."""
    columns = weights.shape[1]
    curves = np.zeros((len(classes), 2, len(CONFIDENCES), columns), dtype=np.float32)
    f1_sum = np.zeros((len(CONFIDENCES), columns))
    present = np.zeros((len(classes), columns), dtype=bool)
    for place, ranked in enumerate(classes):
        labels = _labels(ranked, weights)
        present[place] = labels > 0
        if not len(ranked.image) or not present[place].any():
            continue
        precision, recall = _curves(ranked, weights, labels)
        f1_sum += 2 * precision * recall / (precision + recall + _EPSILON)
        curves[place] = precision, recall
    best = _smoothed(f1_sum / np.maximum(present.sum(0), 1)).argmax(0)
    chosen = np.take_along_axis(curves, best[None, None, None, :], axis=2)[:, :, 0].astype(np.float64)
    with np.errstate(invalid="ignore"):
        means: NDArray[np.float64] = chosen.sum(0) / np.where(present.any(0), present.sum(0), np.nan)
    return means


def _curves(
    ranked: RankedClass, weights: NDArray[np.float32], labels: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a class's precision and recall over `CONFIDENCES`, each of shape (1000, R); 0 without any label."""
    falling = -ranked.confidence.astype(np.float64)
    reached, back = np.unique(np.searchsorted(falling, -CONFIDENCES, side="right"), return_inverse=True)
    correct_flags = (ranked.flags & 1).astype(np.int64)
    seen = _summed(ranked.image, [0, *reached[:-1]], weights, end=int(reached[-1])).cumsum(0)
    positives = np.flatnonzero(correct_flags)
    ends = np.searchsorted(positives, reached)
    correct = _summed(ranked.image[positives], [0, *ends[:-1]], weights, end=int(ends[-1])).cumsum(0)

    above = _next(ranked.image, weights, reached - 1, -1, seen > 0)
    below = _next(ranked.image, weights, reached, 1, seen < seen[-1])
    upper = ranked.confidence.astype(np.float64)[above]
    gap = upper - ranked.confidence[below]
    inside = (seen > 0) & (seen < seen[-1])
    n = np.maximum(labels, 1)
    at_precision = np.where(seen > 0, correct / np.maximum(seen, 1), 1)
    at_recall = correct / n
    found = correct_flags[below]
    slope_precision = np.where(inside, ((correct + found) / (seen + 1) - at_precision) / np.where(inside, gap, 1), 0)
    slope_recall = np.where(inside, found / n / np.where(inside, gap, 1), 0)
    empty = (seen[-1] == 0) | (labels == 0)
    at_precision[:, empty] = 0
    at_recall[:, empty] = 0
    slope_recall[:, empty] = 0
    distance = upper[back] - CONFIDENCES[:, None]
    return at_precision[back] + slope_precision[back] * distance, at_recall[back] + slope_recall[back] * distance


def _next(
    image: NDArray[np.int32],
    weights: NDArray[np.float32],
    start: NDArray[np.int64],
    step: int,
    exists: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return the nearest detection of positive weight from each start on, shape (U, R); any where none exists."""
    place = np.broadcast_to(np.clip(start, 0, len(image) - 1)[:, None], exists.shape).copy()
    pending = exists & (weights[image[place[:, 0]]] == 0)
    walk = start.copy()
    while pending.mean() > _DENSE:
        walk = np.clip(walk + step, 0, len(image) - 1)
        np.copyto(place, walk[:, None], where=pending)
        pending &= weights[image[walk]] == 0
    row, column = np.nonzero(pending)
    at = place[row, column]
    while len(row):
        at = at + step
        open_still = weights[image[at], column] == 0
        place[row[~open_still], column[~open_still]] = at[~open_still]
        row, column, at = row[open_still], column[open_still], at[open_still]
    return place


def _labels(ranked: RankedClass, weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the weighted number of labels, shape (R,)."""
    return ranked.truth_count.astype(np.float64) @ weights[ranked.truth_image]


def _summed(
    image: NDArray[np.int32], offsets: Any, weights: NDArray[np.float32], end: int | None = None
) -> NDArray[np.float64]:
    """Return the sums of the weights of the images between offsets, shape (len(offsets), R)."""
    summed = embedding_bag(
        torch.from_numpy(image[:end]),
        torch.from_numpy(weights),
        torch.from_numpy(np.asarray(offsets, dtype=np.int32)),
        mode="sum",
    )
    return summed.numpy().astype(np.float64)


def _smoothed(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the moving average of each column over `SMOOTHING` rows, the ends repeated; shape (1000, R)."""
    half = SMOOTHING // 2
    padded = np.pad(curves, ((half + 1, half), (0, 0)), mode="edge")
    padded[0] = 0
    total = padded.cumsum(0)
    smoothed: NDArray[np.float64] = (total[SMOOTHING:] - total[:-SMOOTHING]) / SMOOTHING
    return smoothed
