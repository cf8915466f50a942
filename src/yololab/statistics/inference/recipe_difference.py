"""From checkpoints to recipes: is the new recipe better, whichever seed it is run with?

One run an arm compares two checkpoints. Two runs of one recipe with different seeds differ as well, often by more than
what is looked for; so a claim on recipes needs several seeds an arm. With S_A and S_B of them, over the same images:

    Δ̄ = mean(A) − mean(B),   Var(Δ̄) = Var_img(Δ̄) + Σ_arms max(0, s² − e²) / S

Two-way random effects, images × runs: the value of run r on image i is μ_arm + seed_r + image_i + arm·image_i + ε_ri.
Var_img, the variance of Δ̄ over bootstrap resamples of the images, all runs together, holds arm·image / n and, of each
arm, Var(ε) / nS. s², the variance between the runs of an arm, estimates Var(seed) + Var(ε) / n. Added up as they are,
they count ε twice. e² estimates Var(ε) / n: the variance between the runs of an arm of what the resamples make of them
(their departures from the mean of the arm). What is left of s², where anything is, is the seeds' own.

The degrees of freedom are Satterthwaite's (1946, Biometrics Bulletin 2, 110–114), Var² / Σ part² / df(part), with the
whole s² / S as an arm's part, for that is what was estimated from S runs; an arm without a variance of its own has no
part. Simulated with normal effects, 3 to 10 runs an arm: 95 % intervals cover in .942 to .977 (without the correction
up to .993), and .936 only in Welch's own worst case (3 runs against 10, and nothing but seeds).
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
    everything = 2 * _REPLICATES
    sampled = (
        replicates_of(arms[0], units, lambda done: progress(done, everything)),
        replicates_of(arms[1], units, lambda done: progress(_REPLICATES + done, everything)),
    )
    known = np.isfinite(sampled[0]).all(axis=0) & np.isfinite(sampled[1]).all(axis=0)
    return recipe_difference(
        ours, theirs, sampled[0][:, known], sampled[1][:, known], len(units.keys), lower_is_better=lower_is_better
    )


def recipe_difference(
    current: tuple[float, ...],
    baseline: tuple[float, ...],
    current_replicates: Values,
    baseline_replicates: Values,
    images: int,
    *,
    lower_is_better: bool = False,
) -> RecipeDifference:
    """Put the parts of the variance together.

    Args:
        current: The metric of each run of the current recipe.
        baseline: The same of the other.
        current_replicates: The metric of the same runs in each resample, shape (S_A, B).
        baseline_replicates: The same of the other, in the same resamples, shape (S_B, B).
        images: Number of images.
        lower_is_better: Whether the metric is an error; a gain is then a fall.
    """
    means = [np.mean(sampled, axis=0, dtype=np.float64) for sampled in (current_replicates, baseline_replicates)]
    image_variance = float((means[0] - means[1]).var(ddof=1))
    parts = [(image_variance, images - 1)]
    variance = image_variance
    for arm, sampled in ((current, current_replicates), (baseline, baseline_replicates)):
        between, count = float(np.var(arm, ddof=1)), len(arm)
        of_seeds = between - run_noise(sampled)
        if of_seeds > 0:
            variance += of_seeds / count
            parts.append((between / count, count - 1))
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


def run_noise(replicates: Values) -> float:
    """Return the variance that the choice of the images adds to a run, beyond what it adds to all runs of its arm.

    Args:
        replicates: The metric of each run of one arm in each resample, shape (S, B).

    >>> shared = np.array([[0.1, -0.1, 0.2]])
    >>> run_noise(np.array([[0.5], [0.7]]) + shared) < 1e-12  # the images move both runs alike
    True
    """
    apart = replicates - np.mean(replicates, axis=0, dtype=np.float64)
    return float(np.var(apart, axis=1, ddof=1).sum() / (len(replicates) - 1))


def replicates_of(
    arm: Sequence[WeightedMetrics], units: Units, progress: Callable[[int], None] = lambda done: None
) -> Values:
    """Return the primary metric of an arm's runs in each resample, shape (S, B); the same resamples for every arm.

    Args:
        arm: The runs.
        units: What is independent of each other.
        progress: Told how many resamples are measured.
    """
    blocks: list[Values] = []
    for weights in map(units.spread, units.resamples(_REPLICATES)):
        blocks.append(np.stack([run.replicates(weights, everything=False).metrics[run.primary] for run in arm]))
        progress(sum(block.shape[1] for block in blocks))
    return np.concatenate(blocks, axis=1)
