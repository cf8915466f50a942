"""The replicates of a paired comparison: differences in resamples and after swaps, drawn as far as they are needed.

A resample costs time, its linear approximation (the influences under its weights) none. So a few resamples are measured
exactly; what these depart from a parabola in the linear value is put on the parabola of thousands of linear ones. Where
the two agree to 99 %, as they do from a few hundred images on, 500 resamples know an interval as 10,000 would. Source:
Efron (1990), "More efficient bootstrap computations", JASA 85, 79–89 (control functions).
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.inference.hypothesis_tests import inverted_p, permutation_p, sign_flip_p, studentised_p
from yololab.statistics.inference.paired_models import Pair
from yololab.statistics.inference.resampling import Progress, Units, untold
from yololab.statistics.metrics.base import Replicates, Values
from yololab.statistics.metrics.weighted_ap import Weights

_MOST = 10**9  # draws are made when they are asked for
# Linear replicates: so many draws in all, and in any case enough for the ends of an interval.
_DRAWS, _LEAST_LINEAR, _MOST_LINEAR = 20_000_000, 2_000, 10_000
_MOST_DRAWS = 400_000_000  # for the smallest p-values
_SAME = 1e-9
Deltas = dict[str, NDArray[np.floating]]


class PairedReplicates:
    """Differences `current − baseline` of two models in the same replicates.

    Where swapping is costly and units are many, the swaps of what is an average precision are counted in closed form
    (`sign_flip_p`), and the p-values of the other metrics belong to their intervals (`inverted_p`).

    Args:
        pair: The models.
        units: What is resampled.
        exact_swaps: Whether swaps are drawn in any case.
        least: How many linear replicates are wanted at least: the smallest p-values need many.
        progress: Told of each block of replicates.

    Attributes:
        count: Replicates so far.
        sampled: Metric → its difference in each resample, shape (B,).
        sampled_classes: Class metric → differences of its classes, shape (C, B).
        influence: What each unit adds to the difference of the primary metric, shape (U,).
    """

    def __init__(
        self, pair: Pair, units: Units, *, exact_swaps: bool, least: int = 0, progress: Progress = untold
    ) -> None:
        self.pair, self.units, self.count = pair, units, 0
        self._progress, self._measured = progress, 0
        self.sampled: Deltas = {}
        self.sampled_classes: Deltas = {}
        self._permuted: Deltas = {}
        self._permuted_classes: Deltas = {}
        self.influence: Values = units.gathered(np.asarray(pair.influence(), np.float64))
        powers = np.stack([self.influence, np.square(self.influence)])
        linear = int(np.clip(_DRAWS // len(units.keys), _LEAST_LINEAR, _MOST_LINEAR))
        linear = max(linear, min(least, _MOST_DRAWS // len(units.keys)))
        self._moments: NDArray[np.float64] = np.hstack([powers @ block for block in units.resamples(linear)])
        self._closed: dict[tuple[str, int | None], Values] | None = None
        found = None if exact_swaps else pair.swap_influences()
        if found is not None:
            # Only the root of the squares is kept of each class: thousands of classes have as many images.
            self._closed = {(metric, place): self._size(values) for metric, place, values in found}
        self._resamples = units.resamples(_MOST)
        self._swaps = units.swaps(_MOST)

    @property
    def closed(self) -> bool:
        """Whether swaps are counted in closed form."""
        return self._closed is not None

    def _size(self, values: Values) -> Values:
        """Return the root of the sum of squared influences of the units, as one influence, shape (1,)."""
        return np.asarray(np.sqrt(np.square(self.units.gathered(values)).sum(keepdims=True)))

    def extend(self, count: int, everything: int) -> None:
        """Draw more replicates.

        Args:
            count: How many there have to be.
            everything: Of how many the costly metrics besides the primary one are wanted.
        """

        def resampled(block: Weights, *, everything: bool) -> tuple[Replicates, Replicates]:
            return self.pair.sampled(self.units.spread(block), everything=everything)

        def swapped(block: Weights, *, everything: bool) -> tuple[Replicates, Replicates]:
            return self.pair.swapped(self.units.spread(block), everything=everything)

        self._tell(count)
        self._draw(self._resamples, resampled, (self.sampled, self.sampled_classes), count, everything)
        if self._closed is None:
            self._draw(self._swaps, swapped, (self._permuted, self._permuted_classes), count, everything)
        self.count = self.sampled[self.pair.primary].shape[0]

    def _draw(
        self,
        blocks: Iterator[Weights],
        measure: Callable[..., tuple[Replicates, Replicates]],
        into: tuple[Deltas, Deltas],
        count: int,
        everything: int,
    ) -> None:
        """Add the differences of further blocks: of the metrics, and of the classes."""
        done, parts = self.count, [{name: [values] for name, values in target.items()} for target in into]
        while done < count:
            block = next(blocks)
            current, baseline = measure(block, everything=done < everything)
            sides = (current.metrics, baseline.metrics), (current.classes, baseline.classes)
            for part, (ours, theirs) in zip(parts, sides, strict=True):
                for name, values in ours.items():
                    part.setdefault(name, []).append(values - theirs[name])
            done += block.shape[1]
            self._measured += block.shape[1]
            self._tell(count)
        for target, part in zip(into, parts, strict=True):
            target.update({name: np.concatenate(values, axis=-1) for name, values in part.items()})

    def _tell(self, count: int) -> None:
        """Tell of the progress towards so many replicates."""
        wanted = count if self.closed else 2 * count
        self._progress(min(self._measured, wanted), wanted)

    def primary(self) -> tuple[Values, float]:
        """Return the differences of the primary metric in all linear replicates, and how far the exact ones depart.

        Returns:
            The differences, shape (M,); the root of the share of the variance that the parabola does not explain.
        """
        exact = self.sampled[self.pair.primary].astype(np.float64)
        known = np.isfinite(exact)
        linear = self._moments[0]
        spread = linear.std()
        if spread < _SAME or known.sum() < 3 or len(exact) >= len(linear):
            return exact, 1.0
        scaled = linear / spread
        curve = np.polynomial.Polynomial.fit(scaled[: len(exact)][known], exact[known], 2)
        rest = exact[known] - curve(scaled[: len(exact)][known])
        return curve(scaled) + np.resize(rest, len(linear)), float(rest.std() / max(exact[known].std(), _SAME))

    def p_value(self, metric: str, difference: float) -> float:
        """Return the two-sided p-value of a metric's difference.

        That of the primary metric is the larger one of swaps and the studentised bootstrap.
        """
        if self._closed is None:
            found = permutation_p(difference, self._permuted[metric])
        elif (metric, None) in self._closed:
            found = sign_flip_p(difference, self._closed[metric, None], len(self.units.keys))
        else:
            found = inverted_p(self.sampled[metric])
        if metric != self.pair.primary or self.pair.exact_interval(metric, 0.95):
            return found
        return max(found, self.studentised(difference))

    def studentised(self, difference: float, hypothesis: float = 0.0) -> float:
        """Return the two-sided p-value of the studentised bootstrap of the primary metric.

        Args:
            difference: Its difference.
            hypothesis: The difference that is tested.
        """
        sampled, _ = self.primary()
        sums, squares = self._moments[:, : len(sampled)]
        return studentised_p(difference, self.influence, sampled, squares, sums, hypothesis)

    def class_p_value(self, metric: str, place: int, difference: float, units: int) -> float:
        """Return the two-sided p-value of a class's difference.

        Args:
            metric: The class metric.
            place: Which of its classes.
            difference: The difference.
            units: Units that hold the class.
        """
        if self._closed is None:
            return permutation_p(difference, self._permuted_classes[metric][place])
        return sign_flip_p(difference, self._closed[metric, place], units)
