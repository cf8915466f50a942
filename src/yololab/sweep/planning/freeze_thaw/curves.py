"""Where a learning curve will end: a straight line over the logarithm of the epochs, its slope shared between trials.

The first epochs of a training say little about how fast it still rises, and what one trial gains later, the others of
its sweep gain alike. So the slope of a trial is drawn towards the middle one of all trials, the more so the fewer
epochs it has. Power laws with three parameters a trial, as in freeze-thaw Bayesian optimization (Swersky, Snoek & Adams
2014), did no better on recorded curves: see docs/decisions/freeze-thaw.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

# How many of its own steps the shared slope is worth.
_WEIGHT_OF_SHARED = 2.0


@dataclass(frozen=True)
class Curve:
    """What a trial has shown so far.

    Attributes:
        values: Epoch, from 1 → the objective there, larger is better; epochs that were not measured are missing.
        trained: Epochs that it has trained, or will have when it is paused next.
        running: Whether it is being trained.
        ended: Whether nothing comes after it.
        complete: Whether it has come to its end, and was measured.
    """

    values: Mapping[int, float]
    trained: int
    running: bool = False
    ended: bool = False
    complete: bool = False

    @property
    def best(self) -> float:
        """The best value so far; minus infinity without one."""
        return max(self.values.values(), default=-math.inf)


def predicted(curves: Sequence[Curve], epochs: int) -> list[float]:
    """Return the best value that each trial is expected to reach by its last epoch; never less than it has reached.

    Args:
        curves: The trials.
        epochs: The last epoch of a training.

    >>> slow, fast = Curve({1: 0.1, 2: 0.2, 4: 0.3}, 4), Curve({1: 0.25}, 1)
    >>> [round(value, 2) for value in predicted([slow, fast], 8)]
    [0.4, 0.55]
    """
    steps = [_steps(curve) for curve in curves]
    known = [step for of_curve in steps for step in of_curve]
    shared = max(0.0, median(known)) if known else 0.0
    found = []
    for curve, own in zip(curves, steps, strict=True):
        if not curve.values:
            found.append(-math.inf)
            continue
        slope = (sum(own) + _WEIGHT_OF_SHARED * shared) / (len(own) + _WEIGHT_OF_SHARED)
        left = 0.0 if curve.ended else math.log(epochs / max(curve.values))
        found.append(curve.best + max(0.0, slope) * max(0.0, left))
    return found


def _steps(curve: Curve) -> list[float]:
    """Return how much the best value so far rose from each measured epoch to the next, by the logarithm of epochs."""
    rises, best = [], -math.inf
    before: int | None = None
    for epoch, value in sorted(curve.values.items()):
        if before is not None:
            rises.append((max(best, value) - best) / math.log(epoch / before))
        best, before = max(best, value), epoch
    return rises
