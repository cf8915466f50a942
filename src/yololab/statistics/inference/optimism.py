"""By how much the score of a checkpoint is too good because it was the best of many on the same images.

The curve of a training is a trend and chance about it. The trend is a local straight line (window of a third of the
curve), the size of chance what is left of the better half of the epochs, with the degrees of freedom that the lines
take: the worse half is the steep beginning, which no straight line follows, and decides no choice. Chance of that size
is put on the trend again and again, the checkpoint chosen by the same rule, and what chance has given the chosen one is
its optimism (a parametric bootstrap; Efron & Tibshirani 1993, ch. 17). All that is no trend counts as chance, also real
ups and downs between epochs; slow waves count as trend.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST_EPOCHS = 5
_SIMULATIONS = 2_000
_SEED = 0


@dataclass(frozen=True)
class Optimism:
    """What the choice of a checkpoint has given its score.

    Attributes:
        bias: Expected excess over what the checkpoint would reach on new images, 0 or more.
        error: Standard deviation of that excess.
    """

    bias: float
    error: float


def chance_of(curve: Sequence[float]) -> float:
    """Return the standard deviation of chance about the trend of a curve of five epochs or more, in its better half."""
    values, lines = np.asarray(curve, np.float64), _local_lines(len(curve))
    better = np.argsort(-(lines @ values), kind="stable")[: max(FEWEST_EPOCHS, -(-len(values) // 2))]
    left = (np.eye(len(values)) - lines)[better]
    return float(np.sqrt(np.square(left @ values).sum() / np.square(left).sum()))


def optimism(curve: Sequence[float], *, smoothed: bool = False, chance: float | None = None) -> Optimism | None:
    """Return the optimism of the best epoch of a curve; None for fewer than five epochs, which show no trend.

    Args:
        curve: The metric of each epoch, more is better.
        smoothed: Whether the epoch was chosen by its mean with its two neighbours.
        chance: Standard deviation of chance, where a longer curve on the same images knows it better.

    >>> optimism([0.5, 0.5, 0.5, 0.5, 0.5]).bias < 1e-9
    True
    """
    values = np.asarray(curve, np.float64)
    if len(values) < FEWEST_EPOCHS:
        return None
    size = chance_of(curve) if chance is None else chance
    drawn = np.random.default_rng(_SEED).normal(0.0, 1.0, (_SIMULATIONS, len(values))) * size
    judged = _local_lines(len(values)) @ values + drawn
    if smoothed:
        judged = judged @ _neighbours(len(values)).T
    best = judged.argmax(axis=1)
    given = drawn[np.arange(_SIMULATIONS), best]
    return Optimism(max(0.0, float(given.mean())), float(given.std()))


def _local_lines(epochs: int) -> NDArray[np.float64]:
    """Return the matrix that puts a straight line through the neighbourhood of each epoch, shape (E, E)."""
    half = max(2, epochs // 6)
    matrix, every = np.zeros((epochs, epochs)), np.arange(epochs)
    for epoch in every:
        near = every[max(0, epoch - half) : epoch + half + 1]
        design = np.stack([np.ones(len(near)), near - epoch], axis=1)
        matrix[epoch, near] = np.linalg.pinv(design)[0]
    return matrix


def _neighbours(epochs: int) -> NDArray[np.float64]:
    """Return the matrix of the mean of each epoch and its two neighbours, shape (E, E)."""
    near = np.abs(np.subtract.outer(np.arange(epochs), np.arange(epochs))) <= 1
    matrix: NDArray[np.float64] = near / near.sum(axis=1, keepdims=True)
    return matrix
