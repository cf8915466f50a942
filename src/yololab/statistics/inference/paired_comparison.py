"""The paired comparison of two models: every metric with its interval and its p-value, every class with its q-value."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.inference.hypothesis_tests import (
    benjamini_hochberg,
    detectable_drop,
    images_to_rule_out,
    images_to_show,
    percentile_interval,
    permutation_p,
    standard_error,
)
from yololab.statistics.inference.paired_models import ExactTest, Pair
from yololab.statistics.inference.resampling import SEED, bootstrap_weights, swaps
from yololab.statistics.inference.verdict import ALPHA, Difference, Verdict, decide_verdict
from yololab.statistics.metrics.base import ClassValue, Replicates
from yololab.statistics.metrics.weighted_ap import Weights

# 2,000 know the end of a 95 % interval to 0.06 standard errors; 10,000, to 0.03, are worth their time where images are
# few (then they are cheap) and where the verdict hangs on that difference.
FEW_REPLICATES, MANY_REPLICATES = 2_000, 10_000
FEW_IMAGES = 1_000
# Fewer images swap in at most 2^9 ways: their smallest p-values are too coarse to correct for many classes.
FEWEST_IMAGES_OF_A_CLASS = 10
# Monte-Carlo error of 2,000 replicates, three times over: of a p near 0.05, and of an interval's end in units of SE.
_P_MARGIN, _END_MARGIN = 0.015, 0.18
_WIDTH_IN_SE = 3.92  # of a 95 % interval
Deltas = dict[str, NDArray[np.floating]]


@dataclass(frozen=True)
class MetricDifference:
    """One metric in both models. None is what cannot be known.

    Attributes:
        metric: Its name.
        current: Value of the current model.
        baseline: Value of the baseline.
        ci95: 95 % percentile interval of `current − baseline`.
        ci90: 90 % percentile interval.
        standard_error: Standard error of the difference.
        p: Two-sided permutation p-value.
    """

    metric: str
    current: float | None
    baseline: float | None
    ci95: tuple[float, float] | None = None
    ci90: tuple[float, float] | None = None
    standard_error: float | None = None
    p: float | None = None

    @property
    def delta(self) -> float | None:
        """`current − baseline`."""
        return None if self.current is None or self.baseline is None else self.current - self.baseline


@dataclass(frozen=True)
class ClassDifference:
    """One metric of one class in both models.

    Attributes:
        metric: Name of the class metric.
        index: The class.
        images: Images that hold it.
        current: Value of the current model.
        baseline: Value of the baseline.
        ci95: 95 % percentile interval of the difference, over the replicates that hold the class.
        p: Two-sided permutation p-value; None below 10 images.
        q: p after Benjamini–Hochberg over the classes with a p; None where p is.
    """

    metric: str
    index: int
    images: int
    current: float
    baseline: float
    ci95: tuple[float, float] | None
    p: float | None
    q: float | None

    @property
    def delta(self) -> float:
        """`current − baseline`."""
        return self.current - self.baseline

    @property
    def insufficient(self) -> bool:
        """Whether too few images hold the class to say anything."""
        return self.p is None


@dataclass(frozen=True)
class PairedResult:
    """What the images say of two models.

    Attributes:
        verdict: The verdict on the primary metric.
        confirmed: Whether a degradation is certain even at the upper end of its interval.
        metrics: Every metric.
        classes: Every class that has labels, for every class metric; the one of the primary metric comes first.
        images: Number of images.
        replicates: Replicates behind the primary metric.
        secondary_replicates: Replicates behind the other metrics.
        detectable_drop: The smallest drop of the primary metric that these images would show four times in five.
        images_needed: How many would rule out a drop of the tolerance, were the models equal, four times in five.
        images_to_show: How many would show a true drop of twice the tolerance, four times in five.
        exact_tests: Tests without replicates, where the task has any.
        refused: Why a verdict that the interval allows is not given, in sentences.
        unit: What is independent of each other and was resampled.
    """

    verdict: Verdict
    confirmed: bool
    metrics: tuple[MetricDifference, ...]
    classes: tuple[ClassDifference, ...]
    images: int
    replicates: int
    secondary_replicates: int
    detectable_drop: float | None
    images_needed: int | None
    images_to_show: int | None
    exact_tests: tuple[ExactTest, ...] = ()
    refused: tuple[str, ...] = ()
    unit: str = "images"

    def metric(self, name: str) -> MetricDifference | None:
        """Return a metric by its name."""
        return next((row for row in self.metrics if row.metric == name), None)


def compare_pair(pair: Pair, tolerance: float, *, lower_is_better: bool = False) -> PairedResult | None:
    """Compare two models over the same images.

    2,000 replicates, 10,000 where there are at most 1,000 images or where the verdict hangs on the noise of 2,000.
    The metrics besides the primary one rest on 2,000 in any case.

    Args:
        pair: The models.
        tolerance: The drop of the primary metric that still counts as no worse.
        lower_is_better: Whether the primary metric is an error.

    Returns:
        The result; None when the images hold nothing to measure.
    """
    now, before = pair.points()
    ours, theirs = now[pair.primary], before[pair.primary]
    if ours is None or theirs is None or len(pair.keys) < 2:
        return None
    sign = -1.0 if lower_is_better else 1.0
    for count in (MANY_REPLICATES,) if len(pair.keys) <= FEW_IMAGES else (FEW_REPLICATES, MANY_REPLICATES):
        sampled = _deltas(bootstrap_weights(pair.keys, SEED, count), pair.sampled)
        collected = _Collected(*sampled, *_deltas(swaps(pair.keys, SEED, count), pair.swapped))
        difference = _difference(sign * (ours - theirs), pair, collected, sign)
        if not _borderline(difference, collected, pair.primary, tolerance):
            break
    verdict, confirmed = decide_verdict(difference, tolerance)
    metrics = tuple(_metric(name, now[name], before[name], pair, collected) for name in now)
    images = len(pair.keys)
    error = next(row.standard_error for row in metrics if row.metric == pair.primary)
    return PairedResult(
        verdict=verdict,
        confirmed=confirmed,
        metrics=metrics,
        classes=_classes(pair, collected),
        images=images,
        replicates=count,
        secondary_replicates=min(count, FEW_REPLICATES),
        detectable_drop=None if error is None else detectable_drop(error),
        images_needed=None if error is None else images_to_rule_out(images, error, tolerance),
        images_to_show=None if error is None else images_to_show(images, error, 2 * tolerance),
        exact_tests=pair.exact_tests(),
    )


@dataclass(frozen=True, eq=False)
class _Collected:
    """Differences `current − baseline` of all replicates: metrics (B,), classes of each class metric (C, B)."""

    sampled: Deltas
    sampled_classes: Deltas
    permuted: Deltas
    permuted_classes: Deltas


def _deltas(blocks: Iterator[Weights], measure: Callable[..., tuple[Replicates, Replicates]]) -> tuple[Deltas, Deltas]:
    """Return the differences of every block, joined: of the metrics, and of the classes."""
    parts: dict[str, list[NDArray[np.floating]]] = {}
    classes: dict[str, list[NDArray[np.floating]]] = {}
    done = 0
    for block in blocks:
        current, baseline = measure(block, everything=done < FEW_REPLICATES)
        for target, ours, theirs in (
            (parts, current.metrics, baseline.metrics),
            (classes, current.classes, baseline.classes),
        ):
            for name, values in ours.items():
                target.setdefault(name, []).append(values - theirs[name])
        done += block.shape[1]
    return (
        {name: np.concatenate(values) for name, values in parts.items()},
        {name: np.concatenate(values, axis=1) for name, values in classes.items()},
    )


def _difference(gain: float, pair: Pair, collected: _Collected, sign: float) -> Difference:
    """Return the primary metric's difference, positive for better."""
    ends = [_interval(pair, pair.primary, collected, level) for level in (0.95, 0.9)]
    (low95, high95), (low90, high90) = (sorted(sign * end for end in interval) for interval in ends)
    return Difference(gain, (low95, high95), (low90, high90), permutation_p(gain, collected.permuted[pair.primary]))


