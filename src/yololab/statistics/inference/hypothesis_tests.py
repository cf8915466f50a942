"""Intervals and p-values from replicates.

Percentile intervals: Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. On a mean AP they are
calibrated where BCa, basic and Bayesian intervals are not. Permutation test: each image's two results change places
with probability one half; it is valid also when the two models' confidences are on different scales.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy  # its `special` takes a fifth of a second, and is imported when it is first used
from numpy.typing import NDArray

# The chance of 0.8 to find a true difference at the two-sided level 0.05: z(0.975) + z(0.8).
DETECTABLE_SE = 2.8
# The chance of 0.8 that the lower end of a 90 % interval lies above a drop when there is none: z(0.95) + z(0.8).
RULED_OUT_SE = 2.485
_SAME = 1e-6
Values = NDArray[np.floating]


def percentile_interval(replicates: Values, level: float) -> tuple[float, float] | None:
    """Return the middle `level` of the replicates.

    Args:
        replicates: Shape (B,); NaN is left out.
        level: E.g. 0.95.

    Returns:
        Lower and upper end; None without any replicate.
    """
    known = replicates[np.isfinite(replicates)].astype(np.float64)
    if not len(known):
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def small_sample_factor(units: int, level: float) -> float:
    """Return by how much a percentile interval is too narrow with so few independent units.

    A resample has the variance of the sample, (n − 1)/n of an unbiased one, and its quantiles are those of a normal
    distribution where Student's are due: √(n/(n − 1))·t/z. Source: Hesterberg
    (2015), The American Statistician 69, section 4.3.

    >>> round(small_sample_factor(10, 0.95), 3)
    1.217
    """
    share = 0.5 + level / 2
    if units < 2:
        return math.inf
    return math.sqrt(units / (units - 1)) * float(scipy.special.stdtrit(units - 1, share) / scipy.special.ndtri(share))


def widened(interval: tuple[float, float], centre: float, units: int, level: float) -> tuple[float, float]:
    """Return a percentile interval with both ends as far from the estimate as so few independent units ask for."""
    factor = small_sample_factor(units, level)
    return centre + factor * (interval[0] - centre), centre + factor * (interval[1] - centre)


def sign_flip_p(difference: float, influence: Values, units: int) -> float:
    """Return the two-sided p-value of swaps in closed form: of a sum of influences whose signs are random.

    Its variance is the sum of their squares. Where units are many, that is what a permutation counts out.

    Args:
        difference: The observed difference.
        influence: What each unit adds, shape (U,).
        units: Units that hold anything, for the degrees of freedom.
    """
    error = math.sqrt(float(np.square(influence, dtype=np.float64).sum()))
    if error <= _SAME * abs(difference):
        return 1.0 if abs(difference) <= _SAME else 0.0
    return float(2 * scipy.special.stdtr(max(units - 1, 1), -abs(difference) / error))


def studentised_p(
    difference: float, influence: Values, replicates: Values, squares: Values, sums: Values, hypothesis: float = 0.0
) -> float:
    """Return the two-sided p-value of the studentised bootstrap, which skewed differences do not mislead.

    Each resample's departure is measured in its own standard error: a resample without the few images that cost most
    looks precise, and counts as far away. Source: Hall (1992), The Bootstrap and Edgeworth Expansion, chapter 3.

    Args:
        difference: The observed difference, Δ.
        influence: What each unit adds, shape (U,).
        replicates: Δ in each resample, shape (B,); NaN is left out.
        squares: Sum of the squared influences of each resample, shape (B,).
        sums: Sum of the influences of each resample, shape (B,).
        hypothesis: The difference that is tested.
    """
    observed = difference - hypothesis
    units = max(len(influence), 2)
    error = math.sqrt(float(np.square(influence).sum()))
    known = np.isfinite(replicates)
    if error <= _SAME * abs(observed) or not known.any():
        return 1.0 if abs(observed) <= _SAME else 0.0
    moved = replicates[known].astype(np.float64) - difference
    spread = np.sqrt(np.maximum(squares - sums**2 / units, 0))[known]
    # In a resample of a single value nothing is uncertain, and any departure is as far as can be.
    ratio = moved / np.maximum(spread, _SAME * error)
    beyond = ratio >= observed / error if observed > 0 else ratio <= observed / error
    return float(min(1.0, 2 * (1 + np.sum(beyond)) / (1 + len(moved))))


def inverted_p(replicates: Values) -> float:
    """Return the two-sided p-value at which a percentile interval would just hold 0."""
    known = replicates[np.isfinite(replicates)]
    side = min(np.sum(known <= _SAME), np.sum(known >= -_SAME))
    return float(min(1.0, 2 * (1 + side) / (1 + len(known))))


def standard_error(replicates: Values) -> float | None:
    """Return the standard deviation of the replicates; None with fewer than two."""
    known = replicates[np.isfinite(replicates)].astype(np.float64)
    return float(known.std(ddof=1)) if len(known) > 1 else None


def permutation_p(observed: float, permuted: Values) -> float:
    """Return the two-sided p-value `(1 + #{|Δ*| ≥ |Δ|}) / (1 + B)`, which is never 0.

    Replicates are in single precision: one within 1e-6 of the observed difference counts as equal to it.

    Args:
        observed: The difference.
        permuted: The differences after swapping, shape (B,); NaN is left out.

    >>> permutation_p(0.5, np.array([0.1, -0.6, 0.2]))
    0.5
    """
    known = permuted[np.isfinite(permuted)]
    return float((1 + np.sum(np.abs(known) >= abs(observed) - _SAME)) / (1 + len(known)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return each p-value corrected for the number of them: that any of them is wrong has the level of one.

    Source: Holm (1979), Scandinavian Journal of Statistics 6, 65-70.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Return q-values: the false discovery rate at which each of several findings would be reported.

    Source: Benjamini & Hochberg (1995), JRSS B 57, 289–300.

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    [0.03, 0.04, 0.04]
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    scaled = values[order] * len(values) / np.arange(1, len(values) + 1)
    adjusted = np.minimum.accumulate(scaled[::-1])[::-1].clip(max=1)
    q = np.empty_like(adjusted)
    q[order] = adjusted
    return [float(value) for value in q]


def exact_mcnemar(only_first: int, only_second: int) -> float:
    """Return the two-sided exact p-value of McNemar's test on paired yes/no results.

    Args:
        only_first: Images that only the first model has right.
        only_second: Images that only the second model has right.

    >>> exact_mcnemar(1, 9)
    0.021484375
    """
    total = only_first + only_second
    if not total:
        return 1.0
    return min(1.0, 2 * float(scipy.special.bdtr(min(only_first, only_second), total, 0.5)))


def binomial_bounds(count: float, total: int, tail: float) -> tuple[float, float]:
    """Return the lower and the upper bound of a share, each wrong with probability `tail` at most.

    Source: Clopper & Pearson (1934), Biometrika 26, 404–413.

    Args:
        count: How many there are; a fraction where they are not all independent.
        total: Of how many, ≥ 1.
        tail: Probability beyond each bound.

    >>> [round(end, 4) for end in binomial_bounds(0, 50, 0.025)]
    [0.0, 0.0711]
    """
    low = 0.0 if count == 0 else float(scipy.special.betaincinv(count, total - count + 1, tail))
    high = 1.0 if count == total else float(scipy.special.betaincinv(count + 1, total - count, 1 - tail))
    return low, high


def discordant_interval(only_first: int, only_second: int, total: int, level: float) -> tuple[float, float]:
    """Return an interval of the difference of two accuracies that holds however few images they differ in.

    The difference is (2π − 1)·δ: δ is the share of the images that exactly one of the models has right, π the share of
    these that it is the first. Both have exact bounds; those of π are the test of McNemar turned around. A bootstrap of
    images without any difference would call the difference zero for certain.

    Args:
        only_first: Images that only the first model has right.
        only_second: Images that only the second model has right.
        total: All images, ≥ 1.
        level: E.g. 0.95.

    >>> [round(end, 4) for end in discordant_interval(0, 0, 300, 0.9)]
    [-0.0099, 0.0099]
    """
    tail = (1 - level) / 2
    differing = only_first + only_second
    share = binomial_bounds(differing, total, tail)
    first = binomial_bounds(only_first, differing, tail) if differing else (0.0, 1.0)
    low, high = (2 * end - 1 for end in first)
    return low * share[low < 0], high * share[high > 0]


def simultaneous_factor(tests: int) -> float:
    """Return by how much a 95 % interval widens so that all of several hold together (Bonferroni).

    >>> round(simultaneous_factor(10), 3)
    1.432
    """
    return float(scipy.special.ndtri(1 - 0.025 / max(tests, 1)) / scipy.special.ndtri(0.975))


def detectable_drop(error: float) -> float:
    """Return the smallest drop that would be found four times in five, 2.8 standard errors."""
    return DETECTABLE_SE * error


def images_to_rule_out(images: int, error: float, drop: float) -> int | None:
    """Return how many images would rule out a drop when the models are equal, four times in five; None for 0.

    The lower end of the 90 % interval then lies above −drop: z(0.95) + z(0.8) standard errors fit into it.

    Args:
        images: Images now; or groups of them.
        error: Standard error of the difference now.
        drop: The drop.
    """
    return _scaled(images, RULED_OUT_SE * error, drop)


def images_to_show(images: int, error: float, drop: float) -> int | None:
    """Return how many images would show a true drop, four times in five; None for a drop of 0.

    Args:
        images: Images now; or groups of them.
        error: Standard error of the difference now.
        drop: The drop.
    """
    return _scaled(images, DETECTABLE_SE * error, drop)


def _scaled(images: int, width: float, drop: float) -> int | None:
    """Return how many images make a width as small as a drop."""
    return math.ceil(images * (width / drop) ** 2) if drop > 0 else None
