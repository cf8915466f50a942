"""Precision and recall under weights of the images, at the threshold that each replicate would have chosen itself.

A threshold chosen on the very images that are resampled is part of what varies: freezing it makes 12 to 23 % false
alarms where 5 % are meant. So every replicate looks for the confidence of its own highest mean F1 again, by
Ultralytics' rule (`ultralytics/utils/metrics.py`, `ap_per_class`), on every eighth of its 1,000 confidences: the curve
is smoothed over 101 of them, so that a finer search changes nothing that counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.point_metrics import CONFIDENCES, SMOOTHING, f1_score
from yololab.statistics.metrics.ranked_detections import RankedClass
from yololab.statistics.metrics.weighted_ap import Weights, segment_sums, truth_total

STEP = 8
_GRID = CONFIDENCES[::STEP]
_LEAST = np.float32(1e-16)
_BYTES_KEPT = 100_000_000  # of curves, for classes that are looked at twice: to choose the threshold, and there


@dataclass(frozen=True, eq=False)
class OperatingPoint:
    """Precision and recall of C classes in B replicates; NaN where a class has no label.

    Attributes:
        precision: f32, shape (C, B).
        recall: f32, shape (C, B).
        confidence: The threshold of each replicate, shape (B,).
    """

    precision: Weights
    recall: Weights
    confidence: NDArray[np.float64]


def operating_point(
    ranked: Sequence[RankedClass], weights: Weights, truth_weights: Weights, confidence: float | None = None
) -> OperatingPoint:
    """Compute precision and recall at IoU 0.5.

    Args:
        ranked: C classes.
        weights: Weight of each row of detections, f32, shape (V, B).
        truth_weights: Weight of each row of labels, f32, shape (I, B).
        confidence: A threshold of the user's, at which detections are counted as they are; None for each replicate's
            own, where curves are interpolated between detections as Ultralytics does.
    """
    ranked, replicates = [item.at(0) for item in ranked], weights.shape[1]
    # Confidences are in single precision: 0.9 means the nearest such number, so that a detection at 0.9 counts.
    grid = _GRID if confidence is None else np.array([np.float32(confidence)], np.float64)
    chosen = np.zeros(replicates, np.int64)
    kept: dict[int, tuple[Weights, Weights]] = {}
    if confidence is None and ranked:
        total, count = np.zeros((len(grid), replicates), np.float32), np.zeros(replicates, np.float32)
        for place, item in enumerate(ranked):
            labels = truth_total(item, truth_weights)
            present = labels > 0
            curves = weighted_curves(item, grid, weights, labels, interpolated=True)
            total += f1_score(*curves) * present
            count += present
            if 2 * curves[0].nbytes * len(ranked) <= _BYTES_KEPT:
                kept[place] = curves
        mean: Weights = (total / np.maximum(count, 1)).astype(np.float32)
        chosen = moving_sum(mean, SMOOTHING // STEP // 2).argmax(axis=0)
    precision = np.full((len(ranked), replicates), np.nan, np.float32)
    recall = precision.copy()
    columns = np.arange(replicates)
    for place, item in enumerate(ranked):
        labels = truth_total(item, truth_weights)
        curves = kept.get(place) or weighted_curves(item, grid, weights, labels, interpolated=confidence is None)
        for target, curve in zip((precision, recall), curves, strict=True):
            target[place] = np.where(labels > 0, curve[chosen, columns], np.nan)
    return OperatingPoint(precision, recall, grid[chosen])


def weighted_curves(
    item: RankedClass, grid: NDArray[np.float64], weights: Weights, labels: Weights, *, interpolated: bool
) -> tuple[Weights, Weights]:
    """Return precision and recall of a class at each confidence of a grid, each of shape (G, B).

    Args:
        item: The class, with the flags of one IoU.
        grid: The confidences, ascending, shape (G,); a detection at a confidence counts there.
        weights: Weight of each row of detections, f32, shape (V, B).
        labels: Weighted number of labels, shape (B,).
        interpolated: Whether values between two detections lie on the line between theirs, as Ultralytics has it.
    """
    replicates = weights.shape[1]
    if not len(item.rows):
        none = np.zeros((len(grid), replicates), np.float32)
        return none, none
    falling = -item.confidence.astype(np.float64)
    # Detections at or above each threshold, thresholds descending; the interpolation looks at the next one too.
    above = np.searchsorted(falling, -grid[::-1], side="right")
    detected = np.cumsum(_between(item.rows, above, weights), axis=0)
    hits = np.flatnonzero(item.flags[:, 0])
    found = np.cumsum(_between(item.rows[hits], np.searchsorted(hits, above), weights), axis=0)
    precision = _precision(found, detected)
    recall: Weights = (found / np.maximum(labels, _LEAST)).astype(np.float32)
    inside = (above > 0) & (above < len(item.rows))
    if interpolated and inside.any():
        following = above[inside]
        step = weights[item.rows[following]]
        next_found = found[inside] + step * item.flags[following, 0][:, None]
        upper, lower = item.confidence[following - 1], item.confidence[following]
        share = ((upper - grid[::-1][inside]) / np.maximum(upper - lower, _LEAST)).astype(np.float32)[:, None]
        next_precision = _precision(next_found, detected[inside] + step)
        precision[inside] += share * (next_precision - precision[inside])
        recall[inside] += share * (next_found / np.maximum(labels, _LEAST) - recall[inside])
    return precision[::-1], recall[::-1]


def _precision(found: Weights, detected: Weights) -> Weights:
    """Return precision; 1 where nothing is detected, as Ultralytics has it above the highest confidence."""
    return np.where(detected > 0, found / np.maximum(detected, 1), np.float32(1))


def _between(rows: NDArray[np.int64], ends: NDArray[np.int64], weights: Weights) -> Weights:
    """Add up the weights of the rows before each of some ascending ends, since the end before it."""
    starts = np.concatenate(([0], ends[:-1]))
    return segment_sums(rows[: ends[-1]], starts, weights)


def moving_sum(curve: Weights, side: int) -> Weights:
    """Return the moving sum along the first axis, over `side` values on both sides, ends continued as they are."""
    padded = np.concatenate((curve[:1].repeat(side, axis=0), curve, curve[-1:].repeat(side, axis=0)))
    sums = np.cumsum(np.concatenate((np.zeros_like(curve[:1]), padded)), axis=0, dtype=np.float64)
    return (sums[2 * side + 1 :] - sums[: -2 * side - 1]).astype(np.float32)
