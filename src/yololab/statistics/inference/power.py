"""How likely a drop is found, and how many images and seeds that takes.

A difference with the standard error e is normal around the truth. A drop d is *shown* when the 95 % interval excludes
0: that takes (z(0.975) + z(power))·e ≤ d. It is *ruled out*, where the models are equal, when the 90 % interval lies
above −d: (z(0.95) + z(power))·e ≤ d. e² falls as 1/n with the number of images, or of groups of them.
"""

import math

import scipy  # its `special` is imported when it is first used

SHOWN, RULED_OUT = 0.975, 0.95
_MOST_SEEDS = 1_000


def power(drop: float, error: float, level: float = SHOWN) -> float:
    """Return how likely a drop is found.

    Args:
        drop: The drop.
        error: Standard error of the difference.
        level: `SHOWN` or `RULED_OUT`.

    >>> round(power(0.028, 0.01), 2)
    0.8
    """
    return float(scipy.special.ndtr(drop / error - scipy.special.ndtri(level))) if error > 0 else 1.0


def units_needed(units: int, error: float, drop: float, wanted: float, level: float = SHOWN) -> int:
    """Return how many images, or groups of them, find a drop.

    Args:
        units: How many there are now.
        error: Standard error of the difference with these.
        drop: The drop, above 0.
        wanted: The power.
        level: `SHOWN` or `RULED_OUT`.

    >>> units_needed(100, 0.01, 0.01, 0.8)
    785
    """
    width = float(scipy.special.ndtri(level) + scipy.special.ndtri(wanted)) * error
    return max(2, math.ceil(units * (width / drop) ** 2))


def drop_found(error: float, wanted: float) -> float:
    """Return the smallest drop that is shown with a power."""
    return float((scipy.special.ndtri(SHOWN) + scipy.special.ndtri(wanted)) * error)


def seeds_needed(image_variance: float, seed_variance: float, drop: float, wanted: float, fewest: int) -> int | None:
    """Return how many seeds an arm show a drop between two recipes on the images there are; None where none suffice.

    Args:
        image_variance: Variance of the difference that comes from the images, which seeds do not take away.
        seed_variance: Variance of a run of one recipe between its seeds, without what comes from the images.
        drop: The drop, above 0.
        wanted: The power.
        fewest: The fewest seeds of an arm that make a claim.
    """
    for seeds in range(fewest, _MOST_SEEDS + 1):
        error = math.sqrt(image_variance + 2 * seed_variance / seeds)
        degrees = 2 * (seeds - 1)
        if (scipy.special.stdtrit(degrees, SHOWN) + scipy.special.stdtrit(degrees, wanted)) * error <= drop:
            return seeds
    return None
