"""The metrics of detections: average precision, precision and recall, of boxes and of what else is matched."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.base import ClassValue, Part, Replicates, Values, WeightedMetrics, count_units
from yololab.statistics.metrics.influence import ap_influence
from yololab.statistics.metrics.operating_point import operating_point
from yololab.statistics.metrics.point_metrics import PointMetrics, class_aps, point_metrics
from yololab.statistics.metrics.ranked_detections import RankedClass, rank_classes, rank_together
from yololab.statistics.metrics.weighted_ap import Weights, mean_over_classes, weighted_ap
from yololab.statistics.records.detections import DetectionRecords

# What is matched → what stands behind the name of its metrics, e.g. mAP50-95(M).
SUFFIXES = {"box": "", "mask": "(M)", "pose": "(P)"}
PRIMARY, CLASS = "mAP50-95", "AP50-95"
# What is matched → the classes as they are ranked.
Ranked = Mapping[str, tuple[RankedClass, ...]]


def primary_kind(primary: str) -> str:
    """Return what a primary metric matches.

    Raises:
        ValueError: It is no mAP50-95.
    """
    kinds = {PRIMARY + suffix: kind for kind, suffix in SUFFIXES.items()}
    if primary not in kinds:
        raise ValueError(f"{primary!r} is no metric that a comparison of detections can rest on")
    return kinds[primary]


class DetectionMetrics(WeightedMetrics):
    """The metrics of detections.

    Args:
        records: The evaluation.
        primary: The metric that decides: `mAP50-95`, `mAP50-95(M)` or `mAP50-95(P)`.
    """

    def __init__(self, records: DetectionRecords, primary: str = PRIMARY) -> None:
        self.records, self.primary = records, primary
        self.keys: Sequence[str] = records.keys
        self.kind = primary_kind(primary)
        self.ranked: Ranked = {kind: rank_classes(records, kind) for kind in _primary_first(records.flags, self.kind)}
        self._points: dict[str, PointMetrics] = {}

    def points(self) -> dict[str, float | None]:
        """Return the metrics of every kind."""
        return {
            name + SUFFIXES[kind]: value for kind in self.ranked for name, value in self.point_of(kind).means.items()
        }

    def class_points(self, units: NDArray[np.int64] | None = None) -> Mapping[str, tuple[ClassValue, ...]]:
        """Return the AP50-95 of each class, of every kind."""
        return {
            CLASS + SUFFIXES[kind]: tuple(
                ClassValue(item.index, count_units(item.truth_rows, units), value)
                for item, value in zip(ranked, self.point_of(kind).ap.mean(axis=1).tolist(), strict=True)
            )
            for kind, ranked in self.ranked.items()
        }

    def held(self) -> Values:
        """Return each image's share of the labels, every class counted alike, as the mean over classes does."""
        ranked, shares = self.ranked[self.kind], np.zeros(len(self.keys))
        for item in ranked:
            shares[item.truth_rows] += item.truth_counts / (max(item.labels, 1) * len(ranked))
        return shares

    def replicates(self, weights: Weights, *, everything: bool) -> Replicates:
        """Return the metrics under weights of the images."""
        return detection_replicates(self.ranked, weights, weights, everything=everything)

    def influence(self) -> Values:
        """Return the derivative of the primary metric by the weight of each image."""
        return self.influence_of(self.ranked[self.kind])

    def influence_of(self, ranked: Sequence[RankedClass], thresholds: int | None = None) -> Values:
        """Return the derivative of the mean AP of some classes, over the first thresholds or all of them."""
        parts = (ap_influence(item, len(self.keys), thresholds or item.flags.shape[1]) for item in ranked)
        return np.asarray(sum(parts, np.zeros(len(self.keys))) / max(len(ranked), 1))

    def parts(self, chosen: Sequence[NDArray[np.bool_]]) -> list[Part]:
        """Return the primary metric of some of the images alone: of the classes that have labels there."""
        ranked, images, found = self.ranked[self.kind], len(self.keys), []
        for inside in chosen:
            present = [own for item in ranked if (own := item.of(inside)).labels]
            values = class_aps(present).mean(axis=1)
            influence, of_labels, held = np.zeros(images), np.zeros(images), np.zeros(images, bool)
            added = np.zeros(images)
            for own, value in zip(present, values.tolist(), strict=True):
                moved, holders = ap_influence(own, images, own.flags.shape[1]) / len(present), len(own.truth_rows)
                of_labels[own.truth_rows] += value * own.truth_counts / (own.labels * len(present))
                held[own.truth_rows] = True
                added += moved
                if holders > 1:
                    influence += moved * (holders / (holders - 1)) ** 0.5
                else:
                    influence[own.truth_rows] += (value - values.mean()) / len(present)
            found.append(Part(float(values.mean()) if present else None, influence, added + of_labels, held))
        return found

    def at_confidence(self, confidence: float) -> tuple[float, float] | None:
        """Return precision and recall of what the primary metric matches, means over the classes."""
        found = self.replicates_at(confidence, np.ones((len(self.keys), 1), np.float32))
        return (float(found[0][0]), float(found[1][0])) if found else None

    def replicates_at(self, confidence: float, weights: Weights) -> tuple[Values, Values] | None:
        """Return precision and recall as `at_confidence`, under weights of the images, each of shape (B,)."""
        if not self.ranked[self.kind]:
            return None
        found = operating_point(self.ranked[self.kind], weights, weights, confidence)
        return mean_over_classes(found.precision), mean_over_classes(found.recall)

    def point_of(self, kind: str) -> PointMetrics:
        """Return the metrics of one kind."""
        if kind not in self._points:
            self._points[kind] = point_metrics(self.ranked[kind])
        return self._points[kind]


def ranked_together(current: DetectionRecords, baseline: DetectionRecords, kind: str) -> Ranked:
    """Rank the detections of both models in one order, the kind that decides first."""
    return {other: rank_together([current, baseline], other) for other in _primary_first(current.flags, kind)}


def detection_replicates(ranked: Ranked, weights: Weights, truth: Weights, *, everything: bool) -> Replicates:
    """Measure every kind; of all but the first, and precision and recall, only when everything is wanted.

    Args:
        ranked: The kinds, the one that decides first.
        weights: Weight of each row of detections, f32, shape (V, B).
        truth: Weight of each row of labels, f32, shape (I, B).
        everything: Whether the costly metrics besides the primary one are wanted too.
    """
    metrics: dict[str, Values] = {}
    per_class: dict[str, Values] = {}
    for kind, classes in ranked.items():
        suffix = SUFFIXES[kind]
        ap = weighted_ap(classes, weights, truth)
        metrics["mAP50" + suffix] = mean_over_classes(ap[:, 0])
        mean_ap = ap.mean(axis=1)
        metrics[PRIMARY + suffix] = mean_over_classes(mean_ap)
        per_class[CLASS + suffix] = mean_ap
        if not everything:
            break
        point = operating_point(classes, weights, truth)
        metrics["precision" + suffix] = mean_over_classes(point.precision)
        metrics["recall" + suffix] = mean_over_classes(point.recall)
    return Replicates(metrics, per_class)


def _primary_first(kinds: Mapping[str, object], primary: str) -> list[str]:
    """Return the kinds with the one that decides at the front."""
    if primary not in kinds:
        raise ValueError(f"the records hold {', '.join(kinds)}, not {primary}")
    return sorted(kinds, key=lambda kind: kind != primary)
