r"""The best of several models over the same images: which others could be the best one as well, and how lucky it was.

And the best of several recipes, each of which was run with several seeds: see `rank_recipes`.

Each model is measured in the same bootstrap resamples, so K models cost K runs. For each model i the hypothesis "none
of the others is better" is tested by the largest studentised lead over it (max-T, Westfall & Young 1993),

    T_i = max_{j≠i} (θ_j − θ_i) / se_ij ,

held against the same maximum of the centred resamples, which carries the correlation between all models, in whichever
direction they reach further: where the metric is skewed, one tail of the resamples is too short. Those that are not
rejected at α are a confidence set of the best one (subset selection, Gupta 1965; Hsu 1984): the truly best model
is in it with probability 1 − α at least, whichever model came out first. Only the truly best one's own test can put it
out of the set, so nothing has to be corrected for the number of models a second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.inference.hypothesis_tests import percentile_interval, small_sample_factor, widened
from yololab.statistics.inference.recipe_difference import FEWEST_SEEDS, RecipeDifference, recipe_difference
from yololab.statistics.inference.verdict import ALPHA

# Replicates are in single precision: a spread below this is that of two equal models.
_SAME = 1e-6
Values = NDArray[np.floating]


@dataclass(frozen=True)
class Standing:
    """One model among several.

    Attributes:
        value: Its metric.
        ci95: 95 % percentile interval of the metric over the images.
        behind: How much better the best one is, ≥ 0.
        behind_ci95: 95 % percentile interval of that; None for the best one itself.
        p: p-value of "no other one is better", corrected for the number of models.
        could_be_best: Whether it belongs to the confidence set of the best one.
    """

    value: float
    ci95: tuple[float, float]
    behind: float
    behind_ci95: tuple[float, float] | None
    p: float
    could_be_best: bool


@dataclass(frozen=True)
class Selection:
    """What the images say of a choice among several models.

    Attributes:
        best: Index of the best one.
        standings: One a model, in the order given.
        optimism: By how much the best of so many looks better on these images than it is, on average.
        replicates: Number of resamples.
    """

    best: int
    standings: tuple[Standing, ...]
    optimism: float
    replicates: int


def select_best(
    values: Sequence[float], replicates: Values, *, lower_is_better: bool = False, images: int = 0
) -> Selection:
    """Find the best of K models and the set of those that could be it.

    Args:
        values: The metric of each model, K of them.
        replicates: The metric of each model in each shared resample, shape (K, B). Resamples in which a model has no
            number are left out for all.
        lower_is_better: Whether the metric is an error.
        images: Number of images, for which intervals and leads are widened when they are few; 0 widens nothing.

    Raises:
        ValueError: There is no model, or hardly a resample in which all have a number.

    >>> rng = np.random.default_rng(0)
    >>> found = select_best([0.5, 0.1], np.array([[0.5], [0.1]]) + rng.normal(0, 0.02, (2, 500)))
    >>> found.best, [standing.could_be_best for standing in found.standings]
    (0, [True, False])
    """
    if not len(values):
        raise ValueError("no models to choose from")
    known = replicates[:, np.isfinite(replicates).all(axis=0)].astype(np.float64)
    if known.shape[1] < 2:
        raise ValueError(f"{known.shape[1]} resamples in which all {len(values)} models have a number")
    sign = -1.0 if lower_is_better else 1.0
    points, samples = sign * np.asarray(values, np.float64), sign * known
    best = int(np.argmax(points))
    # The largest of so many leads lies further out, where Student's quantiles are wider still than the normal ones.
    level = 1 - ALPHA / (2 * max(len(points) - 1, 1))
    widening = small_sample_factor(images, level) if images > 1 else 1.0
    p = [_lead_p(index, points, samples, widening) for index in range(len(points))]
    standings = []
    for index, value in enumerate(values):
        own, gap = percentile_interval(known[index], 0.95), percentile_interval(samples[best] - samples[index], 0.95)
        assert own is not None
        behind = float(points[best] - points[index])
        if images > 1:
            own = widened(own, float(value), images, 0.95)
            gap = widened(gap, behind, images, 0.95) if gap else None
        could = index == best or p[index] >= ALPHA
        standings.append(Standing(float(value), own, behind, None if index == best else gap, p[index], could))
    return Selection(best, tuple(standings), _optimism(points, samples), known.shape[1])


def _lead_p(index: int, points: Values, samples: Values, widening: float) -> float:
    """Return the p-value of "no other model is better than this one"."""
    if len(points) == 1:
        return 1.0
    leads = np.delete(samples, index, axis=0) - samples[index]
    observed = np.delete(points, index) - points[index]
    error = leads.std(axis=1, ddof=1)
    # Two models that are equal in every resample differ by nothing that could be tested.
    error[error < _SAME] = np.inf
    largest = (observed / error).max() / widening - _SAME
    centred = (leads - leads.mean(axis=1, keepdims=True)) / error[:, None]
    beyond = max(np.sum(centred.max(axis=0) >= largest), np.sum(centred.min(axis=0) <= -largest))
    return float((1 + beyond) / (1 + samples.shape[1]))


def _optimism(points: Values, samples: Values) -> float:
    """Return by how much the best one looks better than it is, on average (≥ 0).

    A resample picks its winner as the sweep picked its own, and what the winner exceeds its own mean by is its luck.
    But the values that resamples vary about have been spread by the same noise, which leaves luck less to decide than
    there was: so they are drawn together first, by the share of their spread that noise explains (James & Stein 1961).
    """
    errors = samples - samples.mean(axis=1, keepdims=True)
    noise = float(np.var(errors - errors.mean(axis=0), axis=1).mean())
    spread = float(np.var(points))
    kept = max(0.0, 1 - noise / spread) if spread > 0 else 0.0
    centre = points.mean() + kept * (points - points.mean())
    winners = (centre[:, None] + errors).argmax(axis=0)
    return float(max(errors[winners, np.arange(samples.shape[1])].mean(), 0.0))


@dataclass(frozen=True)
class RecipeStanding:
    """One recipe among several.

    Attributes:
        mean: Mean of the metric over its runs.
        deviation: Standard deviation between its seeds.
        behind: How it differs from the best recipe (best − this one); None for the best one.
        p: p-value of "no other recipe is better", corrected for their number.
        could_be_best: Whether it is not ruled out.
    """

    mean: float
    deviation: float
    behind: RecipeDifference | None
    p: float
    could_be_best: bool


def rank_recipes(
    values: Sequence[Sequence[float]],
    replicates: Sequence[Values],
    images: int,
    *,
    lower_is_better: bool = False,
    alpha: float = ALPHA,
) -> tuple[int, tuple[RecipeStanding, ...]]:
    """Find the best of several recipes and those that could be it.

    Two recipes are compared as in `recipe_difference`, with the variance over the images from shared resamples. Recipe
    i could be the best one unless some other recipe is better by more than chance; its p-value is the smallest
    one-sided p of all others, times their number (Bonferroni), so the truly best recipe keeps its place with
    probability 1 − α at least.

    Args:
        values: The metric of each run of each recipe, at least three a recipe.
        replicates: For each recipe the metric of its runs in each shared resample, shape (S, B).
        images: Number of images.
        lower_is_better: Whether the metric is an error.
        alpha: What p has to lie below to rule a recipe out.

    Returns:
        Index of the best recipe, and a standing for each.

    Raises:
        ValueError: A recipe has fewer than three runs, or there is none.
    """
    if not values or min(map(len, values)) < FEWEST_SEEDS:
        raise ValueError(f"a claim on recipes needs {FEWEST_SEEDS} runs of each")
    sign = -1.0 if lower_is_better else 1.0
    runs = [tuple(sign * value for value in arm) for arm in values]
    means = [float(np.mean(arm)) for arm in runs]
    known = np.all([np.isfinite(rows).all(axis=0) for rows in replicates], axis=0)
    sampled = [sign * rows[:, known] for rows in replicates]
    best = int(np.argmax(means))

    def compared(ours: int, theirs: int) -> RecipeDifference:
        return recipe_difference(runs[ours], runs[theirs], sampled[ours], sampled[theirs], images)

    standings = []
    for index in range(len(runs)):
        others = [other for other in range(len(runs)) if other != index]
        found = [compared(other, index) for other in others]
        one_sided = [item.difference.p / 2 if item.difference.gain > 0 else 1 - item.difference.p / 2 for item in found]
        p = min(1.0, len(others) * min(one_sided, default=1.0))
        standings.append(
            RecipeStanding(
                sign * means[index],
                float(np.std(runs[index], ddof=1)),
                None if index == best else compared(best, index),
                p,
                index == best or p >= alpha,
            )
        )
    return best, tuple(standings)
