"""The metrics of one evaluation in float64, as Ultralytics computes them, each image counted once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.ranking import RankedClass, Ranking

CONFIDENCES = np.linspace(0, 1, 1000)
# Ultralytics smooths the F1 curve over a tenth of its length (`ap_per_class`: `smooth(f1_curve.mean(0), 0.1)`).
SMOOTHING = 2 * (round(0.1 * len(CONFIDENCES) * 2) // 4) + 1
_EPSILON = 1e-16


@dataclass(frozen=True, eq=False)
class PointMetrics:
    """The metrics of one evaluation; the arrays hold the classes with labels, in ascending order of their index.

    Attributes:
        classes: Index of each class, shape (C,).
        instances: Number of its labels, shape (C,).
        images: Number of images with such a label, shape (C,).
        ap: Average precision of each class and IoU threshold, shape (C, T).
        precision: Precision of each class at `confidence`, IoU 0.5, shape (C,); NaN where it is not known, which is
            only at a fixed confidence that no detection of the class reaches.
        recall: Recall of each class there, shape (C,).
        f1: Their harmonic mean, shape (C,); NaN where precision is.
        confidence: Where precision and recall are taken: the confidence of the greatest mean F1, or the fixed one;
            None without any class.
    """

    classes: NDArray[np.int64] = field(repr=False)
    instances: NDArray[np.int64] = field(repr=False)
    images: NDArray[np.int64] = field(repr=False)
    ap: NDArray[np.float64] = field(repr=False)
    precision: NDArray[np.float64] = field(repr=False)
    recall: NDArray[np.float64] = field(repr=False)
    f1: NDArray[np.float64] = field(repr=False)
    confidence: float | None

    @property
    def means(self) -> dict[str, float | None]:
        """mAP50-95, mAP50, precision and recall: means over the classes; None without a class that has a value."""
        return {
            "mAP50-95": _mean(self.ap),
            "mAP50": _mean(self.ap[:, 0]),
            "precision": _mean(self.precision),
            "recall": _mean(self.recall),
        }


def point_metrics(ranking: Ranking, threshold: float | None = None) -> PointMetrics:
    """Compute the metrics of one evaluation.

    Equal to `ap_per_class` of `ultralytics/utils/metrics.py`, up to its unstable sort. With a fixed threshold,
    precision and recall are plain counts over the detections whose confidence is at least the threshold: TP / (TP + FP)
    and TP / labels at IoU 0.5.

    Args:
        ranking: The ranked detections.
        threshold: Confidence at which precision and recall are taken; None: that of the greatest mean F1.
    """
    classes = ranking.classes
    if threshold is None:
        curves = np.array([_curves(ranked) for ranked in classes]).reshape(-1, 2, len(CONFIDENCES))
        f1_curves = 2 * curves[:, 0] * curves[:, 1] / (curves[:, 0] + curves[:, 1] + _EPSILON)
        best = int(_smooth(f1_curves.mean(0)).argmax()) if len(classes) else 0
        precision, recall, f1 = curves[:, 0, best], curves[:, 1, best], f1_curves[:, best]
        confidence = float(CONFIDENCES[best])
    else:
        confidence = threshold
        pairs = np.array([_at_threshold(ranked, threshold) for ranked in classes]).reshape(-1, 2)
        precision, recall = pairs[:, 0], pairs[:, 1]
        f1 = 2 * precision * recall / (precision + recall + _EPSILON)
    return PointMetrics(
        classes=ranking.indices,
        instances=np.array([ranked.truth_count.sum() for ranked in classes], dtype=np.int64),
        images=np.array([len(ranked.truth_image) for ranked in classes], dtype=np.int64),
        ap=np.array([_ap(ranked, ranking.thresholds) for ranked in classes]).reshape(-1, ranking.thresholds),
        precision=precision,
        recall=recall,
        f1=f1,
        confidence=confidence if len(classes) else None,
    )


def _ap(ranked: RankedClass, thresholds: int) -> NDArray[np.float64]:
    """Return a class's average precision at each IoU threshold, shape (T,); the formula is that of `weighted_ap`."""
    labels = int(ranked.truth_count.sum())
    result = np.zeros(thresholds)
    for threshold in range(thresholds):
        place = np.flatnonzero(ranked.flags >> threshold & 1)
        if not len(place):
            continue
        counted = np.arange(1, len(place) + 1)
        envelope = np.maximum.accumulate((counted / (place + 1))[::-1])[::-1]
        # Integers: 100·t/n in floating point can miss a grid point that it hits.
        grid = -(-100 * counted // labels)
        result[threshold] = 0.01 * (envelope * np.diff(grid, prepend=0)).sum() - 0.005 * envelope[0]
    return result


def _curves(ranked: RankedClass) -> NDArray[np.float64]:
    """Return a class's precision and recall over `CONFIDENCES`, shape (2, 1000); 0 without any detection."""
    if not len(ranked.image):
        return np.zeros((2, len(CONFIDENCES)))
    counted = (ranked.flags & 1).cumsum(dtype=np.int64)
    recall = counted / (int(ranked.truth_count.sum()) + _EPSILON)
    precision = counted / np.arange(1, len(counted) + 1)
    return np.array(
        [
            np.interp(-CONFIDENCES, -ranked.confidence, precision, left=1),
            np.interp(-CONFIDENCES, -ranked.confidence, recall, left=0),
        ]
    )


def _at_threshold(ranked: RankedClass, threshold: float) -> tuple[float, float]:
    """Return a class's precision and recall over the detections of at least that confidence."""
    reached = int(np.searchsorted(-ranked.confidence.astype(np.float64), -threshold, side="right"))
    correct = int((ranked.flags[:reached] & 1).sum())
    return correct / reached if reached else np.nan, correct / int(ranked.truth_count.sum())


def _smooth(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the moving average over `SMOOTHING` places, the ends repeated."""
    padded = np.pad(curve, SMOOTHING // 2, mode="edge")
    smoothed: NDArray[np.float64] = np.convolve(padded, np.ones(SMOOTHING) / SMOOTHING, mode="valid")
    return smoothed


def _mean(values: NDArray[Any]) -> float | None:
    """Return the mean over what is known."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None
