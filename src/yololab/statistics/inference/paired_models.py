"""Two models measured on the same images: their metrics under any weights, and with any images swapped."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.inference.hypothesis_tests import discordant_interval, exact_mcnemar
from yololab.statistics.metrics.base import ClassValue, Replicates, Values, WeightedMetrics
from yololab.statistics.metrics.confusion_metrics import ConfusionMetrics
from yololab.statistics.metrics.detection_metrics import (
    CLASS,
    PRIMARY,
    SUFFIXES,
    DetectionMetrics,
    Ranked,
    detection_replicates,
    ranked_together,
)
from yololab.statistics.metrics.linear_metrics import ClassifyMetrics, DepthMetrics, LinearMetrics, Sums
from yololab.statistics.metrics.weighted_ap import Weights
from yololab.statistics.records.base import Records
from yololab.statistics.records.classification import ClassifyRecords
from yololab.statistics.records.confusion import ConfusionRecords
from yololab.statistics.records.depth import DepthRecords
from yololab.statistics.records.detections import DetectionRecords

# Below, a bootstrap of the images that differ is a lottery of a handful: McNemar turned around gives exact intervals.
FEW_DISCORDANT = 10


@dataclass(frozen=True)
class ExactTest:
    """A test whose p-value needs no replicates.

    Attributes:
        test: Its name.
        metric: What it tests.
        only_current: Images that only the current model has right.
        only_baseline: Images that only the baseline has right.
        p: Two-sided p-value.
    """

    test: str
    metric: str
    only_current: int
    only_baseline: int
    p: float


class Pair(ABC):
    """Two models over the same images.

    Args:
        current: The current model.
        baseline: The baseline.
    """

    def __init__(self, current: WeightedMetrics, baseline: WeightedMetrics) -> None:
        self.current, self.baseline = current, baseline
        self.keys: Sequence[str] = current.keys
        self.primary = current.primary

    def points(self) -> tuple[dict[str, float | None], dict[str, float | None]]:
        """Return the metrics of the current model and of the baseline, in double precision."""
        return self.current.points(), self.baseline.points()

    def classes(self, units: NDArray[np.int64] | None = None) -> Mapping[str, list[tuple[ClassValue, ClassValue]]]:
        """Return the classes that have labels in both models, by class metric, in the order of the replicates.

        Args:
            units: Group of each image; None where each image is counted.
        """
        before = self.baseline.class_points(units)
        return {
            metric: list(zip(values, before[metric], strict=True))
            for metric, values in self.current.class_points(units).items()
        }

    def influence(self) -> Values:
        """Return the derivative of the primary metric's difference by the weight of each image, shape (I,)."""
        return self.current.influence() - self.baseline.influence()

    def unlike(self) -> NDArray[np.bool_]:
        """Return in which images the two models say something else, as far as that is known, shape (I,)."""
        return np.ones(len(self.keys), bool)

    def swap_influences(self) -> Iterator[tuple[str, int | None, Values]] | None:
        """Yield metric, place of the class or None, and influences, shape (I,), of all that swaps would move.

        None where swaps themselves cost nothing.
        """
        return None

    def sampled(self, weights: Weights, *, everything: bool) -> tuple[Replicates, Replicates]:
        """Return both models' metrics under weights of the images.

        Args:
            weights: f32, shape (I, B).
            everything: Whether the costly metrics besides the primary one are wanted too.
        """
        return (
            self.current.replicates(weights, everything=everything),
            self.baseline.replicates(weights, everything=everything),
        )

    @abstractmethod
    def swapped(self, swap: Weights, *, everything: bool) -> tuple[Replicates, Replicates]:
        """Return both models' metrics after exchanging some images' results.

        Args:
            swap: 1 where an image is swapped, else 0, f32, shape (I, B).
            everything: As in `sampled`.
        """

    def exact_tests(self) -> tuple[ExactTest, ...]:
        """Return the tests that need no replicates."""
        return ()

    def exact_interval(self, metric: str, level: float) -> tuple[float, float] | None:  # noqa: ARG002
        """Return an interval of a metric's difference where replicates cannot give one; None where they can."""
        return None


class DetectionPair(Pair):
    """Two models whose results are detections.

    Args:
        current: The current model.
        baseline: The baseline, over the same images and labels.
    """

    def __init__(self, current: DetectionMetrics, baseline: DetectionMetrics) -> None:
        super().__init__(current, baseline)
        self._sides = (current, baseline)

    @cached_property
    def _together(self) -> Ranked:
        current, baseline = self._sides
        return ranked_together(current.records, baseline.records, current.kind)

    def unlike(self) -> NDArray[np.bool_]:
        """Return in which images there are other detections: of another class, confidence or rightness."""
        ours, theirs = (side.records for side in self._sides)
        alike = ours.detections == theirs.detections
        rows, others = np.repeat(alike, ours.detections), np.repeat(alike, theirs.detections)
        same = (ours.classes[rows] == theirs.classes[others]) & (ours.confidence[rows] == theirs.confidence[others])
        for kind, flags in ours.flags.items():
            same &= flags[rows] == theirs.flags[kind][others]
        alike[ours.image[rows][~same]] = False
        return np.asarray(~alike)

    def swap_influences(self) -> Iterator[tuple[str, int | None, Values]]:
        """Yield the influences on mAP50, mAP50-95 and every class's AP50-95, of every kind."""
        ours, theirs = self._sides
        for kind, suffix in SUFFIXES.items():
            sides = ours.ranked.get(kind, ()), theirs.ranked.get(kind, ())
            if not sides[0]:
                continue
            half = [side.influence_of(ranked, 1) for side, ranked in zip(self._sides, sides, strict=True)]
            yield "mAP50" + suffix, None, half[0] - half[1]
            total = np.zeros(len(self.keys))
            for place, (now, before) in enumerate(zip(*sides, strict=True)):
                change = ours.influence_of([now]) - theirs.influence_of([before])
                total += change / len(sides[0])
                yield CLASS + suffix, place, change
            yield PRIMARY + suffix, None, total

    def swapped(self, swap: Weights, *, everything: bool) -> tuple[Replicates, Replicates]:
        """Return both models' metrics after exchanging some images' results."""
        ones = np.ones_like(swap)
        kept = ones - swap
        return (
            detection_replicates(self._together, np.concatenate((kept, swap)), ones, everything=everything),
            detection_replicates(self._together, np.concatenate((swap, kept)), ones, everything=everything),
        )


