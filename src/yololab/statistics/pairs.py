"""Two models measured on the same images: their metrics under any weights, and with any images swapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from yololab.statistics.operating_point import operating_point
from yololab.statistics.point_metrics import point_metrics
from yololab.statistics.ranking import RankedClass, rank_classes, rank_together
from yololab.statistics.records import DetectionRecords
from yololab.statistics.weighted_ap import Weights, mean_over_classes, weighted_ap

# What is matched → what stands behind the name of its metrics, e.g. mAP50-95(M).
SUFFIXES = {"box": "", "mask": "(M)", "pose": "(P)"}


@dataclass(frozen=True, eq=False)
class Replicates:
    """Metrics of one model in B replicates.

    Attributes:
        metrics: Name → f32, shape (B,); NaN where a replicate holds nothing to measure.
        per_class: The primary metric of C classes, f32, shape (C, B); NaN where a class is absent.
    """

    metrics: Mapping[str, Weights]
    per_class: Weights


@dataclass(frozen=True)
class ClassPoint:
    """A class in both models.

    Attributes:
        index: The class.
        images: Images that hold it.
        current: The primary metric of the current model.
        baseline: The same of the baseline.
    """

    index: int
    images: int
    current: float
    baseline: float


class Pair(Protocol):
    """Two models over the same images."""

    @property
    def keys(self) -> Sequence[str]:
        """Keys of the images."""

    @property
    def primary(self) -> str:
        """Name of the primary metric."""

    def points(self) -> tuple[dict[str, float | None], dict[str, float | None]]:
        """Return the metrics of the current model and of the baseline, in double precision."""

    def classes(self) -> tuple[ClassPoint, ...]:
        """Return the classes that have labels."""

    def sampled(self, weights: Weights, *, everything: bool) -> tuple[Replicates, Replicates]:
        """Return both models' metrics under weights of the images.

        Args:
            weights: f32, shape (I, B).
            everything: Whether the costly metrics beside the primary one are wanted too.
        """

    def swapped(self, swap: Weights, *, everything: bool) -> tuple[Replicates, Replicates]:
        """Return both models' metrics after exchanging some images' results.

        Args:
            swap: 1 where an image is swapped, else 0, f32, shape (I, B).
            everything: As in `sampled`.
        """


@dataclass(frozen=True, eq=False)
class _Kind:
    """What is matched, ranked for both models and for both together."""

    suffix: str
    current: tuple[RankedClass, ...]
    baseline: tuple[RankedClass, ...]
    together: tuple[RankedClass, ...]


class DetectionPair:
    """Two models whose results are detections.

    Args:
        current: Records of the current model.
        baseline: Records of the baseline, over the same images and labels.
        primary_kind: What decides: `box`, `mask` or `pose`.
    """

    def __init__(self, current: DetectionRecords, baseline: DetectionRecords, primary_kind: str = "box") -> None:
        self.keys: Sequence[str] = current.keys
        self.primary = "mAP50-95" + SUFFIXES[primary_kind]
        self._kinds = tuple(
            _Kind(
                SUFFIXES[kind],
                rank_classes(current, kind),
                rank_classes(baseline, kind),
                rank_together([current, baseline], kind),
            )
            for kind in current.flags
        )

    def points(self) -> tuple[dict[str, float | None], dict[str, float | None]]:
        """Return the metrics of both models."""
        both: tuple[dict[str, float | None], dict[str, float | None]] = ({}, {})
        for kind in self._kinds:
            for target, ranked in zip(both, (kind.current, kind.baseline), strict=True):
                target |= {name + kind.suffix: value for name, value in point_metrics(ranked).means.items()}
        return both

    def classes(self) -> tuple[ClassPoint, ...]:
        """Return the classes that have labels, with the primary metric of each."""
        kind = self._primary_kind
        current, baseline = (point_metrics(ranked).ap.mean(axis=1).tolist() for ranked in (kind.current, kind.baseline))
        return tuple(
            ClassPoint(item.index, len(item.truth_rows), now, before)
            for item, now, before in zip(kind.current, current, baseline, strict=True)
        )

    def sampled(self, weights: Weights, *, everything: bool) -> tuple[Replicates, Replicates]:
        """Return both models' metrics under weights of the images."""
        return (
            self._replicates([kind.current for kind in self._kinds], weights, weights, everything),
            self._replicates([kind.baseline for kind in self._kinds], weights, weights, everything),
        )

    def swapped(self, swap: Weights, *, everything: bool) -> tuple[Replicates, Replicates]:
        """Return both models' metrics after exchanging some images' results."""
        together = [kind.together for kind in self._kinds]
        ones = np.ones_like(swap)
        kept = ones - swap
        return (
            self._replicates(together, np.concatenate((kept, swap)), ones, everything),
            self._replicates(together, np.concatenate((swap, kept)), ones, everything),
        )

    @property
    def _primary_kind(self) -> _Kind:
        return next(kind for kind in self._kinds if self.primary == "mAP50-95" + kind.suffix)

    def _replicates(
        self, ranked: Sequence[tuple[RankedClass, ...]], weights: Weights, truth: Weights, everything: bool
    ) -> Replicates:
        """Measure every kind; precision and recall only when everything is wanted."""
        metrics: dict[str, Weights] = {}
        per_class = np.zeros((0, weights.shape[1]), np.float32)
        for kind, classes in zip(self._kinds, ranked, strict=True):
            name = "mAP50-95" + kind.suffix
            if not everything and name != self.primary:
                continue
            ap = weighted_ap(classes, weights, truth)
            metrics["mAP50" + kind.suffix] = mean_over_classes(ap[:, 0])
            mean_ap = ap.mean(axis=1)
            metrics[name] = mean_over_classes(mean_ap)
            if name == self.primary:
                per_class = mean_ap
            if everything:
                point = operating_point(classes, weights, truth)
                metrics["precision" + kind.suffix] = mean_over_classes(point.precision)
                metrics["recall" + kind.suffix] = mean_over_classes(point.recall)
        return Replicates(metrics, per_class)
