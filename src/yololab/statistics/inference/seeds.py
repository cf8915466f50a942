"""Several seeds of one recipe: which one stands out, and at which level they may be looked at again and again."""

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, stdtrit

_POINTS = 401  # of the grid on which the chance of having gone on is followed
_FEWEST = 4  # of three values one always lies far from the other two


def outlying(values: Sequence[float], level: float = 0.05) -> int | None:
    """Return the place of a value that does not belong to the others; None where none stands out.

    Grubbs' test (1969, Technometrics 11, 1–21), two-sided: the largest distance from the mean, in standard deviations.

    Args:
        values: One value a seed; of fewer than four none is told.
        level: How often a value of a normal sample is told by chance.

    >>> outlying([0.51, 0.50, 0.52, 0.51, 0.31])
    4
    >>> outlying([0.51, 0.50, 0.52, 0.51, 0.49])
    """
    found, count = np.asarray(values, np.float64), len(values)
    spread = float(found.std(ddof=1)) if count >= _FEWEST else 0.0
    if spread == 0.0:
        return None
    distances = np.abs(found - found.mean()) / spread
    t = float(stdtrit(count - 2, 1 - level / (2 * count)))
    limit = (count - 1) / math.sqrt(count) * math.sqrt(t**2 / (count - 2 + t**2))
    place = int(distances.argmax())
    return place if distances[place] > limit else None


def level_of_looks(looks: Sequence[int], alpha: float) -> float:
    """Return the two-sided level of each look, so that of all looks together the chance of a false one is α.

    Looks share their data, so they share their luck, and the level is larger than α divided by their number: the same
    constant bound at each look (Pocock 1977, Biometrika 64, 191–199), from the density of the sum so far of what has
    not passed it (Armitage, McPherson & Rowe 1969, JRSS A 132, 235–244). What looks have in common beyond that, as the
    images, only lowers the chance.

    Args:
        looks: How much is known at each look, e.g. seeds an arm, ascending.
        alpha: The chance that all of them share.

    >>> round(level_of_looks([1, 2], 0.05), 4), round(level_of_looks([5], 0.05), 4)  # Pocock: 0.0294
    (0.0294, 0.05)
    """
    return _level(tuple(looks), alpha)


def chance_of_answer(difference: float, error: float, degrees: float, share: float, level: float) -> float:
    """Return how likely a difference that is not clear yet will be at the end, if it is as large as it looks.

    Conditional power under the current trend (Lan & Wittes 1988, Biometrics 44, 579–585). Its whole error is taken to
    shrink with what is added; what the images give it does not, so the chance is rather too high than too low. To end
    for want of it makes no false claim: fewer claims are made.

    Args:
        difference: The difference, of either sign.
        error: Its standard error.
        degrees: Degrees of freedom of that.
        share: How much of all there will be is known, from 0 to 1.
        level: One-sided level of the last look.

    >>> round(chance_of_answer(1.0, 1.0, 8, 0.6, 0.01), 3), round(chance_of_answer(2.5, 1.0, 8, 0.6, 0.01), 3)
    (0.016, 0.823)
    """
    if error <= 0 or share >= 1:
        return 1.0 if difference else 0.0
    at_the_end = abs(difference) / error / math.sqrt(share)
    needed = float(stdtrit(degrees / share, 1 - level))
    return float(ndtr((at_the_end - needed) / math.sqrt(1 - share)))


@cache
def _level(looks: tuple[int, ...], alpha: float) -> float:
    """Return what `level_of_looks` does, which takes a moment."""

    def passed(bound: float) -> float:
        grid = np.linspace(-bound, bound, _POINTS) * math.sqrt(looks[0])
        density = np.exp(-(grid**2) / (2 * looks[0])) / math.sqrt(2 * math.pi * looks[0])
        total = 2 * float(ndtr(-bound))
        for before, now in pairwise(looks):
            edge, spread = bound * math.sqrt(now), math.sqrt(now - before)
            weights = density * (grid[1] - grid[0])
            weights[[0, -1]] /= 2  # the trapezoidal rule
            total += float(weights @ (ndtr((-edge - grid) / spread) + ndtr((grid - edge) / spread)))
            following = np.linspace(-edge, edge, _POINTS)
            steps = (following[:, None] - grid) / spread
            density = np.exp(-(steps**2) / 2) @ weights / (spread * math.sqrt(2 * math.pi))
            grid = following
        return total

    return 2 * float(ndtr(-brentq(lambda bound: passed(bound) - alpha, 1.0, 6.0)))