class LinearPair(Pair):
    """Two models whose metrics are functions of sums over the images.

    Args:
        current: The current model.
        baseline: The baseline.
    """

    def __init__(self, current: LinearMetrics, baseline: LinearMetrics) -> None:
        super().__init__(current, baseline)
        self._sides = (current, baseline)

    def unlike(self) -> NDArray[np.bool_]:
        """Return in which images the primary metric has another value."""
        ours, theirs = (side.image_values() for side in self._sides)
        assert ours is not None
        assert theirs is not None
        return ~np.isclose(ours, theirs, rtol=0, atol=0, equal_nan=True)

    def swapped(self, swap: Weights, *, everything: bool) -> tuple[Replicates, Replicates]:  # noqa: ARG002
        """Return both models' metrics after exchanging some images' results."""
        ours, theirs = self._sides
        moved = swap.astype(np.float64)
        kept = 1 - moved
        return (
            ours.measured(_added(ours.sums(kept), theirs.sums(moved))),
            ours.measured(_added(theirs.sums(kept), ours.sums(moved))),
        )


class ClassifyPair(LinearPair):
    """Two models that classify the same images.

    Where few images tell the two apart, replicates of these images know too little of all the others, and the intervals
    are exact ones: two models that are right in the same fifty images need not be equal.

    Args:
        current: The current model.
        baseline: The baseline.
    """

    def __init__(self, current: ClassifyMetrics, baseline: ClassifyMetrics) -> None:
        super().__init__(current, baseline)
        self._correct = (current.correct, baseline.correct)
        self._alike, self._certain = current.says_the_same(baseline), current.certain

    def exact_interval(self, metric: str, level: float) -> tuple[float, float] | None:
        """Return an exact interval where few images tell the models apart, and something else does."""
        test = next(test for test in self.exact_tests() if test.metric == metric)
        if (
            self._alike
            or metric in self._certain
            or test.only_current + test.only_baseline >= FEW_DISCORDANT
            or not len(self.keys)
        ):
            return None
        return discordant_interval(test.only_current, test.only_baseline, len(self.keys), level)

    def exact_tests(self) -> tuple[ExactTest, ...]:
        """Return McNemar's test on both accuracies."""
        ours, theirs = self._correct
        only_ours, only_theirs = (ours & ~theirs).sum(axis=0).tolist(), (theirs & ~ours).sum(axis=0).tolist()
        return tuple(
            ExactTest("McNemar", metric, first, second, exact_mcnemar(first, second))
            for metric, first, second in zip(("top1", "top5"), only_ours, only_theirs, strict=True)
        )


def _added(first: Sums, second: Sums) -> Sums:
    """Add sums by their names."""
    return {name: values + second[name] for name, values in first.items()}


# Type of the records → what measures one side, and what pairs two of them. A new type of records is a row here.
_MEASURES: Mapping[str, tuple[Callable[[Any, str], WeightedMetrics], Callable[[Any, Any], Pair]]] = {
    DetectionRecords.RECORD_TYPE: (DetectionMetrics, DetectionPair),
    ClassifyRecords.RECORD_TYPE: (ClassifyMetrics, ClassifyPair),
    ConfusionRecords.RECORD_TYPE: (ConfusionMetrics, LinearPair),
    DepthRecords.RECORD_TYPE: (DepthMetrics, LinearPair),
}


@lru_cache(maxsize=2)
def metrics_of(records: Records, primary: str) -> WeightedMetrics:
    """Return the metrics of an evaluation, whatever its records are.

    Ranking the detections takes a while, and a comparison asks in several places: those of its two sides are kept.

    Args:
        records: The records.
        primary: The metric that decides.
    """
    return _MEASURES[records.RECORD_TYPE][0](records, primary)


def pair_of(current: Records, baseline: Records, primary: str) -> Pair:
    """Return two evaluations as a pair, whatever their records are.

    Args:
        current: The current model's records.
        baseline: The baseline's, over the same images and labels.
        primary: The metric that decides.

    Raises:
        ValueError: The records are not of one type.
    """
    if current.RECORD_TYPE != baseline.RECORD_TYPE:
        raise ValueError(f"{current.RECORD_TYPE} cannot be paired with {baseline.RECORD_TYPE}")
    return _MEASURES[current.RECORD_TYPE][1](metrics_of(current, primary), metrics_of(baseline, primary))
