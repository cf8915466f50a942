"""The confidence from which a detection counts, chosen on evaluated images by a rule, and how sure that choice is.

`f1` takes the highest F1 after Ultralytics' smoothing (`ultralytics/utils/metrics.py`, `ap_per_class`). `recall>=r`
takes the highest confidence that still finds so much, so that precision is the best that r allows; `precision>=p` the
lowest that is still so right, so that recall is. Each rule is applied to every class by itself, and to the means over
the classes, which is what one threshold for all of them is held to.

Intervals are percentiles of the bootstrap over images, or groups of them. In each resample the threshold is chosen
again; a resample in which no threshold reaches the rule counts as a threshold of 0 (a recall is wanted) or of 1 (a
precision is): the true one lies beyond what was seen. Precision and recall have the interval of the threshold that was
chosen, as it is, since that is what is used. What the rule names is met exactly on the images that it was chosen on; on
others it is as likely missed as met, which the interval shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.inference.paired_comparison import FEWEST_IMAGES_OF_A_CLASS
from yololab.statistics.inference.resampling import Units
from yololab.statistics.metrics.base import count_units
from yololab.statistics.metrics.operating_point import moving_sum, weighted_curves
from yololab.statistics.metrics.point_metrics import SMOOTHING, f1_score
from yololab.statistics.metrics.ranked_detections import RankedClass
from yololab.statistics.metrics.weighted_ap import Weights, truth_total
from yololab.statistics.records.classification import ClassifyRecords

REPLICATES = 500
F1, RECALL, PRECISION = "f1", "recall", "precision"
# Three digits, which a person can type; in single precision, as confidences are, so that one at 0.9 is at 0.9.
_GRID = (np.arange(1, 1000) / 1000).astype(np.float32).astype(np.float64)
_SIDE = SMOOTHING // 2
_ROUNDING = 1e-6  # of a recall in single precision
_ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class ThresholdRule:
    """How a threshold is chosen.

    Attributes:
        metric: `f1`, `recall` or `precision`.
        at_least: The recall or precision that is wanted; None for the highest F1.
    """

    metric: str = F1
    at_least: float | None = None

    @classmethod
    def read(cls, text: str) -> "ThresholdRule":
        """Return a rule from its text: `f1`, `recall>=0.9`, `precision>=0.95`.

        >>> ThresholdRule.read("recall>=0.9")
        ThresholdRule(metric='recall', at_least=0.9)
        """
        metric, _, least = text.partition(">=")
        return cls(metric, float(least) if least else None)


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; the ends are None where the images say nothing of them."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class OperatingThreshold:
    """The threshold of one class, or of all.

    Attributes:
        threshold: The threshold; None where none reaches the rule.
        precision: Precision of the detections from there on; of all classes the mean. None without a threshold.
        recall: Their recall.
        f1: Their F1; of all classes the mean.
        closest: The best that any threshold gives of what the rule names.
        index: The class; None for all.
        images: Images that hold the class, or groups of them.
        labels: Labels of the class.
    """

    threshold: Estimate | None
    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate | None
    closest: float
    index: int | None
    images: int
    labels: int

    @property
    def few(self) -> bool:
        """Whether too few images hold the class for a threshold of its own."""
        return self.images < FEWEST_IMAGES_OF_A_CLASS


@dataclass(frozen=True)
class OperatingThresholds:
    """The thresholds of an evaluation.

    Attributes:
        overall: One threshold for all classes.
        classes: Those of the classes that have labels.
    """

    overall: OperatingThreshold
    classes: tuple[OperatingThreshold, ...]


def ranked_answers(records: ClassifyRecords) -> tuple[RankedClass, ...]:
    """Return classified images as detections: the first answer of each, right or wrong."""
    classes = []
    for index in np.unique(records.target).tolist():
        named = np.flatnonzero(records.predicted[:, 0] == index)
        order = named[np.argsort(-records.confidence[named], kind="stable")]
        truth = np.flatnonzero(records.target == index)
        right = records.correct[order, :1]
        classes.append(
            RankedClass(index, order, records.confidence[order], right, truth, np.ones(len(truth), np.float32))
        )
    return tuple(classes)


def choose_thresholds(
    ranked: Sequence[RankedClass], units: Units, images: int, rule: ThresholdRule, count: int = REPLICATES
) -> OperatingThresholds | None:
    """Choose a threshold for each class and one for all; None when no class has a label.

    Args:
        ranked: The classes that have labels; flags of IoU 0.5 come first.
        units: What is independent of each other.
        images: Number of images.
        rule: How a threshold is chosen.
        count: Number of resamples.
    """
    if not ranked:
        return None
    ranked = [item.at(0) for item in ranked]
    chosen, closest = _chosen(ranked, np.ones((images, 1), np.float32), rule)
    first = [float(value) for value in chosen[:, 0]]
    again: list[NDArray[np.float64]] = []
    at: list[NDArray[np.float64]] = []
    values = _at(ranked, first, np.ones((images, 1), np.float32))[:, :, 0]
    for block in units.resamples(count):
        weights = units.spread(block)
        again.append(_chosen(ranked, weights, rule)[0])
        at.append(_at(ranked, first, weights))
    resampled, measured = np.concatenate(again, axis=1), np.concatenate(at, axis=2)

    def threshold_of(place: int) -> OperatingThreshold:
        reached = np.isfinite(first[place]) and 0 < first[place] < 1
        item = ranked[place] if place < len(ranked) else None
        precision, recall, f1 = (
            _estimate(values[row, place], measured[row, place]) if reached else None for row in range(3)
        )
        return OperatingThreshold(
            _estimate(round(first[place], 3), resampled[place]) if reached else None,
            precision,
            recall,
            f1,
            closest=float(closest[place, 0]),
            index=None if item is None else item.index,
            images=len(units.keys) if item is None else count_units(item.truth_rows, units.place),
            labels=sum(other.labels for other in ranked) if item is None else item.labels,
        )

    own = tuple(threshold_of(place) for place in range(len(ranked)))
    return OperatingThresholds(threshold_of(len(ranked)), own)


def _chosen(
    ranked: Sequence[RankedClass], weights: Weights, rule: ThresholdRule
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Choose the threshold of each class and, in the last row, of all, in each replicate, shape (C + 1, B).

    Returns:
        The thresholds, 0 or 1 where none reaches the rule, NaN where nothing is to be found; and the best value.
    """
    replicates = weights.shape[1]
    total, present = np.zeros((len(_GRID), replicates), np.float32), np.zeros(replicates, np.float32)
    chosen, closest = np.full((2, len(ranked) + 1, replicates), np.nan)
    for place, item in enumerate(ranked):
        labels = truth_total(item, weights)
        curve = _curve(item, weights, labels, rule)
        chosen[place], closest[place] = _choose(curve, rule)
        chosen[place][labels <= 0] = np.nan
        total += curve * (labels > 0)
        present += labels > 0
    mean: Weights = (total / np.maximum(present, 1)).astype(np.float32)
    chosen[-1], closest[-1] = _choose(mean, rule)
    return chosen, closest


