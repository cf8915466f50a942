"""The metrics of one evaluation from its records, in double precision: what Ultralytics computes, with a stable sort.

Source of every definition: `ultralytics/utils/metrics.py`, `compute_ap` and `ap_per_class` (8.4).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.ranked_detections import RankedClass

CONFIDENCES = np.linspace(0, 1, 1000)
SMOOTHING = 101  # width of the moving average over the 1,000 confidences
_LEAST = 1e-16
_RECALLS = np.linspace(0.0, 1.0, 101)  # as pycocotools has them: 57 of 100 labels do not reach the 58th
Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PointMetrics:
    """The metrics of C classes that have labels; all empty, and the means None, when there are none.

    Attributes:
        classes: The classes, shape (C,).
        ap: AP at each threshold, f64, shape (C, T).
        precision: Precision at `confidence`, shape (C,).
        recall: Recall there, shape (C,).
        confidence: The confidence where the smoothed mean F1 is highest; None without a class.
    """

    classes: tuple[int, ...]
    ap: Values
    precision: Values
    recall: Values
    confidence: float | None

    @property
    def means(self) -> dict[str, float | None]:
        """`mAP50`, `mAP50-95`, `precision`, `recall`: means over the classes."""
        if not self.classes:
            return dict.fromkeys(("mAP50", "mAP50-95", "precision", "recall"))
        return {
            "mAP50": float(self.ap[:, 0].mean()),
            "mAP50-95": float(self.ap.mean()),
            "precision": float(self.precision.mean()),
            "recall": float(self.recall.mean()),
        }


def point_metrics(ranked: Sequence[RankedClass]) -> PointMetrics:
    """Compute the metrics of an evaluation.

    Args:
        ranked: The classes that have labels.
    """
    ap = class_aps(ranked)
    curves = [class_curves(item.at(0)) for item in ranked]
    precision = np.array([curve[0] for curve in curves]).reshape(-1, len(CONFIDENCES))
    recall = np.array([curve[1] for curve in curves]).reshape(-1, len(CONFIDENCES))
    best = best_confidence(f1_score(precision, recall).mean(axis=0)) if len(ranked) else 0
    return PointMetrics(
        tuple(item.index for item in ranked),
        ap,
        precision[:, best],
        recall[:, best],
        float(CONFIDENCES[best]) if len(ranked) else None,
    )


def class_aps(ranked: Sequence[RankedClass]) -> Values:
    """Return the AP of each class at each threshold, shape (C, T)."""
    thresholds = ranked[0].flags.shape[1] if ranked else 10
    return np.array([[_class_ap(item, t) for t in range(thresholds)] for item in ranked]).reshape(-1, thresholds)


def _class_ap(item: RankedClass, threshold: int) -> float:
    """Return the AP of a class at one threshold."""
    hits = item.flags[:, threshold] if item.ignored is None else item.at(threshold).flags[:, 0]
    return average_precision(hits, item.labels, coco=item.coco)


def average_precision(hits: NDArray[np.bool_], labels: int, *, coco: bool = False) -> float:
    """Return the 101-point interpolated AP (the formula of `weighted_ap`, with weights of one).

    Args:
        hits: Whether each detection is a true positive, by descending confidence, shape (D,).
        labels: Number of labels.
        coco: Whether it is COCO's, the mean of the precisions at 101 recalls (`pycocotools/cocoeval.py`, `accumulate`).

    Returns:
        The AP; NaN without labels, 0 without true positives.

    >>> average_precision(np.array([True, False]), 1), average_precision(np.array([True, False]), 1, coco=True)
    (0.995, 1.0)
    """
    if not labels:
        return float("nan")
    positions = np.flatnonzero(hits)
    if not len(positions):
        return 0.0
    found = np.arange(1, len(positions) + 1)
    envelope = np.maximum.accumulate((found / (positions + 1))[::-1])[::-1]
    if coco:
        steps = np.diff(np.searchsorted(_RECALLS, found / labels, side="right"), prepend=0)
        return float(np.sum(envelope * steps) / len(_RECALLS))
    reached = -(-100 * found // labels)  # ceiling in whole numbers
    return float(0.01 * np.sum(envelope * np.diff(reached, prepend=0)) - 0.005 * envelope[0])


def f1_score(precision: NDArray[np.floating], recall: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the harmonic mean of precision and recall; 0 where both are 0."""
    return 2 * precision * recall / (precision + recall + _LEAST)


def best_confidence(f1: Values) -> int:
    """Return the position of the highest F1 after a moving average, the first of equals.

    Args:
        f1: Mean F1 at each confidence, shape (1000,).
    """
    return int(smoothed(f1).argmax())


def smoothed(curve: Values) -> Values:
    """Return the moving average of a curve over the confidences, shape (1000,), its ends continued as they are."""
    sides = np.ones(SMOOTHING // 2)
    padded = np.concatenate((sides * curve[0], curve, sides * curve[-1]))
    return np.convolve(padded, np.ones(SMOOTHING) / SMOOTHING, mode="valid")


def class_curves(item: RankedClass) -> tuple[Values, Values]:
    """Return precision and recall at each confidence; between two detections they are interpolated."""
    if not len(item.rows) or not item.labels:
        return np.zeros(len(CONFIDENCES)), np.zeros(len(CONFIDENCES))
    found = item.flags[:, 0].cumsum()
    recall = found / (item.labels + _LEAST)
    precision = found / np.arange(1, len(found) + 1)
    falling = -item.confidence
    return (np.interp(-CONFIDENCES, falling, precision, left=1), np.interp(-CONFIDENCES, falling, recall, left=0))
