"""Precision, recall and F1 over the confidence, and precision over the recall: the curves that Ultralytics draws.

Source: `ultralytics/utils/metrics.py`, `ap_per_class`, `plot_pr_curve`, `plot_mc_curve` (8.4), at IoU 0.5.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.point_metrics import CONFIDENCES, Values, class_curves, f1_score, smoothed
from yololab.statistics.metrics.ranked_detections import RankedClass
from yololab.statistics.records.classification import ClassifyRecords


@dataclass(frozen=True, eq=False)
class ConfidenceCurves:
    """The curves of C classes that have labels, each over `CONFIDENCES`, shape (C, 1000).

    Attributes:
        classes: The classes, shape (C,).
        precision: Precision at each confidence.
        recall: Recall at each confidence.
        f1: Their harmonic mean.
        precision_at_recall: Precision at each recall from 0 to 1: what the AP50 is the area of.
    """

    classes: tuple[int, ...]
    precision: Values
    recall: Values
    f1: NDArray[np.floating]
    precision_at_recall: Values

    def mean(self, curve: str) -> Values:
        """Return the mean of the classes, shape (1000,); over the confidence it is smoothed, as Ultralytics draws it.

        Args:
            curve: Name of the attribute.
        """
        mean: Values = getattr(self, curve).mean(axis=0)
        return mean if curve == "precision_at_recall" else smoothed(mean)


def confidence_curves(ranked: Sequence[RankedClass]) -> ConfidenceCurves | None:
    """Return the curves of an evaluation; None when no class has labels.

    Args:
        ranked: The classes that have labels.
    """
    if not ranked:
        return None
    precision, recall = (np.stack(curves) for curves in zip(*map(class_curves, ranked), strict=True))
    of_recall = np.stack([_precision_at_recall(item) for item in ranked])
    return ConfidenceCurves(
        tuple(item.index for item in ranked), precision, recall, f1_score(precision, recall), of_recall
    )


def _precision_at_recall(item: RankedClass) -> Values:
    """Return the envelope of precision over recall, which falls to 0 where no detection reaches."""
    if not len(item.rows):
        return np.zeros(len(CONFIDENCES))
    found = item.flags[:, 0].cumsum()
    recall = found / item.labels
    precision = np.concatenate(([1.0], found / np.arange(1, len(found) + 1), [0.0, 0.0]))
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return np.interp(CONFIDENCES, np.concatenate(([0.0], recall, [recall[-1], 1.0])), envelope)


def kept_and_right(records: ClassifyRecords) -> tuple[Values, Values]:
    """Return, for each confidence, the share of images that are at least as sure, and how many of those are right.

    Args:
        records: The classified images, at least one.

    Returns:
        Two arrays of shape (1000,); the second is NaN where no image is that sure.
    """
    order = np.argsort(records.confidence, kind="stable")
    below = np.searchsorted(records.confidence[order], CONFIDENCES.astype(np.float32))
    right: NDArray[Any] = np.concatenate(([0], records.correct[order, 0].cumsum()))
    kept = len(order) - below
    accuracy = np.where(kept > 0, (right[-1] - right[below]) / np.maximum(kept, 1), np.nan)
    return kept / len(order), accuracy
