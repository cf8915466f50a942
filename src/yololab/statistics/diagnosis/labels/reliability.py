"""How likely a detection is right, and how likely a label is wrong where a right one meets it: of one evaluation.

A detection is right when an object of its class is there, labelled or not. Of a right detection, the label is as it
should be, or missing, of another class, or badly placed, each at an unknown rate; a wrong detection lies on nothing, on
another class, or beside its object, each at an unknown share. How likely a detection is right is a logistic function of
its confidence, with an offset for each class. Rates, shares and function are found together (expectation and
maximisation): precision that stays below 1 however confident the model is, is what the labels are blamed for. That is
the idea of confident learning (Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset
Labels", 2021) with a model in place of thresholds. A prior of few errors speaks where there is little evidence.

Where objects stand close, a detection without a label often touches the label of a neighbour. How often right ones do,
those with a label tell; how often wrong ones do, those without one: doubled detections are told from crowds by that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.diagnosis.labels.class_offsets import Line, Values, fit_probability, logistic
from yololab.statistics.diagnosis.labels.meetings import Meeting

_ROUNDS = 40
# A label is taken to be wrong at this rate in each way, with the weight of so many right detections.
RATE, WEIGHT, MOST_RATE = 0.01, 50.0, 0.1
_NOBODY = 1e-9
_KINDS = (Meeting.NOTHING, Meeting.OTHER_CLASS, Meeting.LOOSE)
_BESIDE = np.array([0.1, 0.3])  # overlaps with a neighbour's label that are told apart


@dataclass(frozen=True, eq=False)
class Reliability:
    """What is known of the detections.

    Attributes:
        right: How likely each is right by its confidence alone, shape (K,).
        wrong_label: How likely each is right given what it meets: where it has no label, that the labels are wrong.
    """

    right: Values
    wrong_label: Values


def reliability(
    x: Values, classes: NDArray[np.int64], kind: NDArray[np.int64], beside: Values, count: int
) -> Reliability:
    """Find out how reliable detections are.

    Args:
        x: Log odds of their confidence, shape (K,).
        classes: Their classes, shape (K,).
        kind: What they lie on, of `Meeting`, shape (K,).
        beside: Their highest overlap with another label of their class, shape (K,).
        count: Number of classes.
    """
    crowd = np.digitize(beside, _BESIDE)
    used = kind != Meeting.AGAIN
    line = Line(0.0, 1.0, np.zeros(count))
    rates = dict.fromkeys(_KINDS, RATE)
    shares = dict.fromkeys(_KINDS, 1 / len(_KINDS))
    here = {meeting: used & (kind == meeting) for meeting in (Meeting.FOUND, *_KINDS)}
    nothing, amount = here[Meeting.NOTHING], len(_BESIDE) + 1
    near = np.ones((2, amount)) / amount
    posterior = here[Meeting.FOUND].astype(np.float64)
    for _ in range(_ROUNDS):
        line = fit_probability(line, x[used], classes[used], posterior[used])
        of_right, of_wrong = np.zeros(len(x)), np.ones(len(x))
        of_right[here[Meeting.FOUND]], of_wrong[here[Meeting.FOUND]] = 1 - sum(rates.values()), _NOBODY
        for meeting in _KINDS:
            of_right[here[meeting]], of_wrong[here[meeting]] = rates[meeting], shares[meeting]
        of_right[nothing] *= near[0][crowd[nothing]]
        of_wrong[nothing] *= near[1][crowd[nothing]]
        right = logistic(line.at(x, classes))
        good, bad = right * of_right, (1 - right) * of_wrong
        posterior = good / (good + bad)
        many, few = posterior[used].sum(), (1 - posterior[used]).sum()
        for meeting in _KINDS:
            rate = (posterior[here[meeting]].sum() + RATE * WEIGHT) / (many + WEIGHT)
            rates[meeting] = min(float(rate), MOST_RATE)
            shares[meeting] = float(((1 - posterior[here[meeting]]).sum() + 1) / (few + len(_KINDS)))
        near = np.array(
            [
                np.bincount(crowd[here[Meeting.FOUND]], minlength=amount) + 1.0,
                np.bincount(crowd[nothing], 1 - posterior[nothing], amount) + 1.0,
            ]
        )
        near /= near.sum(axis=1, keepdims=True)
    return Reliability(right, np.where(used, posterior, 0.0))