def _interval(pair: Pair, metric: str, collected: _Collected, level: float) -> tuple[float, float]:
    """Return the interval of a metric's difference: an exact one where replicates cannot give it."""
    found = pair.exact_interval(metric, level) or percentile_interval(collected.sampled[metric], level)
    assert found is not None
    return found


def _borderline(difference: Difference, collected: _Collected, primary: str, tolerance: float) -> bool:
    """Whether another draw of as many replicates could give another verdict."""
    margin = _END_MARGIN * (standard_error(collected.sampled[primary]) or 0)
    ends = (
        difference.ci95[0],
        difference.ci95[1] + tolerance,
        difference.ci90[0] + tolerance,
        difference.ci90[1] - tolerance,
    )
    return abs(difference.p - ALPHA) < _P_MARGIN or any(abs(end) < margin for end in ends)


def _metric(name: str, now: float | None, before: float | None, pair: Pair, collected: _Collected) -> MetricDifference:
    """Return a metric with what its replicates say."""
    sampled = collected.sampled.get(name)
    if now is None or before is None or sampled is None:
        return MetricDifference(name, now, before)
    exact = pair.exact_interval(name, 0.95)
    error = standard_error(sampled)
    if exact is not None and error is not None:
        error = max(error, (exact[1] - exact[0]) / _WIDTH_IN_SE)
    ci95, ci90 = (_interval(pair, name, collected, level) for level in (0.95, 0.9))
    p = permutation_p(now - before, collected.permuted[name])
    return MetricDifference(name, now, before, ci95, ci90, error, p)


def _classes(pair: Pair, collected: _Collected) -> tuple[ClassDifference, ...]:
    """Return every class; those of too few images have no p-value and do not count among the tests of their metric."""
    return tuple(
        difference
        for metric, values in pair.classes().items()
        for difference in _classes_of(
            metric, values, collected.sampled_classes[metric], collected.permuted_classes[metric]
        )
    )


def _classes_of(
    metric: str,
    values: Sequence[tuple[ClassValue, ClassValue]],
    sampled: NDArray[np.floating],
    permuted: NDArray[np.floating],
) -> Iterator[ClassDifference]:
    """Yield the classes of one class metric."""
    p = [
        permutation_p(now.value - before.value, swapped) if now.images >= FEWEST_IMAGES_OF_A_CLASS else None
        for (now, before), swapped in zip(values, permuted, strict=True)
    ]
    adjusted = iter(benjamini_hochberg([value for value in p if value is not None]))
    for (now, before), value, row in zip(values, p, sampled, strict=True):
        interval, q = percentile_interval(row, 0.95), None if value is None else next(adjusted)
        yield ClassDifference(metric, now.index, now.images, now.value, before.value, interval, value, q)
