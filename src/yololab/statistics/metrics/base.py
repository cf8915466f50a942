"""The metrics of one evaluation under any weights of its images: what every type of records can be asked for."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.metrics.weighted_ap import Weights

Values = NDArray[np.floating[Any]]


def count_units(rows: NDArray[np.int64], units: NDArray[np.int64] | None) -> int:
    """Return how many images some rows are, or how many groups they belong to."""
    return len(rows) if units is None else len(np.unique(units[rows]))


@dataclass(frozen=True, eq=False)
class Replicates:
    """Metrics of one model in B replicates.

    Attributes:
        metrics: Name → shape (B,); NaN where a replicate holds nothing to measure.
        classes: Name of a class metric → the classes of `class_points`, shape (C, B); NaN where a class is absent.
    """

    metrics: Mapping[str, Values]
    classes: Mapping[str, Values]


@dataclass(frozen=True)
class ClassValue:
    """One class of one model.

    Attributes:
        index: The class.
        images: Images that hold it, or groups of them.
        value: Its metric.
    """

    index: int
    images: int
    value: float


@dataclass(frozen=True, eq=False)
class Part:
    """The primary metric of some of the images, and what each image has to do with it.

    Attributes:
        value: The metric; None where these images hold nothing to measure.
        influence: Its derivative by the weight of each image, f64, shape (I,); 0 for all others.
        added: What each image adds to the value, its labels given, f64, shape (I,): the sum is the value.
        held: Which images hold something to measure, shape (I,).
    """

    value: float | None
    influence: Values
    added: Values
    held: NDArray[np.bool_]

    @property
    def known(self) -> float:
        """The value, 0 where there is none."""
        return 0.0 if self.value is None else self.value


class WeightedMetrics(ABC):
    """The metrics of one evaluation.

    Attributes:
        keys: Keys of the images; I of them.
        primary: Name of the metric that decides.
    """

    keys: Sequence[str]
    primary: str

    @abstractmethod
    def points(self) -> dict[str, float | None]:
        """Return the metrics in double precision; None where nothing can be measured."""

    @abstractmethod
    def class_points(self, units: NDArray[np.int64] | None = None) -> Mapping[str, tuple[ClassValue, ...]]:
        """Return, for each class metric, the classes that have labels; the one of the primary metric comes first.

        Args:
            units: Group of each image, shape (I,): groups that hold a class are counted instead of images.
        """

    @abstractmethod
    def influence(self) -> Values:
        """Return the derivative of the primary metric by the weight of each image, f64, shape (I,)."""

    def held(self) -> Values | None:
        """Return the share of what is measured that each image holds, whatever a model makes of it, shape (I,).

        None where all images hold as much.
        """
        return None

    @abstractmethod
    def parts(self, chosen: Sequence[NDArray[np.bool_]]) -> list[Part]:
        """Return the primary metric of some of the images alone.

        Args:
            chosen: For each part which images it has, shape (I,).
        """

    @abstractmethod
    def replicates(self, weights: Weights, *, everything: bool) -> Replicates:
        """Return the metrics under weights of the images.

        Args:
            weights: Small whole numbers, f32, shape (I, B), C-contiguous.
            everything: Whether the costly metrics besides the primary one are wanted too.
        """

    def at_confidence(self, confidence: float) -> tuple[float, float] | None:  # noqa: ARG002
        """Return precision and recall of the detections above a threshold; None where there are no detections."""
        return None

    def replicates_at(self, confidence: float, weights: Weights) -> tuple[Values, Values] | None:  # noqa: ARG002
        """Return precision and recall as `at_confidence`, under weights of the images, each of shape (B,)."""
        return None

    def image_values(self) -> Values | None:
        """Return the primary metric of each image by itself, NaN where it has none, shape (I,); None for detections."""
        return None

    def certainty(self) -> Values:
        """Return how telling each image is, which puts equal changes in order, shape (I,)."""
        return np.zeros(len(self.keys))

    def prediction_text(self, place: int) -> str | None:  # noqa: ARG002
        """Return what the model says of an image, in words; None when there is nothing but a number."""
        return None

    def truth_of(self, place: int) -> str | None:  # noqa: ARG002
        """Return what is true of an image, in words; None when there is no word for it."""
        return None
