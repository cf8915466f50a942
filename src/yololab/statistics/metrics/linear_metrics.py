"""Metrics that are functions of sums over the images: a sum under weights is exact, whatever the weights are.

Accuracy of a classification and errors of a depth estimate are means over the images; IoU and pixel accuracy
(`confusion_metrics`) are quotients of sums of pixels.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.base import ClassValue, Part, Replicates, Values, WeightedMetrics, count_units
from yololab.statistics.metrics.weighted_ap import Weights, segment_sums
from yololab.statistics.records.classification import MOST_NAMED, ClassifyRecords
from yololab.statistics.records.depth import DepthRecords

Sums = Mapping[str, NDArray[np.float64]]


class LinearMetrics(WeightedMetrics):
    """Metrics of sums over the images.

    Attributes:
        class_images: Class index → rows of the images that hold it, for the classes that have labels.
    """

    class_images: Mapping[int, NDArray[np.int64]]

    @abstractmethod
    def sums(self, weights: NDArray[np.float64]) -> Sums:
        """Return every sum under weights of the images.

        Args:
            weights: f64, shape (I, B).

        Returns:
            Name → shape (…, B).
        """

    @abstractmethod
    def measured(self, sums: Sums) -> Replicates:
        """Return the metrics that the sums make."""

    def points(self) -> dict[str, float | None]:
        """Return the metrics of the images as they are."""
        found = ((name, float(values[0])) for name, values in self._plain.metrics.items())
        return {name: None if np.isnan(value) else value for name, value in found}

    def influence(self) -> Values:
        """Return the derivative of the primary metric."""
        return self.influence_in(np.ones(len(self.keys), bool))

    def influence_in(self, chosen: NDArray[np.bool_]) -> Values:
        """Return the derivative of the primary metric of some of the images: of a mean over those that have a value.

        Args:
            chosen: Which images they are, shape (I,).
        """
        values = self.image_values()
        assert values is not None
        known = np.isfinite(values) & chosen
        if not known.any():
            return np.zeros(len(values))
        return np.asarray(np.where(known, values - np.mean(values, where=known), 0) / known.sum())

    def parts(self, chosen: Sequence[NDArray[np.bool_]]) -> list[Part]:
        """Return the primary metric of some of the images alone."""
        if not chosen:
            return []
        found = self.measured(self.sums(np.stack(chosen, axis=1).astype(np.float64))).metrics[self.primary]
        values = self.image_values()
        assert values is not None
        parts = []
        for value, inside in zip(found.tolist(), chosen, strict=True):
            held = np.isfinite(values) & inside
            influence = self.influence_in(inside)
            added = influence + held * (np.nan_to_num(value) / max(held.sum(), 1))
            parts.append(Part(None if np.isnan(value) else value, influence, added, held))
        return parts

    def class_points(self, units: NDArray[np.int64] | None = None) -> Mapping[str, tuple[ClassValue, ...]]:
        """Return the classes that have labels."""
        return {
            name: tuple(
                ClassValue(index, count_units(images, units), float(value))
                for (index, images), value in zip(self.class_images.items(), values[:, 0], strict=True)
            )
            for name, values in self._plain.classes.items()
        }

    def replicates(self, weights: Weights, *, everything: bool) -> Replicates:  # noqa: ARG002 - all cost the same
        """Return the metrics under weights of the images."""
        return self.measured(self.sums(weights.astype(np.float64)))

    @cached_property
    def _plain(self) -> Replicates:
        """The metrics of the images as they are."""
        return self.measured(self.sums(np.ones((len(self.keys), 1))))


class ClassifyMetrics(LinearMetrics):
    """Top-1 and top-5 accuracy; of each class, the top-1 accuracy of its images.

    Args:
        records: The evaluation.
        primary: `top1` or `top5`.
    """

    def __init__(self, records: ClassifyRecords, primary: str = "top1") -> None:
        self.keys: Sequence[str] = records.keys
        self.primary = primary
        self.correct = records.correct
        self._records = records
        indices, counts = np.unique(records.target, return_counts=True)
        self._by_class = np.argsort(records.target, kind="stable")
        self._starts = np.cumsum(counts) - counts
        self.class_images = dict(zip(indices.tolist(), np.split(self._by_class, self._starts[1:]), strict=True))

    def image_values(self) -> Values:
        """Return 1 for an image that is right, else 0."""
        return self.correct[:, ("top1", "top5").index(self.primary)].astype(np.float64)

    def certainty(self) -> Values:
        """Return the confidence of the first class."""
        return self._records.confidence.astype(np.float64)

    @property
    def certain(self) -> tuple[str, ...]:
        """The metrics that cannot be otherwise: of five classes at most, one of the first five is always right."""
        return ("top5",) if len(self._records.names) <= MOST_NAMED else ()

    def says_the_same(self, other: ClassifyMetrics) -> bool:
        """Return whether another model names the same classes with the same confidence in every image."""
        ours, theirs = self._records, other._records
        return np.array_equal(ours.predicted, theirs.predicted) and np.array_equal(ours.confidence, theirs.confidence)

    def prediction_text(self, place: int) -> str:
        """Return the first class and its confidence."""
        return f"{self._name(self._records.predicted[place, 0])} {self._records.confidence[place]:.2f}"

    def truth_of(self, place: int) -> str:
        """Return the class of an image."""
        return self._name(self._records.target[place])

    def _name(self, index: int) -> str:
        """Return the name of a class."""
        return self._records.names.get(int(index), str(index))

    def sums(self, weights: NDArray[np.float64]) -> Sums:
        """Return the weighted number of images, of right ones, and both for each class."""
        right = self.correct[self._by_class, 0].astype(np.float64)
        return {
            "right": self.correct.T.astype(np.float64) @ weights,
            "images": weights.sum(axis=0),
            "right of class": segment_sums(self._by_class, self._starts, weights, right),
            "images of class": segment_sums(self._by_class, self._starts, weights),
        }

    def measured(self, sums: Sums) -> Replicates:
        """Return the shares of right images."""
        top1, top5 = quotient(sums["right"], sums["images"])
        return Replicates(
            {"top1": top1, "top5": top5}, {"top1": quotient(sums["right of class"], sums["images of class"])}
        )


class DepthMetrics(LinearMetrics):
    """Means of the images' own errors; an image that was left out has no weight.

    Args:
        records: The evaluation.
        primary: One of the metrics of the records.
    """

    def __init__(self, records: DepthRecords, primary: str = "delta1") -> None:
        self.keys: Sequence[str] = records.keys
        self.primary = primary
        self.names = records.metrics
        self.class_images = {}
        self._known = np.isfinite(records.values).astype(np.float64)
        self._values = np.where(self._known > 0, records.values, 0).astype(np.float64)

    def image_values(self) -> Values:
        """Return the images' own errors, NaN where an image was left out."""
        column = self._values[:, self.names.index(self.primary)]
        return np.where(self._known[:, self.names.index(self.primary)] > 0, column, np.nan)

    def sums(self, weights: NDArray[np.float64]) -> Sums:
        """Return the weighted sums of the errors, and the weighted number of images that have them."""
        return {"values": self._values.T @ weights, "images": self._known.T @ weights}

    def measured(self, sums: Sums) -> Replicates:
        """Return the means."""
        return Replicates(dict(zip(self.names, quotient(sums["values"], sums["images"]), strict=True)), {})


def quotient(part: NDArray[np.float64], whole: NDArray[np.floating]) -> NDArray[np.float64]:
    """Divide; NaN where there is nothing to divide by."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)
