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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its `special` takes a fifth of a second, and is imported when it is first used

from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.inference.resampling import Progress, Units, untold
from yololab.statistics.inference.verdict import Difference
from yololab.statistics.metrics.base import Values, WeightedMetrics
from yololab.statistics.records.base import Records

FEWEST_SEEDS = 3  # with two, the variance between seeds has one degree of freedom, and intervals of ±12.7 SE
_REPLICATES = 2_000


@dataclass(frozen=True)
class RecipeDifference:
    """The difference of two recipes on a metric.

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
    """Compare two recipes by the primary metric of their runs: `compare_recipes_by` of this one alone."""
    lower = {primary: lower_is_better}
    return compare_recipes_by(current, baseline, primary, lower, units=units, progress=progress)[primary]


def compare_recipes_by(
    current: Sequence[Records],
    baseline: Sequence[Records],
    primary: str,
    metrics: Mapping[str, bool],
    *,
    units: Units | None = None,
    progress: Progress = untold,
) -> dict[str, RecipeDifference]:
    """Compare two recipes by metrics of their runs, all in the same resamples.

    Args:
        current: Records of at least three runs of the current recipe, one a seed.
        baseline: The same of the other recipe, over the same images.
        primary: The metric that decides; others than this one cost more.
        metrics: The metrics, and whether each is an error.
        units: What is independent of each other; None for the images.
        progress: Told of each block of replicates of an arm.

    Returns:
        The difference of each metric.

    Raises:
        ValueError: There are fewer than three runs in an arm, or nothing to measure.
    """
    if min(len(current), len(baseline)) < FEWEST_SEEDS:
        raise ValueError(f"{len(current)} and {len(baseline)} runs: a claim on recipes needs {FEWEST_SEEDS} an arm")
    arms = [[metrics_of(records, primary) for records in arm] for arm in (current, baseline)]
    points = [[run.points() for run in arm] for arm in arms]
    units = units or Units(current[0].keys)
    everything = 2 * _REPLICATES
    sampled = (
        _sampled(arms[0], units, [*metrics], lambda done: progress(done, everything)),
        _sampled(arms[1], units, [*metrics], lambda done: progress(_REPLICATES + done, everything)),
    )
    found = {}
    for metric, lower in metrics.items():
        ours, theirs = (side[metric] for side in sampled)
        known = np.isfinite(ours).all(axis=0) & np.isfinite(theirs).all(axis=0)
        found[metric] = recipe_difference(
            tuple(_value(point[metric]) for point in points[0]),
            tuple(_value(point[metric]) for point in points[1]),
            ours[:, known],
            theirs[:, known],
            len(units.keys),
            lower_is_better=lower,
        )
    return found


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
    # A resample has the variance of the sample, (n − 1)/n of an unbiased one (Hesterberg 2015).
    unbiased = images / max(images - 1, 1)
    image_variance = unbiased * float((means[0] - means[1]).var(ddof=1))
    parts = [(image_variance, images - 1)]
    variance = image_variance
    for arm, sampled in ((current, current_replicates), (baseline, baseline_replicates)):
        between, count = float(np.var(arm, ddof=1)), len(arm)
        of_seeds = between - unbiased * run_noise(sampled)
        if of_seeds > 0:
            variance += of_seeds / count
            parts.append((between / count, count - 1))
    gain = float(np.mean(current) - np.mean(baseline)) * (-1 if lower_is_better else 1)
    if variance <= 0:
        exact = Difference(gain, (gain, gain), (gain, gain), 1.0 if gain == 0 else 0.0)
        return RecipeDifference(current, baseline, exact, 0.0, 0.0, math.inf)
    degrees = variance**2 / sum(part**2 / max(df, 1) for part, df in parts)
    error = math.sqrt(variance)
    ends = [float(scipy.special.stdtrit(degrees, 0.5 + level / 2)) * error for level in (0.95, 0.9)]
    ci95, ci90 = ((gain - end, gain + end) for end in ends)
    difference = Difference(gain, ci95, ci90, 2 * float(scipy.special.stdtr(degrees, -abs(gain) / error)))
    return RecipeDifference(current, baseline, difference, error, image_variance / variance, degrees)


def _value(value: float | None) -> float:
    """Return the metric of a run."""
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
    (primary,) = {run.primary for run in arm}
    return _sampled(arm, units, [primary], progress)[primary]


def _sampled(
    arm: Sequence[WeightedMetrics], units: Units, metrics: Sequence[str], progress: Callable[[int], None]
) -> dict[str, Values]:
    """Return metrics of an arm's runs in each resample, shape (S, B) each."""
    blocks: dict[str, list[Values]] = {metric: [] for metric in metrics}
    everything, done = any(metric != arm[0].primary for metric in metrics), 0
    for weights in map(units.spread, units.resamples(_REPLICATES)):
        measured = [run.replicates(weights, everything=everything).metrics for run in arm]
        for metric, rows in blocks.items():
            rows.append(np.stack([found[metric] for found in measured]))
        progress(done := done + weights.shape[1])
    return {metric: np.concatenate(rows, axis=1) for metric, rows in blocks.items()}
