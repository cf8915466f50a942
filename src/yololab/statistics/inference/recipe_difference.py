"""From checkpoints to recipes: is the new recipe better, whichever seed it is run with?

One run an arm compares two checkpoints. Two runs of one recipe with different seeds differ as well, often by more than
what is looked for; so a claim on recipes needs several seeds an arm. With S_A and S_B of them, over the same images:

    Δ̄ = mean(A) − mean(B),   Var(Δ̄) = Var_img(Δ̄) + s²_A / S_A + s²_B / S_B

Var_img: variance of Δ̄ over bootstrap resamples of the images, all runs together; s²: variance between the seeds of an
arm. The degrees of freedom are Satterthwaite's (1946, Biometrics Bulletin 2, 110–114): Var² / Σ part² / df(part).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.inference.resampling import Progress, Units, untold
from yololab.statistics.inference.verdict import Difference
from yololab.statistics.metrics.base import Values, WeightedMetrics
from yololab.statistics.records.base import Records

FEWEST_SEEDS = 3  # with two, the variance between seeds has one degree of freedom, and intervals of ±12.7 SE
_REPLICATES = 2_000


@dataclass(frozen=True)
class RecipeDifference:
    """The difference of two recipes on the primary metric.

    Attributes:
        current: The metric of each run of the current recipe.
        baseline: The metric of each run of the other.
        difference: Δ̄ with its intervals and its p-value, positive for better.
        standard_error: Square root of Var(Δ̄).
        image_share: The share of Var(Δ̄) that comes from the images; the rest comes from the seeds.
        degrees: Satterthwaite's degrees of freedom.
    """

    current: tuple[float, ...]
    baseline: tuple[float, ...]
    difference: Difference
    standard_error: float
    image_share: float
    degrees: float


def compare_recipes(
    current: Sequence[Records],
    baseline: Sequence[Records],
    primary: str,
    *,
    lower_is_better: bool = False,
    units: Units | None = None,
    progress: Progress = untold,
) -> RecipeDifference:
    """Compare two recipes by the primary metric of their runs.

    Args:
        current: Records of at least three runs of the current recipe, one a seed.
        baseline: The same of the other recipe, over the same images.
        primary: The metric that decides.
        lower_is_better: Whether it is an error.
        units: What is independent of each other; None for the images.
        progress: Told of each block of replicates of an arm.

    Raises:
        ValueError: There are fewer than three runs in an arm, or nothing to measure.
    """
    if min(len(current), len(baseline)) < FEWEST_SEEDS:
        raise ValueError(f"{len(current)} and {len(baseline)} runs: a claim on recipes needs {FEWEST_SEEDS} an arm")
    arms = [[metrics_of(records, primary) for records in arm] for arm in (current, baseline)]
    ours, theirs = (tuple(_value(run) for run in arm) for arm in arms)
    units = units or Units(current[0].keys)
    replicates = _mean_replicates(arms[0], units, lambda done: progress(done, 2 * _REPLICATES))
    replicates -= _mean_replicates(arms[1], units, lambda done: progress(_REPLICATES + done, 2 * _REPLICATES))
    known = replicates[np.isfinite(replicates)].astype(np.float64)
    return recipe_difference(ours, theirs, float(known.var(ddof=1)), len(units.keys), lower_is_better=lower_is_better)


def recipe_difference(
    current: tuple[float, ...],
    baseline: tuple[float, ...],
    image_variance: float,
    images: int,
    *,
    lower_is_better: bool = False,
) -> RecipeDifference:
    """Put the parts of the variance together.

    Args:
        current: The metric of each run of the current recipe.
        baseline: The same of the other.
        image_variance: Var_img(Δ̄).
        images: Number of images.
        lower_is_better: Whether the metric is an error; a gain is then a fall.
    """
    parts = [(image_variance, images - 1)]
    parts += [(float(np.var(arm, ddof=1)) / len(arm), len(arm) - 1) for arm in (current, baseline)]
    variance = sum(part for part, _ in parts)
    gain = float(np.mean(current) - np.mean(baseline)) * (-1 if lower_is_better else 1)
    if variance <= 0:
        exact = Difference(gain, (gain, gain), (gain, gain), 1.0 if gain == 0 else 0.0)
        return RecipeDifference(current, baseline, exact, 0.0, 0.0, math.inf)
    degrees = variance**2 / sum(part**2 / max(df, 1) for part, df in parts)
    error = math.sqrt(variance)
    ends = [float(stdtrit(degrees, 0.5 + level / 2)) * error for level in (0.95, 0.9)]
    ci95, ci90 = ((gain - end, gain + end) for end in ends)
    difference = Difference(gain, ci95, ci90, 2 * float(stdtr(degrees, -abs(gain) / error)))
    return RecipeDifference(current, baseline, difference, error, image_variance / variance, degrees)


def _value(run: WeightedMetrics) -> float:
    """Return the primary metric of a run."""
    value = run.points()[run.primary]
    if value is None:
        raise ValueError("the images hold no labels")
    return value


def _mean_replicates(arm: Sequence[WeightedMetrics], units: Units, progress: Callable[[int], None]) -> Values:
    """Return the mean of an arm's runs in each resample, shape (B,)."""
    blocks: list[Values] = []
    for weights in map(units.spread, units.resamples(_REPLICATES)):
        values = [run.replicates(weights, everything=False).metrics[run.primary] for run in arm]
        blocks.append(np.mean(values, axis=0))
        progress(sum(map(len, blocks)))
    return np.concatenate(blocks)
