"""The best of several recipes: each was run with several seeds over the same images.

Two recipes are compared as in `seeds`, with the variance over the images from shared resamples. Recipe i could be the
best one unless some other recipe is better by more than chance; its p-value is the smallest one-sided p of all others,
times their number (Bonferroni), so the truly best recipe keeps its place with probability 1 − α at least.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.inference.recipe_difference import FEWEST_SEEDS, RecipeDifference, recipe_difference
from yololab.statistics.inference.verdict import ALPHA

Values = NDArray[np.floating]


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
    values: Sequence[Sequence[float]], replicates: Sequence[Values], images: int, *, lower_is_better: bool = False
) -> tuple[int, tuple[RecipeStanding, ...]]:
    """Find the best of several recipes and those that could be it.

    Args:
        values: The metric of each run of each recipe, at least three a recipe.
        replicates: For each recipe the metric of its runs in each shared resample, shape (S, B).
        images: Number of images.
        lower_is_better: Whether the metric is an error.

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
    sampled = sign * np.stack([np.mean(rows, axis=0, dtype=np.float64) for rows in replicates])
    sampled = sampled[:, np.isfinite(sampled).all(axis=0)]
    best = int(np.argmax(means))

    def compared(ours: int, theirs: int) -> RecipeDifference:
        variance = float((sampled[ours] - sampled[theirs]).var(ddof=1))
        return recipe_difference(runs[ours], runs[theirs], variance, images)

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
                index == best or p >= ALPHA,
            )
        )
    return best, tuple(standings)
