"""How likely a label is badly placed: by how much less it overlaps its detection than labels of its class do.

The log odds of the IoU of a label and its detection scatter around a line over the confidence, with heavy tails (t of 5
degrees of freedom) and an offset for each class; what a badly placed label overlaps is taken as uniform. Rate, line and
scatter are found together. A model that places boxes badly itself has a wide scatter, and nothing is suspected of it:
the null is that of the evaluation at hand (Efron, "Large-Scale Simultaneous Hypothesis Testing", 2004).
"""

import math

import numpy as np
from numpy.typing import NDArray

from yololab.statistics.diagnosis.labels.class_offsets import Line, Values, fit_mean, logit
from yololab.statistics.diagnosis.labels.reliability import MOST_RATE, RATE, WEIGHT

LEAST, MOST = 0.1, 0.75  # IoU: less is another object, more is no mistake
_FREEDOM = 5.0
_ROUNDS = 30
_FEWEST = 12


def misplaced(overlap: Values, x: Values, classes: NDArray[np.int64]) -> Values:
    """Return how likely each of some labels is badly placed, given that its detection is right.

    Args:
        overlap: IoU of the label and its detection, shape (P,).
        x: Log odds of the detection's confidence, shape (P,).
        classes: Its class, shape (P,).
    """
    if len(overlap) < _FEWEST:
        return np.zeros(len(overlap))
    v = logit(overlap, 0.02)
    line, scale = Line(float(np.median(v)), 0.0, np.zeros(int(classes.max()) + 1)), 1.0
    rate, bad = RATE, np.zeros(len(v))
    for _ in range(_ROUNDS):
        distance = (v - line.at(x, classes)) / scale
        good_density = _t_density(distance) / scale
        # a density over the IoU, as one over its log odds
        bad_density = overlap * (1 - overlap) * ((overlap >= LEAST) & (overlap <= MOST)) / (MOST - LEAST)
        bad = rate * bad_density / (rate * bad_density + (1 - rate) * good_density)
        rate = min((bad.sum() + RATE * WEIGHT) / (len(v) + WEIGHT), MOST_RATE)
        weights = (1 - bad) * (_FREEDOM + 1) / (_FREEDOM + distance**2)
        line = fit_mean(line, x, classes, v, weights)
        residuals = v - line.at(x, classes)
        scale = math.sqrt(float((weights * residuals**2).sum() / max((1 - bad).sum(), 1.0))) or 1e-3
    worse = v < line.at(x, classes)
    return np.where(worse, bad, 0.0)


def _t_density(distance: Values) -> Values:
    """Return the density of Student's t."""
    factor = math.gamma((_FREEDOM + 1) / 2) / (math.sqrt(_FREEDOM * math.pi) * math.gamma(_FREEDOM / 2))
    return np.asarray(factor * (1 + distance**2 / _FREEDOM) ** (-(_FREEDOM + 1) / 2))
