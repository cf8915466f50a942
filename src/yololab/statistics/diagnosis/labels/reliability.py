"""How likely what a model says is right, and how likely a label that says otherwise is wrong: of one evaluation.

The model says something of each row, and the label agrees or does not. How likely the model is right is a logistic
function of how sure it is, with an offset for each class. Where it is wrong the label disagrees; where it is right the
label agrees, but for a rate of wrong labels. Rate and function are found together (expectation and maximisation):
agreement that stays below 1 however sure the model is, is what the labels are blamed for. That is the idea of confident
learning (Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021) with a model
in place of thresholds. A prior of few errors speaks where there is little evidence.

Rows may lie in surroundings that say something too. Where objects stand close, a detection without a label often
touches the label of a neighbour. How often right ones do, those with a label tell; how often wrong ones do, those
without one: doubled detections are told from crowds by that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.diagnosis.labels.class_offsets import Line, Values, fit_probability, logistic

_ROUNDS = 40
# A label is taken to be wrong at this rate, with the weight of so many rows of which the model is right.
RATE, WEIGHT, MOST_RATE = 0.01, 50.0, 0.1
_FIRST_RATE = 0.05
_STEEP = 10.0  # weight of the expectation that a model means at least what its confidence says


@dataclass(frozen=True, eq=False)
class Reliability:
    """What is known of what a model says.

    Attributes:
        right: How likely it is right by how sure it is alone, shape (N,).
        wrong_label: How likely the label is wrong, 0 where it agrees, shape (N,).
    """

    right: Values
    wrong_label: Values


def reliability(
    x: Values,
    classes: NDArray[np.int64],
    agrees: NDArray[np.bool_],
    count: int,
    around: NDArray[np.int64] | None = None,
) -> Reliability:
    """Find out how reliable a model is, and how wrong the labels are.

    Args:
        x: How sure the model is, in log odds, shape (N,).
        classes: The class that it says, shape (N,).
        agrees: Whether the label says the same, shape (N,).
        count: Number of classes.
        around: Which of some surroundings each row lies in, shape (N,); None where they are all alike.
    """
    if not len(x):
        return Reliability(np.zeros(0), np.zeros(0))
    x = x - x.mean()
    around = np.zeros(len(x), np.int64) if around is None else around
    amount = int(around.max()) + 1
    line, rate, near = Line(0.0, 1.0, np.zeros(count)), _FIRST_RATE, np.full((2, amount), 1 / amount)
    # A model that is wrong at a constant rate cannot be told from labels that are. It begins with the labels' fault, as
    # confidence would mean nothing otherwise, and goes where the evidence leads.
    right = np.where(agrees, 1.0, x > 0)
    for _ in range(_ROUNDS):
        line = fit_probability(line, x, classes, right, _STEEP)
        by_sureness = logistic(line.at(x, classes))
        good, bad = by_sureness * rate * near[0][around], (1 - by_sureness) * near[1][around]
        right = np.where(agrees, 1.0, good / np.maximum(good + bad, 1e-300))
        rate = min(float((right[~agrees].sum() + RATE * WEIGHT) / (right.sum() + WEIGHT)), MOST_RATE)
        near = np.array([np.bincount(around, agrees, amount), np.bincount(around, 1 - right, amount)]) + 1.0
        near /= near.sum(axis=1, keepdims=True)
    return Reliability(by_sureness, np.where(agrees, 0.0, right))