def _curve(item: RankedClass, weights: Weights, labels: Weights, rule: ThresholdRule) -> Weights:
    """Return what a rule looks at, of one class over the confidences, shape (G, B).

    Where nothing is found, nothing is right: a precision of 1 without a detection would be the answer to every rule.
    """
    precision, recall = weighted_curves(item, _GRID, weights, labels, interpolated=rule.metric == F1)
    if rule.metric == F1:
        return f1_score(precision, recall).astype(np.float32)
    return recall if rule.metric == RECALL else np.where(recall > 0, precision, np.float32(0))


def _choose(curve: Weights, rule: ThresholdRule) -> tuple[NDArray[np.float64], Weights]:
    """Return the threshold that a rule takes of a curve, and the curve's highest value, for each replicate."""
    highest: Weights = curve.max(axis=0)
    if rule.at_least is None:
        return np.where(highest > 0, _GRID[moving_sum(curve, _SIDE).argmax(axis=0)], np.nan), highest
    enough = curve >= rule.at_least - _ROUNDING
    if rule.metric == RECALL:
        return np.where(enough.any(axis=0), _GRID[len(_GRID) - 1 - enough[::-1].argmax(axis=0)], 0.0), highest
    return np.where(enough.any(axis=0), _GRID[enough.argmax(axis=0)], 1.0), highest


def _at(ranked: Sequence[RankedClass], thresholds: Sequence[float], weights: Weights) -> NDArray[np.float64]:
    """Return precision, recall and F1 as they are counted, shape (3, C + 1, B).

    Those of each class at its own threshold, and in the last row their means at the last threshold. A class of which
    nothing is found has a precision of 0.
    """
    found = np.full((3, len(ranked) + 1, weights.shape[1]), np.nan)
    means: list[NDArray[np.floating]] = []
    for place, item in enumerate(ranked):
        labels = truth_total(item, weights)
        grid = np.nan_to_num(np.array([thresholds[place], thresholds[-1]]))
        order = np.argsort(grid)
        precision, recall = weighted_curves(item, grid[order], weights, labels, interpolated=False)
        precision = np.where(recall > 0, precision, np.float32(0))
        both = np.stack([precision, recall, f1_score(precision, recall).astype(np.float32)])[:, np.argsort(order)]
        both = np.where(labels > 0, both, np.nan)
        found[:, place] = both[:, 0]
        means.append(both[:, 1])
    stacked = np.stack(means, axis=1)
    known = np.isfinite(stacked).sum(axis=1)
    found[:, -1] = np.where(known > 0, np.nansum(stacked, axis=1) / np.maximum(known, 1), np.nan)
    return found


def _estimate(value: float, replicates: NDArray[np.float64]) -> Estimate:
    """Return a number with the percentiles of its replicates, without those that say nothing."""
    known = replicates[np.isfinite(replicates)]
    low, high = np.quantile(known, _ENDS).tolist() if len(known) else (None, None)
    return Estimate(float(value), low, high)
