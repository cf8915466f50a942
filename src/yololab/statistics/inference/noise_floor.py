"""The noise floor: how far runs of one recipe lie apart, and what a gain needs to rise above it.

Proposals are held one after the other against a reference, each by a single run. Two things make equal recipes differ:
the images, and the seed. With S runs of the reference's recipe, v the variance that the images give a run's own
results, and s² = max(s²_observed − v, 0) that of the seeds:

    Var(Δ) = Var_img(Δ) + (1 + 1/R)·s²,   R runs stand for the reference

The degrees of freedom are Satterthwaite's, with s²_observed in the place of s²: that s² came out small is no knowledge
that it is. All proposals of a night share this scale. Given it, N of them exceed k with a chance of at most 1 − Φ(k·σ)ᴺ
(Šidák 1967, JASA 62, 626–633: what they have in common only lowers it), so k solves E[Φ(k·√(χ²_df/df))ᴺ] = 1 − α. That
is less than Bonferroni's t asks for where degrees are few: with 8 seeds and 100 proposals 4.8 instead of 5.4.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri, log_ndtr

from yololab.statistics.inference.paired_models import metrics_of
from yololab.statistics.inference.resampling import Units
from yololab.statistics.metrics.base import Values
from yololab.statistics.records.base import Records

# Simulated: with 3 seeds up to one night in ten kept something false, with 5 one in twenty.
FEWEST_SEEDS = 5
_MOST_DEGREES = 500.0
_POINTS = 400


@dataclass(frozen=True, eq=False)
class NoiseFloor:
    """What the runs of one recipe say of its noise.

    Attributes:
        values: The primary metric of each run.
        influence: Mean influence of each unit over the runs, shape (U,).
        image_variance: v, the variance that the images give a single run's own results.
        observed: s²_observed, the variance of the values.
        degrees: Degrees of freedom of that.
    """

    values: tuple[float, ...]
    influence: Values
    image_variance: float
    observed: float
    degrees: int

    @property
    def seed_variance(self) -> float:
        """s², the variance between seeds that the images do not explain."""
        return max(self.observed - self.image_variance, 0.0)


@dataclass(frozen=True)
class NoiseTest:
    """A gain against the noise.

    Attributes:
        gain: Δ, positive for better.
        error: √Var(Δ).
        degrees: Degrees of freedom.
        needed: How many errors a gain must exceed in this night.
    """

    gain: float
    error: float
    degrees: float
    needed: float

    @property
    def statistic(self) -> float:
        """Δ in errors."""
        return self.gain / self.error if self.error > 0 else math.copysign(math.inf, self.gain) if self.gain else 0.0

    @property
    def exceeds(self) -> bool:
        """Whether the gain is more than noise."""
        return self.statistic > self.needed


def noise_floor(runs: Sequence[Records], primary: str, units: Units) -> NoiseFloor:
    """Return the noise floor of the runs of one recipe, over the same images.

    Args:
        runs: Records of at least two runs, one a seed.
        primary: The metric that decides.
        units: What is independent of each other.

    Raises:
        ValueError: There is nothing to measure.
    """
    measured = [value_and_influence(records, primary, units) for records in runs]
    values = tuple(value for value, _ in measured)
    influences = np.stack([influence for _, influence in measured])
    own = float(influences.var(axis=0, ddof=1).sum())
    return NoiseFloor(values, influences.mean(axis=0), own, float(np.var(values, ddof=1)), len(values) - 1)


def with_scale_of(reference: NoiseFloor, floor: NoiseFloor) -> NoiseFloor:
    """Return what the seeds of another recipe say, with the scale of both recipes together: a change moves it little.

    Args:
        reference: The noise floor of the recipe that is the reference now.
        floor: That of the recipe of which there are more seeds.
    """
    degrees = reference.degrees + floor.degrees
    share = reference.degrees / degrees
    return replace(
        reference,
        image_variance=share * reference.image_variance + (1 - share) * floor.image_variance,
        observed=share * reference.observed + (1 - share) * floor.observed,
        degrees=degrees,
    )


def value_and_influence(records: Records, primary: str, units: Units) -> tuple[float, Values]:
    """Return the primary metric of a run, and what each unit adds to it, shape (U,).

    Raises:
        ValueError: There is nothing to measure.
    """
    measure = metrics_of(records, primary)
    value = measure.points()[primary]
    if value is None:
        raise ValueError("the images hold no labels")
    return value, units.gathered(np.asarray(measure.influence(), np.float64))


def noise_test(
    floor: NoiseFloor, gain: float, image_variance: float, proposals: int, alpha: float, *, stands_for: int
) -> NoiseTest:
    """Hold a gain against the noise.

    Args:
        floor: The noise of the reference's recipe.
        gain: Δ, positive for better.
        image_variance: Var_img(Δ).
        proposals: How many gains are tested in the night.
        alpha: The chance that any of them exceeds what is needed, when all are noise.
        stands_for: R, how many runs stand for the reference.
    """
    share = 1 + 1 / stands_for
    variance = image_variance + share * floor.seed_variance
    known = (share * floor.observed) ** 2 / floor.degrees
    degrees = variance**2 / known if known > 0 else _MOST_DEGREES
    degrees = min(max(degrees, floor.degrees), _MOST_DEGREES)
    return NoiseTest(gain, math.sqrt(variance), degrees, needed_errors(round(degrees, 1), proposals, alpha))


@lru_cache(maxsize=1024)
def needed_errors(degrees: float, proposals: int, alpha: float) -> float:
    """Return k: how many errors a gain must exceed, so that of N that are noise none does, but with probability α.

    Args:
        degrees: Degrees of freedom of the error, which all share.
        proposals: N.
        alpha: E.g. 0.05.

    >>> round(needed_errors(500.0, 1, 0.05), 2), round(needed_errors(7.0, 100, 0.05), 2)
    (1.65, 4.75)
    """
    shares = (np.arange(_POINTS) + 0.5) / _POINTS
    scales = np.sqrt(chdtri(degrees, 1 - shares) / degrees)

    def excess(needed: float) -> float:
        return float(np.exp(proposals * log_ndtr(needed * scales)).mean()) - (1 - alpha)

    return float(brentq(excess, -40.0, 200.0))
