"""A line with an offset for each class, drawn towards no offset where a class has few rows: what both models fit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
_PRIOR = 2.0  # rows that hold an offset at 0
_STEPS = 4


@dataclass(frozen=True, eq=False)
class Line:
    """A line over one value, the same slope in all classes.

    Attributes:
        start: Its height at 0.
        slope: Its slope.
        offsets: What each class has more, shape (C,).
    """

    start: float
    slope: float
    offsets: Values

    def at(self, x: Values, classes: NDArray[np.int64]) -> Values:
        """Return its height for each row."""
        return np.asarray(self.start + self.slope * x + self.offsets[classes])


def logistic(values: Values) -> Values:
    """Return 1 / (1 + exp(−x))."""
    return np.asarray(0.5 * (1 + np.tanh(values / 2)))


def logit(shares: NDArray[np.floating], margin: float = 1e-3) -> Values:
    """Return ln(p / (1 − p)), of shares that are kept a margin away from 0 and 1."""
    inside = np.clip(shares.astype(np.float64), margin, 1 - margin)
    return np.asarray(np.log(inside / (1 - inside)))


def fit_probability(line: Line, x: Values, classes: NDArray[np.int64], targets: Values, steep: float = 0.0) -> Line:
    """Take some steps of Newton's method towards the logistic regression of targets between 0 and 1.

    Args:
        line: Where it starts.
        x: The value of each row, shape (N,).
        classes: Its class, shape (N,).
        targets: How likely it is a success, shape (N,).
        steep: Weight of the expectation that the slope is 1 or more, as the precision of a normal prior.
    """
    for _ in range(_STEPS):
        expected = logistic(line.at(x, classes))
        weights = np.maximum(expected * (1 - expected), 1e-4)
        line = _step(line, x, classes, targets - expected, weights, _PRIOR / 4, steep)
    return line


def fit_mean(line: Line, x: Values, classes: NDArray[np.int64], targets: Values, weights: Values) -> Line:
    """Return the weighted least squares of targets, by alternating between the line and the offsets."""
    for _ in range(_STEPS):
        residuals = targets - line.at(x, classes)
        line = _step(line, x, classes, weights * residuals, weights, _PRIOR)
    return line


def _step(
    line: Line,
    x: Values,
    classes: NDArray[np.int64],
    gradient: Values,
    weights: Values,
    prior: float,
    steep: float = 0.0,
) -> Line:
    """Take one step of the line, then one of the offsets with what is left of the gradient."""
    steep = steep if line.slope < 1 else 0.0
    moments = [weights.sum() + prior, (weights * x).sum(), (weights * x * x).sum() + prior + steep]
    matrix = np.array([[moments[0], moments[1]], [moments[1], moments[2]]])
    start, slope = np.linalg.solve(matrix, [gradient.sum(), (gradient * x).sum() + steep * (1 - line.slope)])
    slope = max(line.slope + slope, 0.0) - line.slope  # more confidence never means less
    left = gradient - weights * (start + slope * x)
    size = len(line.offsets)
    sums = np.bincount(classes, left, size) - prior * line.offsets
    offsets = line.offsets + sums / (np.bincount(classes, weights, size) + prior)
    return Line(line.start + start, line.slope + slope, offsets)
