"""What stands out among the seeds of one recipe."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

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
